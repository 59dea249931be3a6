#!/usr/bin/env python
"""Memory of each process: whole copies of a model, shares of one, recomputed blocks.

Runs a few updates of a backbone in several processes on this machine, by gloo, one
way after the other.
"""

import argparse
import json
import logging
import os
import resource
import socket
import sys
from pathlib import Path

import torch
from suite import positive
from timing import machine
from torch import distributed, multiprocessing

MIB = 1 << 20
WAYS = {
    'whole copies (DDP)': dict(fsdp=False, with_cp=False),
    'shares (fsdp=True)': dict(fsdp=True, with_cp=False),
    'shares, with_cp=True': dict(fsdp=True, with_cp=True),
}


def train(rank, args, way, queue):
    """Make some updates in one process, and report what it held."""
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank))
    torch.set_num_threads(1)
    logging.disable()  # how each weight is initialised
    distributed.init_process_group('gloo', rank=rank, world_size=args.processes)
    from convnext_dense.backbones import ConvNeXtV2
    from convnext_dense.engine.sharding import local, shard

    torch.manual_seed(0)
    model = ConvNeXtV2(args.arch, with_cp=way['with_cp'])
    if way['fsdp']:
        model = shard(model)
    else:
        model.init_weights()
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    images = torch.randn(args.batch, 3, args.size, args.size)
    losses = []
    for _ in range(args.updates):
        loss = sum(level.square().mean() for level in model(images))
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        held = [
            value
            for param in model.parameters()
            for value in (param, param.grad, *optimizer.state[param].values())
        ]
        state = sum(local(v).numel() * v.element_size() for v in held)
        optimizer.zero_grad()
    # In KiB on Linux: with the interpreter and the libraries.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if rank == 0:
        queue.put(dict(losses=losses, state=state, peak=peak))
    distributed.destroy_process_group()


def run(args, way):
    """Run a way in processes of its own."""
    with socket.socket() as free:
        free.bind(('', 0))
        port = free.getsockname()[1]
    os.environ.update(
        MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port), WORLD_SIZE=str(args.processes)
    )
    context = multiprocessing.get_context('spawn')
    queue = context.SimpleQueue()
    multiprocessing.spawn(train, (args, way, queue), nprocs=args.processes)
    return queue.get()


def main():
    """Run every way and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add('--arch', default='base', help='of ConvNeXt V2 (default: %(default)s)')
    add('--processes', type=positive(int), default=2, help='(default: %(default)s)')
    add(
        '--size',
        type=positive(int),
        default=224,
        help='side of the images (%(default)s)',
    )
    add(
        '--batch',
        type=positive(int),
        default=2,
        help='images of a process (%(default)s)',
    )
    add('--updates', type=positive(int), default=3, help='(default: %(default)s)')
    out = Path('work_dirs/benchmarks/sharding.json')
    add('--json', type=Path, default=out, help='(default: %(default)s)')
    args = parser.parse_args()
    if args.json.is_dir():
        parser.error(f'--json {args.json} is a folder')
    found = {name: run(args, way) for name, way in WAYS.items()}
    print(
        f'ConvNeXt-V2-{args.arch}, {args.processes} processes, {args.batch} images of '
        f'{args.size} each, AdamW'
    )
    print(f'{"":24} {"state":>10} {"peak":>10}  last loss')
    for name, row in found.items():
        print(
            f'{name:24} {row["state"] / MIB:6.0f} MiB {row["peak"] / MIB:6.0f} MiB'
            f'  {row["losses"][-1]:.6f}'
        )
    print('state: weights, gradients and moments; peak: the resident set of process 0')
    args.json.parent.mkdir(parents=True, exist_ok=True)
    content = dict(machine=machine(), rows=found)
    args.json.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')


if __name__ == '__main__':
    sys.exit(main())
