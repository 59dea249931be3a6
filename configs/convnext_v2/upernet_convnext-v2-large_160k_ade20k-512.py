"""UperNet, ConvNeXt-V2-L, 160k iterations.

Published 53.7 mIoU, multi-scale (--tta).

Our choice, within the published sweep: rate, drop path and layer decay of ConvNeXt's
UperNet.

bash tools/dist_train.sh \
    configs/convnext_v2/upernet_convnext-v2-large_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext-v2.py',
    '../_base_/data/ade20k_512_v2.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://convnextv2_large_1k_224_ema'
model = dict(
    backbone=dict(arch='large', init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[192, 384, 768, 1536]),
    auxiliary_head=dict(in_channels=768),
)
