"""Which patches of an image are removed, and images of those that stay.

Every image of a batch keeps the same number of patches. Stacked on top of each other
they are an image again, on which a backbone's layers do exactly what they do at these
positions of the whole one, wherever they do not look beyond a patch: stem and
downsampling, whose windows do not overlap, norms and MLPs, and the response norm,
whose statistics are those of the visible part of one image.
"""

from typing import Any

import torch
from torch import Tensor

from convnext_dense.errors import UserError


def random_mask(
    images: int,
    height: int,
    width: int,
    ratio: float,
    *,
    generator: torch.Generator | None = None,
    device: torch.device | str = 'cpu',
) -> Tensor:
    """Choose patches to remove, the same number in every image.

    Source of the number: ``gen_random_mask`` of
    facebookresearch/ConvNeXt-V2@2553895, which keeps the share rounded down.

    Args:
        images: Number of images N.
        height: Patches from top to bottom.
        width: Patches from left to right.
        ratio: Share to remove, in (0, 1).
        generator: Source of randomness; torch's own by default.
        device: Where the mask is made.

    Returns:
        (N, height, width) boolean, True where a patch is removed.

    Raises:
        UserError: If the ratio is outside (0, 1), or leaves no patch of so few.
    """
    check_ratio(ratio)
    patches = height * width
    # Rounding of the product must not cost a patch: 5 * (1 - 0.8) is 0.99...
    keep = int(patches * (1 - ratio) + 1e-6)
    if keep == 0:
        raise UserError(
            f'an image of {height} x {width} patches has none left at '
            f'mask_ratio={ratio}: use larger images or a lower ratio'
        )
    noise = torch.rand(images, patches, generator=generator, device=device)
    mask = torch.ones(images, patches, dtype=torch.bool, device=device)
    mask.scatter_(1, noise.topk(keep, dim=1).indices, False)
    return mask.view(images, height, width)


def check_ratio(ratio: float) -> None:
    """Raise ``UserError`` unless a mask ratio lies between 0 and 1."""
    if not isinstance(ratio, int | float) or not 0 < ratio < 1:
        raise UserError(f'mask_ratio must be between 0 and 1, got {ratio!r}')


class VisiblePatches:
    """The patches that a mask leaves: in place, or stacked into a column.

    Args:
        mask: (N, h, w) boolean, True where a patch is removed.

    Raises:
        ValueError: If images keep different numbers of patches, or none.
    """

    def __init__(self, mask: Tensor):
        self.visible = ~mask
        self.lines: dict[int, tuple[Tensor, Tensor]] = {}
        counts = self.visible.flatten(1).sum(1).unique().tolist()
        if len(counts) != 1 or counts == [0]:
            raise ValueError(
                f'every image must keep the same number of patches, got {counts}'
            )
        (self.number,) = counts

    def stack(self, x: Tensor) -> Tensor:
        """Map (N, C, h * s, w * s) to (N, C, number * s, s), row by row."""
        return _Stack.apply(x.permute(0, 2, 3, 1), self).permute(0, 3, 1, 2)

    def spread(self, x: Tensor) -> Tensor:
        """Map (N, C, number * s, s) to (N, C, h * s, w * s), zero elsewhere."""
        return _Spread.apply(x.permute(0, 2, 3, 1), self).permute(0, 3, 1, 2)

    def take(self, x: Tensor) -> Tensor:
        """Map (N, h * s, w * s, C) to (N, number * s, s, C)."""
        side, channels = x.shape[2] // self.visible.shape[2], x.shape[3]
        lines = x.reshape(-1, side * channels)
        taken = lines.index_select(0, self._lines(side)[0])
        return taken.view(len(x), -1, side, channels)

    def put(self, x: Tensor) -> Tensor:
        """Map (N, number * s, s, C) to (N, h * s, w * s, C), zero elsewhere."""
        images, _, side, channels = x.shape
        lines = x.reshape(-1, side * channels)
        # To take a line of zeros is faster than to put the others into zeros.
        lines = torch.cat((lines, lines.new_zeros(1, side * channels)))
        whole = lines.index_select(0, self._lines(side)[1])
        return whole.view(images, self.visible.shape[1] * side, -1, channels)

    def _lines(self, side: int) -> tuple[Tensor, Tensor]:
        """Give where each line of a visible patch is in the images, and the reverse.

        A line is ``side`` positions of a patch. Where an image's line is of no visible
        patch, the reverse is one more than the last.
        """
        if side not in self.lines:
            device = self.visible.device
            images, rows, columns = self.visible.shape
            every = torch.arange(images * rows * side * columns, device=device)
            tiles = every.view(images, rows, side, columns).transpose(2, 3)
            there = tiles[self.visible].flatten()
            back = torch.full_like(every, len(there))
            back[there] = torch.arange(len(there), device=device)
            self.lines[side] = there, back
        return self.lines[side]


class _Stack(torch.autograd.Function):
    """Indices are distinct, which autograd cannot know: its gradient would add."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, patches: VisiblePatches) -> Tensor:
        ctx.patches = patches
        return patches.take(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return ctx.patches.put(gradient), None


class _Spread(torch.autograd.Function):
    """The transpose of ``_Stack``."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, patches: VisiblePatches) -> Tensor:
        ctx.patches = patches
        return patches.put(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        return ctx.patches.take(gradient), None
