"""UperNet, ConvNeXt-V2-Atto, 160k iterations.

No result is published.

Our choice: the recipe of the base model, with the least drop path of the published
sweep, since so small a model hardly overfits.

bash tools/dist_train.sh \
    configs/convnext_v2/upernet_convnext-v2-atto_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext-v2.py',
    '../_base_/data/ade20k_512_v2.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://convnextv2_atto_1k_224_ema'
model = dict(
    backbone=dict(arch='atto', drop_path_rate=0.1, init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[40, 80, 160, 320]),
    auxiliary_head=dict(in_channels=160),
)
