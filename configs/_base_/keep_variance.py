"""Initial weights that keep the variance of their input.

The published 0.02 leaves narrow layers nearly silent, which costs most of a short run
from random weights.
"""

keep_variance = dict(
    type='Kaiming',
    layer=['Conv2d', 'Linear'],
    mode='fan_in',
    nonlinearity='linear',
    distribution='normal',
)
