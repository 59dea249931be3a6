"""The UperNet of ConvNeXt on a ConvNeXt V2."""

_base_ = ['upernet_convnext.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='convnext_dense.ConvNeXtV2',
        arch='base',
        drop_path_rate=0.4,
        init_cfg=dict(type='Pretrained'),
    ),
    decode_head=dict(in_channels=[128, 256, 512, 1024]),
    auxiliary_head=dict(in_channels=512),
)
