"""What mmengine's checkpoints hold beside tensors, and may be read safely."""

from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer

STATISTICS = ('min', 'max', 'current', 'mean')


def history_method(owner: Any, name: str) -> Callable:
    """Stand in for ``getattr``, by which a history names its own statistics.

    mmengine allows ``getattr`` itself, with which a file can reach anything.

    Raises:
        UnpicklingError: If any other attribute of anything else is asked for.
    """
    if owner is not HistoryBuffer or name not in STATISTICS:
        raise UnpicklingError(f'Unsupported global: GLOBAL builtins.getattr ({name})')
    return vars(HistoryBuffer)[name]


# Containers of numbers, none of which can run code.
SAFE_GLOBALS = [
    HistoryBuffer,
    (history_method, 'builtins.getattr'),
    np.ndarray,
    np.dtype,
    np.dtypes.Float64DType,
    np.dtypes.Float32DType,
    np.dtypes.Int64DType,
    # The functions that rebuild arrays and scalars; numpy 1 and 2 hide them in
    # different private modules.
    np.zeros(1).__reduce__()[0],
    np.float64(0).__reduce__()[0],
]
