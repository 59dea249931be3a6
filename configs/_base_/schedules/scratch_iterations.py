"""A short run from random weights: AdamW, warm-up, cosine to zero."""

_base_ = ['scratch.py', '../runtime_iterations.py']
max_iters = 1000
val_interval = 250
lr = 1e-3
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters='${max_iters}', val_interval='${val_interval}'
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end='${warmup}'),
    dict(
        type='CosineAnnealingLR',
        by_epoch=False,
        begin='${warmup}',
        end='${max_iters}',
        eta_min=0,
    ),
]
# A schedule of iterations also says how often a checkpoint is written.
default_hooks = dict(checkpoint=dict(interval='${val_interval}'))
