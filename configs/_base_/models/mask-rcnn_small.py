"""Mask R-CNN with a ConvNeXt-V2-atto and narrow heads: small images, no weights.

What differs from COCO's model, and why: anchors and pyramid levels are for objects of
8 to 128 pixels; group norm in the neck and the mask head, and weights that keep the
variance of their input, let it learn from random weights within minutes.
"""

_base_ = ['mmdet::_base_/models/mask-rcnn_r50_fpn.py', '../keep_variance.py']
width = 64
group_norm = dict(type='GN', num_groups=8)
model = dict(
    backbone=dict(
        _delete_=True,
        type='convnext_dense.ConvNeXtV2',
        arch='atto',
        init_cfg=_base_.keep_variance,
    ),
    neck=dict(in_channels=[40, 80, 160, 320], out_channels=width, norm_cfg=group_norm),
    rpn_head=dict(
        in_channels=width,
        feat_channels=width,
        anchor_generator=dict(scales=[4]),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=width, finest_scale=28),
        bbox_head=dict(
            in_channels=width, fc_out_channels=256, num_classes='${num_classes}'
        ),
        mask_roi_extractor=dict(out_channels=width, finest_scale=28),
        mask_head=dict(
            type='convnext_dense.FCNMaskHead',
            in_channels=width,
            conv_out_channels=width,
            num_convs=2,
            norm_cfg=group_norm,
            num_classes='${num_classes}',
        ),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=500, max_per_img=200),
        rcnn=dict(sampler=dict(num=256)),
    ),
    test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=200)),
)
