"""36 epochs of AdamW with layer decay (ConvNeXt on COCO), in mixed precision."""

_base_ = ['adamw_3x_fp32.py']
# bfloat16 rather than the published float16: it needs no loss scale. Our choice.
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16')
