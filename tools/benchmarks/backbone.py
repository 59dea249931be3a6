#!/usr/bin/env python
"""Backbones: training step and inference, beside timm, torchvision and plain code.

Every side gives four levels of features and has equal weights where the outputs are
compared (the plain one's). ``--device cuda`` adds timm under torch.compile.
"""

import sys
from collections.abc import Callable

import torch
from published import Plain
from suite import CLOCKS, PRECISIONS, Suite, verdict
from torch import Tensor, nn

from convnext_dense import Conv2Former, ConvNeXt, ConvNeXtV2

OURS = {
    'convnext-tiny': lambda: ConvNeXt('tiny', layer_scale_init_value=1.0),
    'convnext-v2-tiny': lambda: ConvNeXtV2('tiny'),
    'convnext-v2-large': lambda: ConvNeXtV2('large'),
    'conv2former-t': lambda: Conv2Former('t'),
}
# On a CPU, of the fastest other's time with images of this side.
GOALS_SIDE = 512
GOALS = {
    ('training', 'float32'): 0.9,
    ('training', 'bfloat16'): 0.9,
    ('inference', 'float32'): 1.0,
    ('inference', 'bfloat16'): 0.95,
}
# On a GPU, of each one's time.
GPU_GOALS = {'timm': 1 / 1.6, 'timm compiled': 1 / 1.15}
KINDS = ['training', 'inference']
TIMM = {
    'convnext-tiny': 'convnext_tiny',
    'convnext-v2-tiny': 'convnextv2_tiny',
    'convnext-v2-large': 'convnextv2_large',
}


class Torchvision(nn.Module):
    """torchvision's ConvNeXt with the features of its stages."""

    def __init__(self, module: nn.Module):
        super().__init__()
        self.features = module.features

    def forward(self, x: Tensor) -> list[Tensor]:
        """Give the features of the four stages."""
        outputs = []
        for i, layer in enumerate(self.features):
            x = layer(x)
            if i % 2:
                outputs.append(x)
        return outputs


def sides_of(name: str, suite: Suite) -> dict[str, nn.Module]:
    """Build all implementations of a model that are installed."""
    torch.manual_seed(0)
    ours = OURS[name]()
    with torch.no_grad():
        for param in ours.parameters():
            param.add_(0.02 * torch.randn_like(param))
    nets = {'ours': ours, 'plain': Plain(ours)}
    timm = suite.peer('timm') if name in TIMM else None
    if timm:
        net = timm.create_model(TIMM[name], features_only=True)
        nets['timm'] = net
        if suite.args.device.startswith('cuda'):
            net = net.to(suite.args.device, memory_format=torch.channels_last)
            nets['timm compiled'] = torch.compile(net)
    torchvision = suite.peer('torchvision') if name == 'convnext-tiny' else None
    if torchvision:
        nets['torchvision'] = Torchvision(torchvision.models.convnext_tiny())
    return {key: net.to(suite.args.device) for key, net in nets.items()}


def call(net: nn.Module, x: Tensor, kind: str, dtype: torch.dtype) -> Callable:
    """Make a function that takes one step."""

    def forward() -> list[Tensor]:
        with torch.autocast(x.device.type, dtype, enabled=dtype != torch.float32):
            return net(x)

    def train() -> None:
        net.train()
        net.zero_grad()
        sum(output.float().square().mean() for output in forward()).backward()

    @torch.inference_mode()
    def infer() -> list[Tensor]:
        net.eval()
        return forward()

    return train if kind == 'training' else infer


def rates_of_products(
    dtype: torch.dtype, device: str, clock: Callable[[], float]
) -> dict[str, float]:
    """Measure the operations a second of products as the networks have them.

    By the library that torch chooses, and on a CPU by oneDNN, which may be faster.
    """
    from convnext_dense.layers import onednn

    x, weight = (torch.randn(n, 384, dtype=dtype, device=device) for n in (4096, 1536))
    ways = {"torch's product": lambda: x @ weight.t()}
    if onednn.LINEAR is not None and device == 'cpu':
        ways["oneDNN's"] = lambda: onednn.LINEAR(x, weight, None, 'none', [], '')
    best = dict.fromkeys(ways, 0.0)
    for _ in range(5):
        for name, way in ways.items():
            start = clock()
            way()
            if device != 'cpu':
                torch.cuda.synchronize()
            rate = 2 * 4096 * 384 * 1536 / (clock() - start)
            best[name] = max(best[name], rate)
    return best


