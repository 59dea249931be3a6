import pytest
import torch
from torch.nn.functional import conv2d, grid_sample

torchvision = pytest.importorskip('torchvision')
pytest.importorskip('mmcv')

from mmcv.ops import deform_conv2d, modulated_deform_conv2d  # noqa: E402

from convnext_dense.mmcv_ops import deform  # noqa: E402

# stride, padding, dilation, groups, deformable groups
SETTINGS = [
    (1, 1, 1, 1, 1),
    (2, 2, 2, 2, 1),
    ((1, 2), (2, 0), 1, 1, 2),
    (1, 1, 1, 2, 4),
]
settings = pytest.mark.parametrize('setting', SETTINGS)
versions = pytest.mark.parametrize('modulated', [False, True])


def scene(setting, modulated, dtype=torch.float64, batch=2):
    """Random input, offset, (mask,) weight, with channels for every grouping."""
    stride, padding, dilation, groups, deform_groups = setting
    torch.manual_seed(0)
    x, weight = torch.randn(batch, 4, 6, 7), torch.randn(4, 4 // groups, 3, 2)
    height, width = conv2d(x, weight, None, stride, padding, dilation, groups).shape[2:]
    taps = 6 * deform_groups
    offset = torch.randn(batch, 2 * taps, height, width)
    mask = [torch.rand(batch, taps, height, width)] if modulated else []
    return [t.to(dtype) for t in (x, offset, *mask, weight)]


def run(setting, tensors, bias=None):
    if len(tensors) == 3:
        return deform_conv2d(*tensors, *setting)
    return modulated_deform_conv2d(*tensors, bias, *setting)


def sampled_convolution(x, offset, weight):
    """Deform v1 with stride 1 and one group, tap by tap through grid_sample."""
    _, _, height, width = x.shape
    rows, cols = offset.shape[2:]
    output = 0
    for tap in range(6):
        y = torch.arange(rows)[:, None] + tap // 2 + offset[:, 2 * tap] - 1
        x_ = torch.arange(cols)[None] + tap % 2 + offset[:, 2 * tap + 1] - 1
        grid = torch.stack([(2 * x_ + 1) / width, (2 * y + 1) / height], -1) - 1
        samples = grid_sample(x, grid, align_corners=False)
        output += conv2d(samples, weight[:, :, tap // 2, tap % 2, None, None])
    return output


def test_output_is_the_convolution_of_moved_samples():
    x, offset, weight = scene(SETTINGS[0], modulated=False)
    expected = sampled_convolution(x, offset, weight)
    torch.testing.assert_close(run(SETTINGS[0], (x, offset, weight)), expected)


@settings
@versions
def test_without_offsets_it_is_a_convolution(setting, modulated):
    x, offset, *mask, weight = scene(setting, modulated)
    ones = [torch.ones_like(m) for m in mask]
    found = run(setting, (x, torch.zeros_like(offset), *ones, weight))
    stride, padding, dilation, groups, _ = setting
    expected = conv2d(x, weight, None, stride, padding, dilation, groups)
    torch.testing.assert_close(found, expected)


@settings
@versions
def test_gradients_agree_with_finite_differences(setting, modulated):
    tensors = [t.requires_grad_() for t in scene(setting, modulated, batch=1)]
    # In a random direction rather than entry by entry, to be quick.
    assert torch.autograd.gradcheck(
        lambda *inputs: run(setting, inputs), tensors, fast_mode=True
    )


def test_gradient_of_the_bias_agrees_with_finite_differences():
    tensors = scene(SETTINGS[0], modulated=True)
    bias = torch.randn(4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda b: run(SETTINGS[0], tensors, b), bias)


def test_scale_multiplies_the_gradient_of_the_weight():
    x, offset, weight = scene(SETTINGS[0], modulated=False)
    grad, empty = torch.randn(2, 4, 6, 8).double(), x.new_empty(0)
    buffers = []
    for scale in (1, 3):
        buffer = torch.zeros_like(weight)
        deform.deform_conv_backward_parameters(
            x, offset, grad, buffer, empty, empty,
            kW=2, kH=3, dW=1, dH=1, padW=1, padH=1, dilationW=1, dilationH=1,
            group=1, deformable_group=1, scale=scale, im2col_step=1,
        )  # fmt: skip
        buffers.append(buffer)
    torch.testing.assert_close(buffers[1], 3 * buffers[0])


@pytest.mark.parametrize('step', [1, 2, 4])
def test_output_does_not_depend_on_the_step(step):
    x, offset, weight = scene(SETTINGS[0], modulated=False, batch=4)
    found = deform_conv2d(x, offset, weight, *SETTINGS[0], False, step)
    assert torch.equal(found, run(SETTINGS[0], (x, offset, weight)))


def test_an_empty_batch_gives_an_empty_output():
    x, offset, mask, weight = scene(SETTINGS[0], modulated=True, batch=0)
    output, empty = x.new_empty(0, 4, 6, 8), x.new_empty(0)
    deform.modulated_deform_conv_forward(
        x, weight, empty, empty, offset, mask, output, empty,
        kernel_h=3, kernel_w=2, stride_h=1, stride_w=1, pad_h=1, pad_w=1,
        dilation_h=1, dilation_w=1, group=1, deformable_group=1, with_bias=False,
    )  # fmt: skip
    assert output.shape == (0, 4, 6, 8)


@versions
@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_rounded_once(modulated, dtype):
    tensors = scene(SETTINGS[0], modulated, dtype)
    exact = run(SETTINGS[0], [t.float() for t in tensors])
    assert torch.equal(run(SETTINGS[0], tensors), exact.to(dtype))
