"""Mask R-CNN, ConvNeXt-V2-Atto of FCMAE, 12 epochs.

No result is published.

Our choice: the recipe of the base model, with no drop path, since so small a model
underfits before it overfits.

bash tools/dist_train.sh configs/convnext_v2/mask-rcnn_convnext-v2-atto_1x_coco.py 8
"""

_base_ = [
    '../_base_/models/mask-rcnn_convnext-v2.py',
    '../_base_/data/coco_lsj.py',
    '../_base_/schedules/adamw_1x_v2.py',
]
weights = 'convnext_dense://convnextv2_atto_1k_224_fcmae'
model = dict(
    backbone=dict(arch='atto', drop_path_rate=0.0, init_cfg=dict(checkpoint=weights)),
    neck=dict(in_channels=[40, 80, 160, 320]),
)
