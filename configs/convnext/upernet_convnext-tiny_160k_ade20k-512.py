"""UperNet, ConvNeXt-T, 160k iterations.

Published 46.0 mIoU, 46.7 multi-scale (--tta).

bash tools/dist_train.sh configs/convnext/upernet_convnext-tiny_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext.py',
    '../_base_/data/ade20k_512.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://convnext_tiny_1k_224'
model = dict(backbone=dict(init_cfg=dict(checkpoint=weights)))
