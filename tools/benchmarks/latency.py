#!/usr/bin/env python
"""One image through a trained model: torch, torch.compile, bfloat16, onnxruntime.

python tools/benchmarks/latency.py --checkpoint work_dirs/demo/epoch_5.pth
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from suite import Suite

from convnext_dense.cli import main as convnext_dense
from convnext_dense.export.checking import load_runtime
from convnext_dense.inference.loading import load_model
from convnext_dense.inference.networks import Detector, Segmentor
from convnext_dense.inference.preparing import Preparation


def main() -> int:
    """Measure, print and write."""
    suite = Suite(
        __doc__,
        'latency',
        checkpoint=('', 'a checkpoint with its config inside'),
        sides=([128, 512], 'sides of the square images'),
    )
    if not suite.args.checkpoint:
        print('--checkpoint is missing: make demo trains one', file=sys.stderr)
        return 2
    checkpoint = Path(suite.args.checkpoint)
    run = None
    if suite.peer('onnxruntime', extra='export'):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, 'model.onnx')
            if convnext_dense(['export', str(checkpoint), '--out', str(file)]):
                return 2
            run = load_runtime(file)
    networks = []
    for _ in range(2):
        loaded = load_model(None, checkpoint, 'cpu')
        networks.append((Segmentor if loaded.segments else Detector)(loaded.model))
    network, compiled = networks
    # One class of layer has a graph for each width; what is behind the backbone
    # branches on what it finds, and is left as it is.
    torch._dynamo.config.recompile_limit = 64
    compiled.model.backbone = torch.compile(compiled.model.backbone)
    for side in suite.args.sides:
        rng = np.random.default_rng(0)
        photo = rng.integers(0, 256, (side, side, 3), np.uint8)
        prepared = [Preparation([])(photo)]
        pixels = prepared[0].pixels.flip(0)[None].float().numpy()

        def torchs(model=network, images=prepared):
            with torch.inference_mode():
                model(images)

        def bfloat16(images=prepared):
            with torch.autocast('cpu', torch.bfloat16):
                torchs(network, images)

        sides = {
            'torch': torchs,
            'torch, backbone compiled': lambda images=prepared: torchs(
                compiled, images
            ),
            'torch, bfloat16': bfloat16,
        }
        if run is not None:
            sides['onnxruntime'] = lambda pixels=pixels: run(pixels)
        suite.compare(f'one image of {side}x{side}', sides, memory=False)
    return suite.finish()


if __name__ == '__main__':
    sys.exit(main())
