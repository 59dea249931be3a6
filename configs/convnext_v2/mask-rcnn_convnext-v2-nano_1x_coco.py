"""Mask R-CNN, ConvNeXt-V2-Nano of FCMAE, 12 epochs.

No result is published.

Our choice: the recipe of the base model, with a drop path of 0.1, since so small a
model hardly overfits.

bash tools/dist_train.sh configs/convnext_v2/mask-rcnn_convnext-v2-nano_1x_coco.py 8
"""

_base_ = [
    '../_base_/models/mask-rcnn_convnext-v2.py',
    '../_base_/data/coco_lsj.py',
    '../_base_/schedules/adamw_1x_v2.py',
]
weights = 'convnext_dense://convnextv2_nano_1k_224_fcmae'
model = dict(
    backbone=dict(arch='nano', drop_path_rate=0.1, init_cfg=dict(checkpoint=weights)),
    neck=dict(in_channels=[80, 160, 320, 640]),
)
