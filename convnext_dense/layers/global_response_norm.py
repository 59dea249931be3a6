"""Global response normalisation (ConvNeXt V2, arXiv 2301.00808, section 3.2)."""

import torch
from torch import Tensor, nn


class GlobalResponseNorm(nn.Module):
    """Let the channels of one image compete by their global L2 norm.

    ``gamma`` and ``beta`` are stored one-dimensional, unlike the published
    (1, 1, 1, C): then the usual rule that 1-D parameters get no weight decay covers
    them, which the published optimizer states by name. The statistics are those of
    one image, also in the published JAX code.

    Args:
        width: Number of channels C.
        eps: Added to the mean norm before division.
    """

    def __init__(self, width: int, eps: float = 1e-6):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(width))
        self.beta = nn.Parameter(torch.zeros(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, H, W, C) to the same shape."""
        # A sum of squares over a whole image overflows half precision.
        wide = torch.promote_types(x.dtype, torch.float32)
        # torch.linalg.vector_norm takes several times as long on a CPU. The bound,
        # far below eps, keeps the gradient of an absent channel zero.
        squares = x.to(wide).square().sum((1, 2), keepdim=True)
        norm = squares.clamp(min=torch.finfo(wide).tiny).sqrt()
        response = norm / (norm.mean(dim=-1, keepdim=True) + self.eps)
        # x + (gamma * x * response + beta), in one pass over the image.
        scale = torch.addcmul(torch.ones_like(response), self.gamma, response)
        return torch.addcmul(self.beta.to(x.dtype), x, scale.to(x.dtype))
