"""UperNet, ConvNeXt-V2-H, 160k iterations.

Published 55.0 mIoU, multi-scale (--tta).

Our choice, within the published sweep: rate, drop path and layer decay of ConvNeXt's
UperNet.

bash tools/dist_train.sh \
    configs/convnext_v2/upernet_convnext-v2-huge_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext-v2.py',
    '../_base_/data/ade20k_512_v2.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://convnextv2_huge_1k_224_ema'
model = dict(
    backbone=dict(arch='huge', init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[352, 704, 1408, 2816]),
    auxiliary_head=dict(in_channels=1408),
)
