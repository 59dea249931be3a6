"""The Cascade Mask R-CNN of ConvNeXt on a ConvNeXt V2, tested with soft-NMS."""

_base_ = ['cascade-mask-rcnn_convnext.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='convnext_dense.ConvNeXtV2',
        arch='base',
        drop_path_rate=0.4,
        init_cfg=dict(type='Pretrained'),
    ),
    neck=dict(in_channels=[128, 256, 512, 1024]),
    test_cfg=dict(rcnn=dict(nms=dict(type='soft_nms'))),
)
