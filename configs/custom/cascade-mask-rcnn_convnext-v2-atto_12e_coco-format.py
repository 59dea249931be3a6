"""Cascade Mask R-CNN on data of your own in COCO format.

python tools/train.py \
    configs/custom/cascade-mask-rcnn_convnext-v2-atto_12e_coco-format.py \
    --cfg-options data_root=data/my_data image_size=512
"""

_base_ = [
    '../_base_/models/cascade-mask-rcnn_small.py',
    '../_base_/data/coco_format.py',
    '../_base_/schedules/scratch_epochs.py',
]
data_root = 'data/my_data'
image_size = 512
