"""A short pre-training from random weights: AdamW, warm-up, cosine to zero.

The published rate, 1.5e-4 per 256 images, is for runs of a million steps.
"""

max_epochs = 300
lr = 1e-3
warmup = 100  # iterations
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs='${max_epochs}')
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
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW', lr='${lr}', betas=(0.9, 0.95), weight_decay=0.05, fused=True
    ),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, flat_decay_mult=0),
    clip_grad=dict(max_norm=1.0),
)
