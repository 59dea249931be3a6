"""What detectors do with boxes, written so that its shapes may vary in a graph.

The hosts' code branches on whether there are any boxes and writes into slices, neither
of which a graph can hold.
"""

from typing import Any

import torch
from torch import Tensor
from torchvision.ops import nms, roi_align


def grid_anchors(base: Tensor, stride: tuple[int, int], x: Tensor) -> Tensor:
    """Give the anchors of one level, (h * w * A, 4), for features (N, C, h, w)."""
    rows = torch.arange(x.shape[2], device=x.device, dtype=base.dtype) * stride[1]
    columns = torch.arange(x.shape[3], device=x.device, dtype=base.dtype) * stride[0]
    y, x0 = torch.meshgrid(rows, columns, indexing='ij')
    shifts = torch.stack([x0, y, x0, y], dim=-1).reshape(-1, 1, 4)
    return (base[None] + shifts).reshape(-1, 4)


def decode(coder: Any, boxes: Tensor, deltas: Tensor, size: Tensor) -> Tensor:
    """Move boxes by what the network says, and clip them to the image.

    The same as the hosts' ``DeltaXYWHBBoxCoder``.

    Args:
        coder: For its means, standard deviations and clipping.
        boxes: (..., 4) x1, y1, x2, y2.
        deltas: (..., 4).
        size: (2,) height and width of the images.
    """
    deltas = deltas * deltas.new_tensor(coder.stds) + deltas.new_tensor(coder.means)
    limit = abs(torch.tensor(16 / 1000).log().item())
    centres = (boxes[..., :2] + boxes[..., 2:]) * 0.5
    sides = boxes[..., 2:] - boxes[..., :2]
    centres = centres + sides * deltas[..., :2]
    sides = sides * deltas[..., 2:].clamp(-limit, limit).exp()
    corners = torch.cat([centres - sides * 0.5, centres + sides * 0.5], dim=-1)
    if not coder.clip_border:
        return corners
    height, width = size.unbind()
    most = torch.stack([width, height, width, height])
    return corners.clamp(min=0).minimum(most)


def suppress(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float) -> Tensor:
    """Give the indices that NMS keeps, each group by itself, the surest first.

    Groups are moved apart, as the hosts do it, so that one NMS serves them all.
    """
    # A zero in front: there may be no boxes at all.
    farthest = torch.cat([boxes.new_zeros(1), boxes.flatten()]).max()
    apart = groups.to(boxes.dtype) * (farthest + 1)
    return nms(boxes + apart[:, None], scores, threshold)


def first_of_each(image: Tensor, number: int, most: int) -> Tensor:
    """Give the indices of the first ``most`` entries of each image.

    Args:
        image: (M,) the image that each entry belongs to.
        number: Number of images.
        most: How many may stay.
    """
    mine = image[:, None] == torch.arange(number, device=image.device)[None]
    rank = (mine.long().cumsum(0) * mine.long()).sum(1)
    return (rank <= most).nonzero().squeeze(1)


def pool_regions(extractor: Any, features: list[Tensor], regions: Tensor) -> Tensor:
    """Pool each region from the level that fits its size.

    The same as the hosts' ``SingleRoIExtractor``: the regions of each level are pooled
    together, and the results brought back into order.

    Args:
        extractor: For its levels, sizes and finest scale.
        features: (N, C, h, w) of each level.
        regions: (M, 5) image, x1, y1, x2, y2.
    """
    layers = extractor.roi_layers
    features = features[: len(layers)]
    sides = regions[:, 3:] - regions[:, 1:3]
    scale = (sides[:, 0] * sides[:, 1]).sqrt()
    level = (scale / extractor.finest_scale + 1e-6).log2().floor()
    level = level.clamp(0, len(layers) - 1)
    pooled, order = [], []
    for index, (layer, x) in enumerate(zip(layers, features, strict=True)):
        chosen = (level == index).nonzero().squeeze(1)
        order.append(chosen)
        pooled.append(
            roi_align(
                x,
                regions[chosen],
                output_size=layer.output_size,
                spatial_scale=layer.spatial_scale,
                sampling_ratio=layer.sampling_ratio,
                aligned=layer.aligned,
            )
        )
    return torch.cat(pooled)[torch.cat(order).argsort()]
