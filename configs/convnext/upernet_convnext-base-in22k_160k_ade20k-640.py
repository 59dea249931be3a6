"""UperNet, ConvNeXt-B of ImageNet-22k, 160k iterations.

Published 52.6 mIoU, 53.1 multi-scale (--tta).

bash tools/dist_train.sh \
    configs/convnext/upernet_convnext-base-in22k_160k_ade20k-640.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext_640.py',
    '../_base_/data/ade20k_640.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://convnext_base_22k_224'
model = dict(
    backbone=dict(arch='base', init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[128, 256, 512, 1024]),
    auxiliary_head=dict(in_channels=512),
)
