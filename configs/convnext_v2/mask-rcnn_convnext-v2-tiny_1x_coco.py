"""Mask R-CNN, ConvNeXt-V2-T of FCMAE, 12 epochs.

No result is published.

Our choice: the recipe of the base model, with a drop path of 0.2, half of that of 36
epochs.

bash tools/dist_train.sh configs/convnext_v2/mask-rcnn_convnext-v2-tiny_1x_coco.py 8
"""

_base_ = [
    '../_base_/models/mask-rcnn_convnext-v2.py',
    '../_base_/data/coco_lsj.py',
    '../_base_/schedules/adamw_1x_v2.py',
]
weights = 'convnext_dense://convnextv2_tiny_1k_224_fcmae'
model = dict(
    backbone=dict(arch='tiny', drop_path_rate=0.2, init_cfg=dict(checkpoint=weights)),
    neck=dict(in_channels=[96, 192, 384, 768]),
)
