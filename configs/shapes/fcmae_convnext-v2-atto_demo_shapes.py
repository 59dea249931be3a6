"""Masked pre-training on the generated shapes: a minute on two cores.

python tools/train.py configs/shapes/fcmae_convnext-v2-atto_demo_shapes.py
"""

_base_ = [
    '../_base_/models/fcmae_small.py',
    '../_base_/data/image_folder.py',
    '../_base_/schedules/fcmae_short.py',
    '../_base_/runtime_pretraining.py',
]
data_root = 'data/shapes'
images = 'images/train'
image_size = 128
max_epochs = 4
