"""The UperNet of ConvNeXt on a Conv2Former."""

_base_ = ['upernet_convnext.py']
model = dict(
    backbone=dict(
        _delete_=True,
        type='convnext_dense.Conv2Former',
        arch='t',
        drop_path_rate=0.4,
        init_cfg=dict(type='Pretrained'),
    ),
    decode_head=dict(in_channels=[72, 144, 288, 576]),
    auxiliary_head=dict(in_channels=288),
)
# The stem has batch norms, for which two images a GPU are few. Our choice.
sync_bn = 'torch'
