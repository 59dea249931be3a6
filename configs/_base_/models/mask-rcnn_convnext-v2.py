"""Mask R-CNN on a ConvNeXt V2, tested with soft-NMS.

Drop path is that of the host's re-run of the base model.
"""

_base_ = ['mmdet::_base_/models/mask-rcnn_r50_fpn.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='convnext_dense.ConvNeXtV2',
        arch='base',
        drop_path_rate=0.4,
        init_cfg=dict(type='Pretrained'),
    ),
    neck=dict(in_channels=[128, 256, 512, 1024]),
    roi_head=dict(mask_head=dict(type='convnext_dense.FCNMaskHead')),
    test_cfg=dict(rcnn=dict(nms=dict(type='soft_nms'))),
)
