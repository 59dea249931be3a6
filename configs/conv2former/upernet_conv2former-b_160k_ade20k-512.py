"""UperNet, Conv2Former-B, 160k iterations.

Published 51.0 mIoU.

Our choice: rate, layer decay, drop path and mixed precision of ConvNeXt-B's UperNet.

bash tools/dist_train.sh configs/conv2former/upernet_conv2former-b_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_conv2former.py',
    '../_base_/data/ade20k_512.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://conv2former_b_1k_224'
model = dict(
    backbone=dict(arch='b', init_cfg=dict(checkpoint=weights)),
    decode_head=dict(in_channels=[96, 192, 384, 768]),
    auxiliary_head=dict(in_channels=384),
)
