"""A short run from random weights: AdamW, warm-up, cosine to zero."""

max_iters = 1000
val_interval = 250
lr = 1e-3
warmup = 50  # iterations
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters='${max_iters}', val_interval='${val_interval}'
)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
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
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='convnext_dense.LayerDecayConstructor',
    paramwise_cfg=dict(decay_rate=1.0),
    optimizer=dict(
        type='AdamW',
        lr='${lr}',
        betas=(0.9, 0.999),
        weight_decay=0.05,
        fused=True,
    ),
    clip_grad=dict(max_norm=5.0),
)
