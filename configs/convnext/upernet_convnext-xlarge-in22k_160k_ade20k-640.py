"""UperNet, ConvNeXt-XL of ImageNet-22k, 160k iterations.

Published 53.6 mIoU, 54.0 multi-scale (--tta); without mixed precision.

bash tools/dist_train.sh \
    configs/convnext/upernet_convnext-xlarge-in22k_160k_ade20k-640.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext_640.py',
    '../_base_/data/ade20k_640.py',
    '../_base_/schedules/adamw_160k_fp32.py',
]
weights = 'convnext_dense://convnext_xlarge_22k_224'
model = dict(
    backbone=dict(arch='xlarge', init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[256, 512, 1024, 2048]),
    auxiliary_head=dict(in_channels=1024),
)
optim_wrapper = dict(optimizer=dict(lr=8e-5))
