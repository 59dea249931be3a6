"""What ``mmcv._ext`` offers, under the names and signatures of the compiled one.

Source of names and signatures: open-mmlab/mmcv, mmcv/ops/csrc/pytorch/pybind.cpp.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import torchvision

from convnext_dense.mmcv_ops.attention import (
    ms_deform_attn_backward,
    ms_deform_attn_forward,
)
from convnext_dense.mmcv_ops.boxes import nms, nms_match, softnms
from convnext_dense.mmcv_ops.deform import (
    deform_conv_backward_input,
    deform_conv_backward_parameters,
    deform_conv_forward,
    modulated_deform_conv_backward,
    modulated_deform_conv_forward,
)
from convnext_dense.mmcv_ops.focal import (
    sigmoid_focal_loss_backward,
    sigmoid_focal_loss_forward,
    softmax_focal_loss_backward,
    softmax_focal_loss_forward,
)
from convnext_dense.mmcv_ops.roi_align import roi_align_backward, roi_align_forward
from convnext_dense.mmcv_ops.roi_pool import roi_pool_backward, roi_pool_forward

__all__ = [
    'deform_conv_backward_input',
    'deform_conv_backward_parameters',
    'deform_conv_forward',
    'get_compiler_version',
    'get_compiling_cuda_version',
    'modulated_deform_conv_backward',
    'modulated_deform_conv_forward',
    'ms_deform_attn_backward',
    'ms_deform_attn_forward',
    'nms',
    'nms_match',
    'roi_align_backward',
    'roi_align_forward',
    'roi_pool_backward',
    'roi_pool_forward',
    'sigmoid_focal_loss_backward',
    'sigmoid_focal_loss_forward',
    'softmax_focal_loss_backward',
    'softmax_focal_loss_forward',
    'softnms',
]

BUILD_COMMAND = 'pip install --no-build-isolation --no-binary onedl-mmcv onedl-mmcv'


def get_compiler_version() -> str:
    """Say in mmcv's environment report that no compiler was involved."""
    return f'none (convnext_dense.mmcv_ops on torchvision {torchvision.__version__})'


def get_compiling_cuda_version() -> str:
    """Say in mmcv's environment report that no CUDA code was compiled."""
    return 'not available'


def unsupported(name: str) -> Callable[..., NoReturn]:
    """Stand for an operator of the compiled extension that is missing here.

    Args:
        name: The operator's name in the extension.

    Returns:
        A function that accepts any arguments and raises ``NotImplementedError``.

    Raises:
        AttributeError: If the name starts with an underscore. Python and its tools
            probe modules for such names; no operator has one.
    """
    if name.startswith('_'):
        raise AttributeError(f"module 'mmcv._ext' has no attribute {name!r}")

    def operator(*_args: Any, **_kwargs: Any) -> NoReturn:
        raise NotImplementedError(
            f"the operator {name!r} exists only in mmcv's compiled extension, and "
            'this mmcv was installed without one (convnext_dense stands in for the '
            'common operators). To compile it, which takes a C++ compiler (for GPU '
            'code also the CUDA toolkit) and about 20 minutes: install torch, then '
            f'run `{BUILD_COMMAND}`'
        )

    operator.__name__ = operator.__qualname__ = name
    return operator
