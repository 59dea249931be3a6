"""From random weights: AdamW without layer decay, and a warm-up."""

lr = 8e-4
warmup = 50  # iterations
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
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
