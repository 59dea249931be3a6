"""Cascade Mask R-CNN, ConvNeXt-B of ImageNet-22k, 36 epochs.

Published 54.0 box AP, 46.9 mask AP.

bash tools/dist_train.sh \
    configs/convnext/cascade-mask-rcnn_convnext-base-in22k_3x_coco.py 8
"""

_base_ = [
    '../_base_/models/cascade-mask-rcnn_convnext.py',
    '../_base_/data/coco_detr.py',
    '../_base_/schedules/adamw_3x.py',
]
weights = 'convnext_dense://convnext_base_22k_224'
model = dict(
    backbone=dict(arch='base', drop_path_rate=0.6, init_cfg=dict(checkpoint=weights)),
    neck=dict(in_channels=[128, 256, 512, 1024]),
)
optim_wrapper = dict(paramwise_cfg=dict(decay_rate=0.8))