def operations(net: nn.Module, x: Tensor) -> float:
    """Count multiplications and additions of products and convolutions, forward."""
    from torch.utils.flop_counter import FlopCounterMode

    net.eval()  # batch norms must not move
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net(x)
    return counter.get_total_flops()


def difference(nets: dict[str, nn.Module], x: Tensor, precision: str) -> float:
    """Find how far our features are from the plain ones, by their largest value."""
    dtype = getattr(torch, precision)
    ours, plain = (
        call(nets[key], x, 'inference', dtype)() for key in ('ours', 'plain')
    )
    return max(
        ((a - b).abs().max() / b.abs().max()).item()
        for a, b in zip(ours, plain, strict=True)
    )


def main() -> int:
    """Measure each model, kind and precision."""
    suite = Suite(
        __doc__,
        'backbone',
        devices=True,
        rounds=2,
        models=(['convnext-tiny', 'convnext-v2-tiny', 'conv2former-t'], 'models', OURS),
        height=(224, f'height of the images; goals are for {GOALS_SIDE} and more'),
        width=(224, 'width of the images'),
        batch=(2, 'images'),
        kinds=(KINDS, 'kinds of pass', KINDS),
        dtypes=(PRECISIONS, 'precisions', PRECISIONS),
    )
    args = suite.args
    for name in args.models:
        nets = sides_of(name, suite)
        x = torch.randn(args.batch, 3, args.height, args.width, device=args.device)
        flops = operations(nets['plain'], x)
        # Before training, which moves the statistics of batch norms.
        off = {precision: difference(nets, x, precision) for precision in args.dtypes}
        for kind in args.kinds:
            for precision in args.dtypes:
                measure(suite, name, nets, x, kind, precision, flops, off[precision])
    return suite.finish()


def measure(
    suite: Suite,
    name: str,
    nets: dict[str, nn.Module],
    x: Tensor,
    kind: str,
    precision: str,
    flops: float,
    off: float,
) -> None:
    """Measure one row and the share of the machine's rate it reaches."""
    dtype = getattr(torch, precision)
    rates = rates_of_products(dtype, suite.args.device, CLOCKS[suite.args.clock])
    large = min(x.shape[2:]) >= GOALS_SIDE
    on_gpu = suite.args.device == 'cuda'
    tolerance = 1e-4 if dtype == torch.float32 else 0.05
    row = suite.compare(
        f'{name}, {kind}, {precision}, {suite.args.batch} of '
        f'{suite.args.height}x{suite.args.width}',
        {key: call(net, x, kind, dtype) for key, net in nets.items()},
        goal=GOALS[kind, precision] if large and not on_gpu else None,
        equal=off < tolerance,
        tolerance=tolerance,
        notes={'largest difference of outputs, relative': off},
    )
    for peer, goal in GPU_GOALS.items() if on_gpu else ():
        if peer in row.sides:
            ratio = row.ratio_to(peer)
            row.notes[f'time by that of {peer}'] = ratio
            print(f'  time by that of {peer}: {ratio:.3f}{verdict(ratio, goal)}')
    work = flops * (3 if kind == 'training' else 1)
    least = 0.8 if kind == 'training' else 0.9
    for name, rate in rates.items():
        share = work / row.sides['ours'].median / rate
        row.notes[f'share of the rate of {name}'] = share
        met = 'met' if share >= least else 'missed'
        told = f' (goal {least}: {met})' if large else ''
        print(f'  share of the rate of {name}: {share:.2f}{told}')


if __name__ == '__main__':
    sys.exit(main())
