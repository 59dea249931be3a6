"""Mask R-CNN on a Conv2Former."""

_base_ = ['mmdet::_base_/models/mask-rcnn_r50_fpn.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='convnext_dense.Conv2Former',
        arch='t',
        drop_path_rate=0.2,
        init_cfg=dict(type='Pretrained'),
    ),
    neck=dict(in_channels=[72, 144, 288, 576]),
    roi_head=dict(mask_head=dict(type='convnext_dense.FCNMaskHead')),
)
# The stem has batch norms, for which two images a GPU are few. Our choice.
sync_bn = 'torch'
