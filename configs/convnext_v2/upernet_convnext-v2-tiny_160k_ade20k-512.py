"""UperNet, ConvNeXt-V2-T, 160k iterations.

No result is published.

Our choice: the recipe of the base model.

bash tools/dist_train.sh \
    configs/convnext_v2/upernet_convnext-v2-tiny_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext-v2.py',
    '../_base_/data/ade20k_512_v2.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://convnextv2_tiny_1k_224_ema'
model = dict(
    backbone=dict(arch='tiny', init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[96, 192, 384, 768]),
    auxiliary_head=dict(in_channels=384),
)
