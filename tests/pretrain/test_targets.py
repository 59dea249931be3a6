import torch
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.pretrain.targets import normalized, patches_of, statistics


@given(
    pixels=st.integers(2, 3072),
    mean=st.floats(-3, 3),
    spread=st.sampled_from([0.0, 1e-3, 1.0]),
    seed=st.integers(0, 1000),
)
def test_normalized_patches_have_lost_their_statistics(pixels, mean, spread, seed):
    torch.manual_seed(seed)
    patches = mean + spread * torch.randn(2, 3, pixels, dtype=torch.float64)
    means, deviations = statistics(patches)
    torch.testing.assert_close(normalized(patches), (patches - means) / deviations)


def test_patches_are_cut_row_by_row_with_channels_last():
    images = torch.randn(2, 3, 64, 96)
    patches = patches_of(images)
    assert patches.shape == (2, 6, 3072)
    right_below = images[1, :, 32:64, 64:96].permute(1, 2, 0).flatten()
    assert torch.equal(patches[1, 5], right_below)
