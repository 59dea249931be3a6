"""Cascade Mask R-CNN, ConvNeXt-L of ImageNet-22k, 36 epochs.

Published 54.8 box AP, 47.6 mask AP, without mixed precision.

bash tools/dist_train.sh \
    configs/convnext/cascade-mask-rcnn_convnext-large-in22k_3x_coco.py 8
"""

_base_ = [
    '../_base_/models/cascade-mask-rcnn_convnext.py',
    '../_base_/data/coco_detr.py',
    '../_base_/schedules/adamw_3x_fp32.py',
]
weights = 'convnext_dense://convnext_large_22k_224'
model = dict(
    backbone=dict(arch='large', drop_path_rate=0.7, init_cfg=dict(checkpoint=weights)),
    neck=dict(in_channels=[192, 384, 768, 1536]),
)
optim_wrapper = dict(paramwise_cfg=dict(decay_rate=0.7))
