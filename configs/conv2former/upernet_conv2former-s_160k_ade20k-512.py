"""UperNet, Conv2Former-S, 160k iterations.

The published result is not known here.

Our choice: rate, layer decay, drop path and mixed precision of ConvNeXt-S's UperNet.

bash tools/dist_train.sh configs/conv2former/upernet_conv2former-s_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_conv2former.py',
    '../_base_/data/ade20k_512.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://conv2former_s_1k_224'
model = dict(
    backbone=dict(arch='s', drop_path_rate=0.3, init_cfg=dict(checkpoint=weights))
)
