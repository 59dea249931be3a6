"""Cascade Mask R-CNN, Conv2Former-B, 36 epochs.

The published result is not known here.

Our choice: rate, layer decay and mixed precision of ConvNeXt-B's Cascade; the drop path
is published.

bash tools/dist_train.sh \
    configs/conv2former/cascade-mask-rcnn_conv2former-b_3x_coco.py 8
"""

_base_ = [
    '../_base_/models/cascade-mask-rcnn_conv2former.py',
    '../_base_/data/coco_detr.py',
    '../_base_/schedules/adamw_3x.py',
]
weights = 'convnext_dense://conv2former_b_1k_224'
model = dict(
    backbone=dict(arch='b', drop_path_rate=0.9, init_cfg=dict(checkpoint=weights)),
    neck=dict(in_channels=[96, 192, 384, 768]),
)
optim_wrapper = dict(paramwise_cfg=dict(decay_rate=0.8), optimizer=dict(lr=2e-4))
