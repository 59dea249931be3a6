import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from convnext_dense.errors import UserError
from convnext_dense.pretrain import VisiblePatches, random_mask


@given(st.integers(1, 4), st.integers(1, 9), st.integers(2, 9), st.floats(0.1, 0.9))
def test_every_image_keeps_the_published_number_of_patches(images, h, w, ratio):
    keep = int(h * w * (1 - ratio) + 1e-6)
    if keep == 0:
        with pytest.raises(UserError, match='larger images'):
            random_mask(images, h, w, ratio)
        return
    mask = random_mask(images, h, w, ratio)
    assert mask.shape == (images, h, w)
    assert (~mask).flatten(1).sum(1).tolist() == [keep] * images


def test_an_image_of_224_keeps_19_of_49_patches():
    assert (~random_mask(1, 7, 7, 0.6)).sum() == 19


def test_images_of_a_batch_have_masks_of_their_own():
    mask = random_mask(2, 7, 7, 0.6)
    assert not torch.equal(mask[0], mask[1])


def test_every_patch_is_removed_as_often_as_any_other():
    share = random_mask(4000, 3, 3, 0.6).float().mean(0)
    assert (share - 6 / 9).abs().max() < 0.04


def test_a_generator_decides_the_mask():
    masks = [
        random_mask(2, 4, 4, 0.5, generator=torch.Generator().manual_seed(3))
        for _ in range(2)
    ]
    assert torch.equal(*masks)


@pytest.mark.parametrize('ratio', [0, 1, -0.5, 1.5, float('nan')])
def test_a_ratio_that_is_no_share_is_refused(ratio):
    with pytest.raises(UserError, match='mask_ratio must be between 0 and 1'):
        random_mask(1, 7, 7, ratio)


@pytest.mark.parametrize('ratio', [0.8, 0.95])
def test_a_mask_that_leaves_nothing_is_refused(ratio):
    with pytest.raises(UserError, match='2 x 2 patches has none left at mask_ratio'):
        random_mask(1, 2, 2, ratio)


@given(st.floats(1e-3, 0.999))
def test_a_mask_always_removes_something(ratio):
    assert random_mask(1, 50, 50, ratio).any()


def test_images_that_keep_different_numbers_are_refused():
    mask = torch.zeros(2, 2, 2, dtype=torch.bool)
    mask[0, 0] = True
    with pytest.raises(ValueError, match='same number'):
        VisiblePatches(mask)


def test_a_mask_that_keeps_nothing_is_refused():
    with pytest.raises(ValueError, match='same number'):
        VisiblePatches(torch.ones(2, 3, 3, dtype=torch.bool))


@pytest.fixture(params=[1, 4])
def case(request):
    """A mask of three images, and images of patches with this many pixels a side."""
    mask = random_mask(3, 4, 5, 0.6)
    side = request.param
    return VisiblePatches(mask), mask, torch.randn(3, 2, 4 * side, 5 * side), side


def test_stacked_patches_stand_in_the_order_of_the_image(case):
    visible, mask, images, side = case
    column = visible.stack(images)
    for image in range(3):
        places = (~mask[image]).nonzero().tolist()
        for number, (row, col) in enumerate(places):
            patch = images[image, :, row * side :, col * side :][:, :side, :side]
            found = column[image, :, number * side : (number + 1) * side]
            assert torch.equal(found, patch)


def test_spreading_puts_patches_back_among_zeros(case):
    visible, mask, images, side = case
    keep = (~mask).repeat_interleave(side, 1).repeat_interleave(side, 2)[:, None]
    assert torch.equal(visible.spread(visible.stack(images)), images * keep)


@pytest.mark.parametrize('what', ['stack', 'spread'])
def test_gradients_are_those_of_the_definition(what):
    mask = random_mask(2, 2, 3, 0.5)
    visible = VisiblePatches(mask)
    shape = (2, 2, 4, 6) if what == 'stack' else (2, 2, 6, 2)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(getattr(visible, what), (x,))
