"""A short run from random weights: AdamW, warm-up, cosine to zero."""

_base_ = ['scratch.py', '../runtime_epochs.py']
max_epochs = 12
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs='${max_epochs}', val_interval=1)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end='${warmup}'),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        begin=0,
        end='${max_epochs}',
        T_max='${max_epochs}',
        eta_min=0,
        convert_to_iter_based=True,
    ),
]
