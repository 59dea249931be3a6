"""160,000 iterations of AdamW with stage decay (ADE20K), in mixed precision."""

_base_ = ['adamw_160k_fp32.py']
# bfloat16 rather than the published float16: it needs no loss scale. Our choice.
optim_wrapper = dict(type='AmpOptimWrapper', dtype='bfloat16')
