"""Cascade Mask R-CNN, ConvNeXt-T, 36 epochs.

Published 50.4 box AP, 43.7 mask AP.

bash tools/dist_train.sh configs/convnext/cascade-mask-rcnn_convnext-tiny_3x_coco.py 8
"""

_base_ = [
    '../_base_/models/cascade-mask-rcnn_convnext.py',
    '../_base_/data/coco_detr.py',
    '../_base_/schedules/adamw_3x.py',
]
weights = 'convnext_dense://convnext_tiny_1k_224'
model = dict(backbone=dict(init_cfg=dict(checkpoint=weights)))
optim_wrapper = dict(paramwise_cfg=dict(decay_rate=0.7), optimizer=dict(lr=2e-4))
