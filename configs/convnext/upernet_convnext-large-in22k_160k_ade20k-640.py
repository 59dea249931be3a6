"""UperNet, ConvNeXt-L of ImageNet-22k, 160k iterations.

Published 53.2 mIoU, 53.7 multi-scale (--tta); without mixed precision.

bash tools/dist_train.sh \
    configs/convnext/upernet_convnext-large-in22k_160k_ade20k-640.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext_640.py',
    '../_base_/data/ade20k_640.py',
    '../_base_/schedules/adamw_160k_fp32.py',
]
weights = 'convnext_dense://convnext_large_22k_224'
model = dict(
    backbone=dict(arch='large', init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[192, 384, 768, 1536]),
    auxiliary_head=dict(in_channels=768),
)
