"""UperNet, ConvNeXt-S, 160k iterations.

Published 48.7 mIoU, 49.6 multi-scale (--tta).

bash tools/dist_train.sh configs/convnext/upernet_convnext-small_160k_ade20k-512.py 8
"""

_base_ = [
    '../_base_/models/upernet_convnext.py',
    '../_base_/data/ade20k_512.py',
    '../_base_/schedules/adamw_160k.py',
]
weights = 'convnext_dense://convnext_small_1k_224'
model = dict(
    backbone=dict(arch='small', drop_path_rate=0.3, init_cfg=dict(checkpoint=weights))
)
