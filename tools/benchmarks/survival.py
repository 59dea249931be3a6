#!/usr/bin/env python
"""What surviving costs: the pause per checkpoint, and the guards of each iteration.

python tools/benchmarks/survival.py
"""

import tempfile
import time
from functools import partial
from pathlib import Path

import torch
from torch import nn

import convnext_dense
from convnext_dense.engine.checkpointing import Manifest, Writer, write_whole
from convnext_dense.engine.checkpointing.content import _copied
from convnext_dense.engine.guards import all_finite
from convnext_dense.engine.resuming import random_state, seeded


def timed(function, repeats=5):
    """Give the median seconds of some calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return sorted(times)[repeats // 2]


def step(model, optimizer, images):
    """Train for one iteration."""
    optimizer.zero_grad()
    sum(feature.square().mean() for feature in model(images)).backward()
    optimizer.step()


def guard(model):
    """Do what is added to each iteration."""
    random_state()
    all_finite([p.grad for p in model.parameters()])
    for sample in range(2):
        with seeded(0, 0, sample):
            continue


def main():
    """Measure and print."""
    model: nn.Module = convnext_dense.ConvNeXt('tiny')
    optimizer = torch.optim.AdamW(model.parameters())
    images = torch.rand(2, 3, 256, 256)
    step(model, optimizer, images)
    took = timed(partial(step, model, optimizer, images), 3)
    added = timed(partial(guard, model), 21)
    content = dict(state_dict=model.state_dict(), optimizer=optimizer.state_dict())
    copying = timed(partial(_copied, content))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, 'a.pth')
        save = partial(torch.save, _copied(content))
        writing = timed(lambda: write_whole(path, save, Manifest(())))
        size = path.stat().st_size / 1e6
        writer = Writer()
        writer.submit(lambda: write_whole(path, save, Manifest(())))
        beside = timed(partial(step, model, optimizer, images), 1)
        writer.wait()
    print(f'ConvNeXt-T, 2 images of 256: {took:.2f} s an iteration')
    print(f'guards: {1000 * added:.1f} ms an iteration, {added / took:.2%}')
    print(f'checkpoint of {size:.0f} MB: {writing:.2f} s to write, sync and verify')
    print(f'pause of training: {copying:.2f} s to copy; the rest is in the background')
    print(f'an iteration beside the writing: {beside:.2f} s')


if __name__ == '__main__':
    main()
