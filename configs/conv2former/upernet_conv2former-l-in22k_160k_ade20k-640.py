"""UperNet, Conv2Former-L of ImageNet-22k, 160k iterations.

Published 54.3 mIoU.

Our choice: rate, layer decay, drop path and full precision of ConvNeXt-L's UperNet.

bash tools/dist_train.sh \
    configs/conv2former/upernet_conv2former-l-in22k_160k_ade20k-640.py 8
"""

_base_ = [
    '../_base_/models/upernet_conv2former_640.py',
    '../_base_/data/ade20k_640.py',
    '../_base_/schedules/adamw_160k_fp32.py',
]
weights = 'convnext_dense://conv2former_l_22k_1k_224'
model = dict(
    backbone=dict(arch='l', init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[128, 256, 512, 1024]),
    auxiliary_head=dict(in_channels=512),
)
