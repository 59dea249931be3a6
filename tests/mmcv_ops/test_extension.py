import importlib
import inspect
import re
from pathlib import Path

import pytest
import torch

pytest.importorskip('torchvision')
mmcv = pytest.importorskip('mmcv')

from convnext_dense.mmcv_ops import extension, finder  # noqa: E402

ext = importlib.import_module('mmcv._ext')
if not isinstance(ext.__spec__.loader, finder.StandInLoader):
    pytest.skip('mmcv has its compiled extension', allow_module_level=True)

ops = importlib.import_module('mmcv.ops')
BINDINGS = Path(mmcv.__file__).parent / 'ops/csrc/pytorch/pybind.cpp'


@pytest.mark.parametrize('name', extension.__all__)
def test_arguments_are_those_of_the_compiled_operator(name):
    if not BINDINGS.exists():
        pytest.skip('this mmcv ships no C++ sources')
    binding = re.search(rf'm\.def\("{name}",.*?\);', BINDINGS.read_text(), re.DOTALL)
    arguments = re.findall(r'py::arg\("(\w+)"\)', binding.group())
    assert list(inspect.signature(getattr(ext, name)).parameters) == arguments


@pytest.mark.parametrize('name', ['carafe_forward', 'box_iou_rotated', 'no_such_thing'])
def test_a_missing_operator_seems_to_exist(name):
    assert hasattr(ext, name)


@pytest.mark.parametrize('name', ['carafe_forward', 'box_iou_rotated'])
def test_calling_a_missing_operator_names_it(name):
    with pytest.raises(NotImplementedError, match=name):
        getattr(ext, name)(torch.zeros(1), scale=2)


def test_calling_a_missing_operator_says_how_to_compile_it():
    with pytest.raises(NotImplementedError, match='pip install --no-build-isolation'):
        ops.box_iou_rotated(torch.zeros(1, 5), torch.zeros(1, 5))


@pytest.mark.parametrize('name', ['__wrapped__', '__all__', '__path__', '_private'])
def test_names_with_an_underscore_do_not_exist(name):
    assert not hasattr(ext, name)


def test_the_environment_report_says_that_nothing_was_compiled():
    assert ops.get_compiler_version().startswith('none')


def deformable(layer):
    return lambda: layer(3, 4, 3, padding=1)(torch.rand(2, 3, 6, 6))


def attention():
    layer = ops.MultiScaleDeformableAttention(8, 2, 1, 2, batch_first=True)
    return layer(
        torch.rand(2, 12, 8),
        reference_points=torch.rand(2, 12, 1, 2),
        spatial_shapes=torch.tensor([[3, 4]]),
        level_start_index=torch.tensor([0]),
    )


def pooled(layer):
    rois = torch.tensor([[0.0, 1, 1, 5, 5]])
    return lambda: layer(2, 1.0)(torch.rand(1, 3, 6, 6, requires_grad=True), rois)


def focal(layer):
    logits = torch.rand(5, 3, requires_grad=True)
    return lambda: layer(2.0, 0.25)(logits, torch.tensor([0, 1, 2, 0, 1]))


LAYERS = {
    'DeformConv2dPack': deformable(ops.DeformConv2dPack),
    'ModulatedDeformConv2dPack': deformable(ops.ModulatedDeformConv2dPack),
    'MultiScaleDeformableAttention': attention,
    'RoIAlign': pooled(ops.RoIAlign),
    'RoIPool': pooled(ops.RoIPool),
    'SigmoidFocalLoss': focal(ops.SigmoidFocalLoss),
    'SoftmaxFocalLoss': focal(ops.SoftmaxFocalLoss),
}


@pytest.mark.parametrize('name', LAYERS)
def test_layers_of_mmcv_run_forward_and_backward(name):
    LAYERS[name]().sum().backward()
