"""36 epochs for ConvNeXt V2 on COCO.

Not published: the warm-up and the layer decay, which are those of the host's re-run of
the base model, as is mixed precision.
"""

_base_ = ['adamw_3x.py']
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=36, milestones=[27, 33]),
]
