"""Graphs into files: ONNX, or a program of ``torch.export``."""

import operator
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from convnext_dense.errors import UserError

# Below it the coarsest features are one cell, which a graph would take for a constant.
SMALLEST = 65
LARGEST = 16384
OPSET = 18
LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)


class HalfLayer(nn.Module):
    """A layer that computes in half precision between full-precision ones.

    Norms, GRN, softmax and boxes, which lose or overflow in half precision, stay in
    float32; weights take half the space.
    """

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer = layer.half()

    def forward(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return self.layer(x.half()).float()


def halve(model: nn.Module) -> None:
    """Turn all convolutions and linear layers to half precision, in place."""
    for module in [*model.modules()]:
        for name, child in [*module.named_children()]:
            if isinstance(child, LAYERS) and not isinstance(module, HalfLayer):
                setattr(module, name, HalfLayer(child))


def trace(graph: nn.Module) -> torch.export.ExportedProgram:
    """Trace a graph with variable batch, height and width."""
    example = torch.rand(2, 3, 96, 128) * 255
    vary = torch.export.Dim.DYNAMIC
    sides = vary(min=SMALLEST, max=LARGEST)
    shapes = dict(images={0: vary, 2: sides, 3: sides})
    with torch.no_grad(), warnings.catch_warnings():
        # Of torch about itself.
        warnings.filterwarnings('ignore', message='create_unbacked_symint')
        return torch.export.export(
            graph, (example,), dynamic_shapes=shapes, strict=False
        )


def need_onnx() -> None:
    """Raise a UserError where ONNX cannot be written."""
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise UserError(
            f'exporting to ONNX needs more packages ({error}): pip install '
            "'convnext-dense[export]'"
        ) from error


def write_onnx(graph: Any, path: Path) -> None:
    """Write a graph as ONNX with standard operators only.

    Args:
        graph: Takes images (N, 3, H, W) and names its ``outputs``.
        path: The file.

    Raises:
        UserError: If the extra ``export`` is not installed.
    """
    need_onnx()
    import onnx
    from onnxscript import opset18 as op

    def at_most(a: Any, b: Any) -> Any:
        # Bounds of sizes that depend on data go beyond what ONNX can hold.
        return op.LessOrEqual(a, min(b, 2**63 - 1) if isinstance(b, int) else b)

    program = torch.onnx.export(
        trace(graph),
        input_names=['images'],
        output_names=[*graph.outputs],
        opset_version=OPSET,
        dynamo=True,
        verbose=False,
        custom_translation_table={operator.le: at_most},
    )
    assert program is not None
    program.save(str(path), external_data=False)
    onnx.checker.check_model(str(path))


def write_program(graph: nn.Module, path: Path) -> None:
    """Write a graph as a program for ``torch.export.load``."""
    program = trace(graph)
    # Tracing supposes two objects or more, for shapes alone, and would refuse fewer.
    for node in [*program.graph.nodes]:
        if node.target is torch.ops.aten._assert_scalar.default:
            program.graph.erase_node(node)
    program.graph_module.recompile()
    torch.export.save(program, path)
