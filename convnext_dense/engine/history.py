"""What mmengine's checkpoints hold beside tensors, and may be read safely."""

import numpy as np
from mmengine.logging import HistoryBuffer

# Containers of numbers, none of which can run code. mmengine's own list holds
# `getattr`, with which a file can reach anything.
SAFE_GLOBALS = [
    HistoryBuffer,
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
