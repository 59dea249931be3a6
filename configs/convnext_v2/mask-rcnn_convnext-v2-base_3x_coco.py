"""Mask R-CNN, ConvNeXt-V2-B of FCMAE, 36 epochs.

Published 52.9 box AP, 46.6 mask AP; without mixed precision.

Our choice: drop path, layer decay, warm-up and mixed precision, which are not
published, are those of the re-run of this model in the mmdetection repository (52.9 /
46.4).

bash tools/dist_train.sh configs/convnext_v2/mask-rcnn_convnext-v2-base_3x_coco.py 8
"""

_base_ = [
    '../_base_/models/mask-rcnn_convnext-v2.py',
    '../_base_/data/coco_lsj.py',
    '../_base_/schedules/adamw_3x_v2.py',
]
weights = 'convnext_dense://convnextv2_base_1k_224_fcmae'
model = dict(backbone=dict(init_cfg=dict(checkpoint=weights)))
