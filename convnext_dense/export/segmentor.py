"""Encoder-decoders as one graph."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from convnext_dense.errors import UserError

from .preparing import Normalise


class SegmentorGraph(nn.Module):
    """A segmentor of mmseg on (N, 3, H, W) RGB in 0..255.

    All sizes may vary. The output ``labels`` is (N, H, W), the most likely class of
    each pixel. Images are seen whole, also where the config slides a window.

    Raises:
        UserError: If the model is no encoder-decoder.
    """

    outputs = ('labels',)

    def __init__(self, model: Any):
        super().__init__()
        if not hasattr(model, 'decode_head'):
            raise UserError(f'a {type(model).__name__} cannot be exported')
        padding = model.data_preprocessor.test_cfg or {}
        self.prepare = Normalise(
            model.data_preprocessor, padding.get('size_divisor') or 1
        )
        replace_pooling(model)
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """Label a batch."""
        x = self.prepare(images)
        logits = self.model.decode_head(self.model.extract_feat(x))
        corners = self.model.align_corners
        logits = interpolate(
            logits, x.shape[2:], mode='bilinear', align_corners=corners
        )
        logits = logits[:, :, : images.shape[2], : images.shape[3]]
        if logits.shape[1] == 1:
            threshold = self.model.decode_head.threshold
            return (logits[:, 0].sigmoid() > threshold).long()
        return logits.argmax(1)


def replace_pooling(model: nn.Module) -> None:
    """Replace adaptive average pooling, whose window would be frozen in a graph."""
    for module in model.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.AdaptiveAvgPool2d):
                setattr(module, name, MatrixPool(child.output_size))


class MatrixPool(nn.Module):
    """Adaptive average pooling as a product with one matrix for each side.

    Args:
        cells: Cells down and across, as ``nn.AdaptiveAvgPool2d`` takes them.
    """

    def __init__(self, cells: Any):
        super().__init__()
        self.cells = (cells, cells) if isinstance(cells, int) else tuple(cells)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to (N, C, cells, cells)."""
        rows = _averaging(self.cells[0], x.shape[2], x)
        columns = _averaging(self.cells[1], x.shape[3], x)
        return rows @ x @ columns.T


def _averaging(cells: int, pixels: int, x: Tensor) -> Tensor:
    """Give (cells, pixels) weights.

    Cell i averages the pixels from floor(i p / c) up to ceil((i + 1) p / c).
    """
    index = torch.arange(cells, device=x.device)[:, None]
    start = (index * pixels) // cells
    end = ((index + 1) * pixels + cells - 1) // cells
    pixel = torch.arange(pixels, device=x.device)[None]
    inside = ((pixel >= start) & (pixel < end)).to(x.dtype)
    return inside / inside.sum(1, keepdim=True)
