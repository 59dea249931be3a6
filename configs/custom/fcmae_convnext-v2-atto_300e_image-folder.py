"""Masked pre-training on images of your own, without labels.

python tools/train.py configs/custom/fcmae_convnext-v2-atto_300e_image-folder.py \
    --cfg-options data_root=data/my_images image_size=224
"""

_base_ = [
    '../_base_/models/fcmae_small.py',
    '../_base_/data/image_folder.py',
    '../_base_/schedules/fcmae_short.py',
    '../_base_/runtime_pretraining.py',
]
data_root = 'data/my_images'
image_size = 224
