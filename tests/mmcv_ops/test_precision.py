import pytest

torch = pytest.importorskip('torch')

from convnext_dense.mmcv_ops.precision import working_dtype  # noqa: E402

TABLE = [
    (torch.float32, 'cpu', torch.float32),
    (torch.float64, 'cpu', torch.float64),
    (torch.float16, 'cpu', torch.float32),
    (torch.bfloat16, 'cpu', torch.float32),
    # The meta device stands for any accelerator.
    (torch.float32, 'meta', torch.float32),
    (torch.float64, 'meta', torch.float64),
    (torch.float16, 'meta', torch.float16),
    (torch.bfloat16, 'meta', torch.float32),
]


@pytest.mark.parametrize(('dtype', 'device', 'expected'), TABLE)
def test_only_what_the_kernels_lack_is_computed_in_single(dtype, device, expected):
    assert working_dtype(torch.empty(1, dtype=dtype, device=device)) == expected
