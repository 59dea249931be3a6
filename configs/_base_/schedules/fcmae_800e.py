"""800 epochs of AdamW, batch 4096: 8 GPUs of 64, over 8 steps (FCMAE on ImageNet).

The base learning rate is 1.5e-4 per 256 images.
"""

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=800)
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-6,
        by_epoch=True,
        begin=0,
        end=40,
        convert_to_iter_based=True,
    ),
    dict(
        type='CosineAnnealingLR',
        by_epoch=True,
        begin=40,
        end=800,
        eta_min=0,
        convert_to_iter_based=True,
    ),
]
# bfloat16 rather than the published float16: it needs no loss scale. Our choice.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    accumulative_counts=8,
    optimizer=dict(type='AdamW', lr=2.4e-3, betas=(0.9, 0.95), weight_decay=0.05),
    paramwise_cfg=dict(norm_decay_mult=0, bias_decay_mult=0, flat_decay_mult=0),
)
auto_scale_lr = dict(enable=True, base_batch_size=4096)
