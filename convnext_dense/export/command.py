"""``convnext-dense export``: from a checkpoint to a file, and whether it agrees."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from convnext_dense.errors import UserError
from convnext_dense.inference.images import read_image
from convnext_dense.inference.loading import load_model
from convnext_dense.inference.networks import Detector, Segmentor
from convnext_dense.inference.preparing import Preparation
from convnext_dense.inference.sources import find_sources

from .checking import compare, load_runtime
from .detector import DetectorGraph
from .segmentor import SegmentorGraph
from .writing import halve, need_onnx, write_onnx, write_program

SUFFIXES = {'onnx': '.onnx', 'torch': '.pt2'}


def export(
    checkpoint: Path,
    *,
    config: Path | None,
    format: str,
    out: Path | None,
    half: bool,
    check: Sequence[str] | None,
    say: Callable[[str], None],
) -> None:
    """Write a model as a file that other runtimes execute.

    Args:
        checkpoint: A file of weights.
        config: Its config, if it is not in it.
        format: ``'onnx'``, or ``'torch'`` for a program of ``torch.export``.
        out: The file; beside the checkpoint without it.
        half: Whether convolutions and linear layers are in half precision.
        check: Images to compare the file with torch on.
        say: Takes each line that a person should read.

    Raises:
        UserError: If the model, the checkpoint or an image cannot be used.
    """
    sources = (
        [source for source in find_sources(check or []) if not source.video]
        if check
        else []
    )
    images = [read_image(source.place) for source in sources]
    path = out or checkpoint.with_suffix(SUFFIXES[format])
    part = make_way(path)
    if format == 'onnx':
        need_onnx()
    # The graph changes the model it is made of.
    loaded = load_model(config, checkpoint, 'cpu')
    graph: Any = (SegmentorGraph if loaded.segments else DetectorGraph)(loaded.model)
    graph.eval()
    if half:
        halve(graph)
    if half and format == 'torch':
        say('a program in half precision is slow on a CPU: it is meant for a GPU')
    say('tracing the network: this takes a minute or two')
    write = write_onnx if format == 'onnx' else write_program
    write(graph, part)
    part.replace(path)
    say(
        f'{path}: {path.stat().st_size / 1e6:.1f} MB, '
        f'outputs {", ".join(graph.outputs)}'
    )
    if not sources:
        return
    reference = load_model(config, checkpoint, 'cpu')
    network: Any = (Segmentor if loaded.segments else Detector)(reference.model)
    prepare = Preparation(reference.pipeline)
    run = load_runtime(path) if format == 'onnx' else _load_program(path)
    for line in compare(network, run, [*map(prepare, images)]).lines(loaded.segments):
        say(line)


def make_way(path: Path) -> Path:
    """Name the file that becomes ``path`` when it is whole, and see that it can be.

    Raises:
        UserError: If nothing can be written there.
    """
    if path.is_dir():
        raise UserError(f'--out {path} is a folder: name a file')
    part = path.with_name(path.name + '.part')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        part.unlink()
    except OSError as error:
        raise UserError(f'{path} cannot be written: {error.strerror}') from error
    return part


def _load_program(path: Path) -> Callable[..., list]:
    import torch

    module = torch.export.load(path).module()

    def run(images: Any) -> list:
        with torch.inference_mode():
            outputs = module(torch.from_numpy(images))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return [output.numpy() for output in outputs]

    return run
