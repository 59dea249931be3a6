"""160,000 iterations of AdamW with stage decay (ConvNeXt on ADE20K), in float32."""

_base_ = ['adamw.py', '../runtime_iterations.py']
train_cfg = dict(type='IterBasedTrainLoop', max_iters=160000, val_interval=16000)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1500),
    dict(type='PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=1500, end=160000),
]
optim_wrapper = dict(paramwise_cfg=dict(decay_rate=0.9, decay_type='stage_wise'))
