"""Mask R-CNN on the generated shapes: what `make demo` runs.

python tools/train.py configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py
"""

_base_ = [
    '../_base_/models/mask-rcnn_small.py',
    '../_base_/data/coco_format.py',
    '../_base_/schedules/scratch_epochs.py',
]
data_root = 'data/shapes'
image_size = 128
max_epochs = 5
model = dict(train_cfg=dict(rcnn=dict(sampler=dict(num=64))))
