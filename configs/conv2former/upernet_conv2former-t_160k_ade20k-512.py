"""UperNet, Conv2Former-T, 160k iterations.

Published 48.0 mIoU.

Our choice: rate, layer decay, drop path and mixed precision of ConvNeXt-T's UperNet.

bash tools/dist_train.sh configs/conv2former/upernet_conv2former-t_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_conv2former.py',
    '../_base_/data/ade20k_512.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://conv2former_t_1k_224'
model = dict(backbone=dict(init_cfg=dict(checkpoint=weights)))
