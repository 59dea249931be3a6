"""What the compiled extension returned for the same inputs, case by case."""

from pathlib import Path

import pytest
import torch

ops = pytest.importorskip('mmcv.ops')

GOLDEN = Path(__file__).parents[2].parent / 'shared/golden/mmcv_ops.pt'
if not GOLDEN.exists():
    pytest.skip(f'no recorded cases at {GOLDEN}', allow_module_level=True)

CASES = torch.load(GOLDEN, weights_only=True)
NO_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
devices = pytest.mark.parametrize('device', ['cpu', pytest.param('cuda', marks=NO_GPU)])


def call_layer(op, kwargs, inputs):
    """Return a layer's output, then the gradients by its inputs and its weight."""
    layer = getattr(ops, op)(**kwargs)
    *inputs, grad = inputs
    if op == 'RoIAlign':
        wanted = inputs[:1]
    else:
        layer.weight = torch.nn.Parameter(inputs.pop())
        wanted = [*inputs, layer.weight]
    for tensor in wanted:
        tensor.requires_grad_()
    output = layer(*inputs)
    return [output, *torch.autograd.grad(output, wanted, grad)]


def call(op, kwargs, inputs):
    if op[0].isupper():
        return call_layer(op, kwargs, inputs)
    if op == 'nms_match':
        kwargs = {'iou_threshold': kwargs['thr']}
    return getattr(ops, op)(*inputs, **kwargs)


@devices
@pytest.mark.parametrize('case', CASES, ids=[case['op'] for case in CASES])
def test_results_are_those_of_the_compiled_operator(case, device):
    inputs = [tensor.to(device, copy=True) for tensor in case['inputs']]
    found = call(case['op'], dict(case['kwargs']), inputs)
    expected = [tensor.to(device) for tensor in case['outputs']]
    torch.testing.assert_close(list(found), expected, atol=1e-5, rtol=1e-5)
