"""FCMAE, ConvNeXt-V2-base, 800 epochs on ImageNet-1k.

bash tools/dist_train.sh configs/fcmae/fcmae_convnext-v2-base_800e_in1k.py 8
"""

_base_ = [
    '../_base_/models/fcmae.py',
    '../_base_/data/imagenet_224.py',
    '../_base_/schedules/fcmae_800e.py',
    '../_base_/runtime_pretraining.py',
]
model = dict(encoder=dict(arch='base'))
