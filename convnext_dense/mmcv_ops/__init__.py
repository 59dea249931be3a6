"""mmcv without a compiler: a stand-in for its compiled extension.

mmcv, mmdet and mmseg need ``mmcv._ext``, C++ and CUDA code that exists prebuilt for
few combinations of torch, Python and CUDA. After :func:`install`, Python finds a
module of that name written on torchvision's operators and plain torch, wherever no
compiled one exists.
"""

from convnext_dense.mmcv_ops.finder import install

__all__ = ['install']
