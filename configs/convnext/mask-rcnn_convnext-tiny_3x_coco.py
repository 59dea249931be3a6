"""Mask R-CNN, ConvNeXt-T, 36 epochs.

Published 46.2 box AP, 41.7 mask AP.

bash tools/dist_train.sh configs/convnext/mask-rcnn_convnext-tiny_3x_coco.py 8
"""

_base_ = [
    '../_base_/models/mask-rcnn_convnext.py',
    '../_base_/data/coco_detr.py',
    '../_base_/schedules/adamw_3x.py',
]
weights = 'convnext_dense://convnext_tiny_1k_224'
model = dict(backbone=dict(init_cfg=dict(checkpoint=weights)))
