"""Cascade Mask R-CNN, Conv2Former-T, 36 epochs.

The published result is not known here.

Our choice: rate, layer decay and mixed precision of ConvNeXt-T's Cascade; the drop path
is published.

bash tools/dist_train.sh \
    configs/conv2former/cascade-mask-rcnn_conv2former-t_3x_coco.py 8
"""

_base_ = [
    '../_base_/models/cascade-mask-rcnn_conv2former.py',
    '../_base_/data/coco_detr.py',
    '../_base_/schedules/adamw_3x.py',
]
weights = 'convnext_dense://conv2former_t_1k_224'
model = dict(backbone=dict(init_cfg=dict(checkpoint=weights)))
optim_wrapper = dict(paramwise_cfg=dict(decay_rate=0.7), optimizer=dict(lr=2e-4))
