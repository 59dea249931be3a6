"""UperNet, ConvNeXt-B, 160k iterations.

Published 49.1 mIoU, 49.9 multi-scale (--tta).

bash tools/dist_train.sh configs/convnext/upernet_convnext-base_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext.py',
    '../_base_/data/ade20k_512.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://convnext_base_1k_224'
model = dict(
    backbone=dict(arch='base', init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[128, 256, 512, 1024]),
    auxiliary_head=dict(in_channels=512),
)
