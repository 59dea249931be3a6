"""Faster R-CNN with a ConvNeXt-V2-atto and narrow heads, for small images.

Anchors start at 16 pixels, half of what COCO's photographs need.
"""

_base_ = ['mmdet::_base_/models/faster-rcnn_r50_fpn.py']
width = 64
model = dict(
    backbone=dict(_delete_=True, type='convnext_dense.ConvNeXtV2', arch='atto'),
    neck=dict(in_channels=[40, 80, 160, 320], out_channels=width),
    rpn_head=dict(
        in_channels=width,
        feat_channels=width,
        anchor_generator=dict(scales=[4]),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=width),
        bbox_head=dict(
            in_channels=width, fc_out_channels=256, num_classes='${num_classes}'
        ),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=1000, max_per_img=300),
        rcnn=dict(sampler=dict(num=128)),
    ),
    test_cfg=dict(rpn=dict(nms_pre=1000, max_per_img=300)),
)
