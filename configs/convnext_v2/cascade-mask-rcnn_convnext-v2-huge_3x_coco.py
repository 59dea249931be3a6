"""Cascade Mask R-CNN, ConvNeXt-V2-H of FCMAE, 36 epochs.

No result is published.

Our choice: the recipe of this backbone's Mask R-CNN with the heads of ConvNeXt's
Cascade.

bash tools/dist_train.sh \
    configs/convnext_v2/cascade-mask-rcnn_convnext-v2-huge_3x_coco.py 8
"""

_base_ = [
    '../_base_/models/cascade-mask-rcnn_convnext-v2.py',
    '../_base_/data/coco_lsj.py',
    '../_base_/schedules/adamw_3x_v2.py',
]
weights = 'convnext_dense://convnextv2_huge_1k_224_fcmae'
model = dict(
    backbone=dict(arch='huge', drop_path_rate=0.5, init_cfg=dict(checkpoint=weights)),
    neck=dict(in_channels=[352, 704, 1408, 2816]),
)
