"""Stochastic depth (Huang et al. 2016, arXiv 1603.09382)."""

from torch import Tensor, nn


class DropPath(nn.Module):
    """Drop a residual branch for whole samples while training.

    A kept branch is divided by the keep probability, so that its expected value is
    the same in training and in evaluation.

    Args:
        rate: Probability of dropping the branch for a sample, in [0, 1).

    Raises:
        ValueError: If ``rate`` is outside [0, 1).
    """

    def __init__(self, rate: float = 0.0):
        super().__init__()
        if not 0.0 <= rate < 1.0:
            raise ValueError(f'drop path rate must be in [0, 1), got {rate}')
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, ...) to the same shape."""
        if self.rate == 0.0 or not self.training:
            return x
        keep = 1.0 - self.rate
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        return x * x.new_empty(shape).bernoulli_(keep).div_(keep)

    def extra_repr(self) -> str:
        """Show the rate in ``print(model)``."""
        return f'rate={self.rate:.3f}'
