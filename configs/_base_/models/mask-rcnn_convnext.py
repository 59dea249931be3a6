"""Mask R-CNN with an FPN on the four stages of a ConvNeXt."""

_base_ = ['mmdet::_base_/models/mask-rcnn_r50_fpn.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='convnext_dense.ConvNeXt',
        arch='tiny',
        layer_scale_init_value=1.0,
        drop_path_rate=0.4,
        init_cfg=dict(type='Pretrained'),
    ),
    neck=dict(in_channels=[96, 192, 384, 768]),
    roi_head=dict(mask_head=dict(type='convnext_dense.FCNMaskHead')),
)
