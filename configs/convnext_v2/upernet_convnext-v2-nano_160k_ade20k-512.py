"""UperNet, ConvNeXt-V2-Nano, 160k iterations.

No result is published.

Our choice: the recipe of the base model, with the least drop path of the published
sweep, since so small a model hardly overfits.

bash tools/dist_train.sh \
    configs/convnext_v2/upernet_convnext-v2-nano_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext-v2.py',
    '../_base_/data/ade20k_512_v2.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://convnextv2_nano_1k_224_ema'
model = dict(
    backbone=dict(arch='nano', drop_path_rate=0.1, init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[80, 160, 320, 640]),
    auxiliary_head=dict(in_channels=320),
)
