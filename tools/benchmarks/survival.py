#!/usr/bin/env python
"""What surviving costs: checkpoints, the guards of each iteration, and resuming.

python tools/benchmarks/survival.py
"""

import tempfile
import time
from functools import partial
from pathlib import Path

import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler
from torch import nn

import convnext_dense
from convnext_dense.engine.checkpointing import Manifest, Writer, write_whole
from convnext_dense.engine.checkpointing.content import _copied
from convnext_dense.engine.guards import all_finite
from convnext_dense.engine.resuming import random_state, seeded
from convnext_dense.engine.resuming.batches import Batches


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


def resume(sampler, images=118_287, batch_size=16, iterations=100_000):
    """Continue a pass over a data set as large as COCO's, up to its next batch."""
    batches = Batches(sampler(range(images)), batch_size, drop_last=False)
    given = iterations if sampler is InfiniteSampler else len(batches) - 1
    state = batches.state_after(0)
    batches.resume(state | dict(given=given, drawn=given * batch_size))
    next(iter(batches))


def main():
    """Measure and print."""
    model: nn.Module = convnext_dense.ConvNeXt('tiny')
    optimizer = torch.optim.AdamW(model.parameters())
    for side in (256, 512):
        images = torch.rand(2, 3, side, side)
        step(model, optimizer, images)
        took = timed(partial(step, model, optimizer, images), 3)
        added = timed(partial(guard, model), 21)
        print(f'ConvNeXt-T, 2 images of {side}: {took:.2f} s an iteration')
        print(f'guards: {1000 * added:.1f} ms an iteration, {added / took:.2%}')
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
    print(f'checkpoint of {size:.0f} MB: {writing:.2f} s to write, sync and verify')
    print(f'pause of training: {copying:.2f} s to copy; the rest is in the background')
    print(f'an iteration of {side} beside the writing: {beside:.2f} s')
    endless = timed(lambda: resume(InfiniteSampler), 3)
    print(f'resuming 100,000 iterations of 16 into 118,287 images: {endless:.2f} s')
    passing = timed(lambda: resume(DefaultSampler), 3)
    print(f'resuming at the end of an epoch of them: {passing:.2f} s')


if __name__ == '__main__':
    main()
