"""What a masked autoencoder predicts: the pixels of removed patches."""

import torch
import torch.nn.functional as F
from torch import Tensor

STRIDE = 32  # of the last stage: the side of the smallest patch
EPS = 1e-6  # added to the variance of a patch


def patches_of(images: Tensor) -> Tensor:
    """Cut (N, C, H, W) into (N, H / 32 * W / 32, 32 * 32 * C), channels last."""
    x = images.unflatten(3, (-1, STRIDE)).unflatten(2, (-1, STRIDE))
    return x.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def statistics(patches: Tensor) -> tuple[Tensor, Tensor]:
    """Give the means and standard deviations of (..., pixels), both (..., 1).

    Source of the numbers: ``forward_loss`` of facebookresearch/ConvNeXt-V2@2553895.
    """
    variance, mean = torch.var_mean(patches, dim=-1, keepdim=True)
    return mean, (variance + EPS).sqrt()


def normalized(patches: Tensor) -> Tensor:
    """Give (..., pixels) less their mean, over their standard deviation."""
    number = patches.shape[-1]
    # A layer norm is several times faster; its variance is over n, that of `statistics`
    # over n - 1.
    unbiased = (number - 1) / number
    return F.layer_norm(patches, (number,), eps=unbiased * EPS) * unbiased**0.5
