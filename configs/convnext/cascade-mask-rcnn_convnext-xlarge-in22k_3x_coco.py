"""Cascade Mask R-CNN, ConvNeXt-XL of ImageNet-22k, 36 epochs.

Published 55.2 box AP, 47.7 mask AP, without mixed precision.

bash tools/dist_train.sh \
    configs/convnext/cascade-mask-rcnn_convnext-xlarge-in22k_3x_coco.py 8
"""

_base_ = [
    '../_base_/models/cascade-mask-rcnn_convnext.py',
    '../_base_/data/coco_detr.py',
    '../_base_/schedules/adamw_3x_fp32.py',
]
weights = 'convnext_dense://convnext_xlarge_22k_224'
model = dict(
    backbone=dict(arch='xlarge', drop_path_rate=0.8, init_cfg=dict(checkpoint=weights)),
    neck=dict(in_channels=[256, 512, 1024, 2048]),
)
optim_wrapper = dict(paramwise_cfg=dict(decay_rate=0.7))
