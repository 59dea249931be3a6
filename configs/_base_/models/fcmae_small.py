"""Masked autoencoder for short runs: a narrow decoder, weights that keep the variance.

The published 0.02 leaves narrow layers nearly silent, which costs most of a short run.
"""

_base_ = ['fcmae.py']
keep_variance = dict(
    type='Kaiming',
    layer=['Conv2d', 'Linear'],
    mode='fan_in',
    nonlinearity='linear',
    distribution='normal',
)
model = dict(
    encoder=dict(arch='atto', init_cfg=keep_variance),
    decoder_width=256,
    init_cfg=keep_variance,
)
