"""An exported file against the model it was made from, image by image."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from convnext_dense.errors import UserError
from convnext_dense.inference.networks import Detector, Segmentor
from convnext_dense.inference.preparing import Prepared


@dataclass
class Agreement:
    """How far a file and its model are apart, at worst over all images.

    Attributes:
        images: Number of images.
        objects: Number of objects that torch found.
        other_objects: Images with another number of objects or other labels.
        box: Pixels between boxes.
        score: Between scores.
        mask: Between probabilities of masks; None without masks.
        pixels: Share of pixels with another label.
        torch_ms: Milliseconds of each image in torch.
        file_ms: Those of the file.
    """

    images: int = 0
    objects: int = 0
    other_objects: int = 0
    box: float = 0.0
    score: float = 0.0
    mask: float | None = None
    pixels: float = 0.0
    torch_ms: list[float] = field(default_factory=list)
    file_ms: list[float] = field(default_factory=list)

    def lines(self, segments: bool) -> list[str]:
        """Say it."""
        speed = (
            f'  milliseconds an image, median: torch {np.median(self.torch_ms):.1f}, '
            f'the file {np.median(self.file_ms):.1f}'
        )
        head = f'compared with torch on {self.images} images:'
        if segments:
            return [head, f'  other labels: {self.pixels:.2e} of the pixels', speed]
        masks = '' if self.mask is None else f', mask probabilities {self.mask:.2g}'
        return [
            head,
            f'  {self.objects} objects; images where the file finds other ones: '
            f'{self.other_objects}',
            f'  at most apart elsewhere: boxes {self.box:.2g} px, scores '
            f'{self.score:.2g}{masks}',
            speed,
        ]


def load_runtime(path: Path) -> Callable[[np.ndarray], list[np.ndarray]]:
    """Load an ONNX file into onnxruntime, on the CPU.

    Raises:
        UserError: If onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise UserError(
            f'onnxruntime cannot be imported ({error}): pip install '
            "'convnext-dense[export]'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(
        str(path), options, providers=['CPUExecutionProvider']
    )
    return lambda images: session.run(None, {'images': images})


def compare(
    network: Detector | Segmentor,
    run: Callable[[np.ndarray], Sequence[Any]],
    images: Sequence[Prepared],
) -> Agreement:
    """Run both on each image, one by one.

    Args:
        network: The host's model as the predictor runs it.
        run: The file, from (1, 3, H, W) RGB in 0..255 to its outputs.
        images: Images of any sizes.
    """
    found = Agreement()
    for prepared in images:
        # Compared in pixels of the network's input.
        meta = prepared.meta | dict(
            ori_shape=prepared.meta['img_shape'], scale_factor=(1.0, 1.0)
        )
        pixels = prepared.pixels.flip(0)[None].float().numpy()
        start = time.perf_counter()
        with torch.inference_mode():
            (expected,) = network([Prepared(prepared.pixels, meta)])
        middle = time.perf_counter()
        outputs = run(pixels)
        found.file_ms.append((time.perf_counter() - middle) * 1e3)
        found.torch_ms.append((middle - start) * 1e3)
        found.images += 1
        if isinstance(network, Segmentor):
            other = float(np.mean(outputs[0][0] != expected))
            found.pixels = max(found.pixels, other)
        else:
            _compare_objects(found, expected, outputs)
    return found


def _compare_objects(found: Agreement, expected: Any, outputs: Sequence[Any]) -> None:
    _, boxes, scores, labels, *masks = outputs
    found.objects += len(expected.scores)
    if not np.array_equal(np.sort(labels), np.sort(expected.labels)):
        found.other_objects += 1
        return
    if not len(labels):
        return
    order = _nearest(boxes, labels, expected)
    found.box = max(found.box, float(abs(boxes[order] - expected.boxes).max()))
    found.score = max(found.score, float(abs(scores[order] - expected.scores).max()))
    if masks:
        apart = abs(masks[0][order] - expected.masks).max()
        found.mask = max(found.mask or 0.0, float(apart))


def _nearest(boxes: np.ndarray, labels: np.ndarray, expected: Any) -> list[int]:
    """Give for each expected object the nearest of its label, each only once.

    Scores that are nearly equal may stand in another order.
    """
    apart = abs(expected.boxes[:, None] - boxes[None]).max(-1)
    apart[expected.labels[:, None] != labels[None]] = np.inf
    order = []
    for distances in apart:
        order.append(int(distances.argmin()))
        apart[:, order[-1]] = np.inf
    return order
