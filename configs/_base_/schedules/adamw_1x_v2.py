"""12 epochs for ConvNeXt V2 on COCO: a short run, our choice.

The steps are where those of the host's 1x are.
"""

_base_ = ['adamw_3x.py']
train_cfg = dict(max_epochs=12)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=1000),
    dict(type='MultiStepLR', by_epoch=True, begin=0, end=12, milestones=[8, 11]),
]
