import numpy as np

from convnext_dense.visualization import draw_reconstructions, to_pixels
from convnext_dense.visualization.reconstructions import REMOVED


def test_normalised_images_come_back_as_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8)
    mean, std = np.array([[[120.0]], [[110]], [[100]]]), np.full((3, 1, 1), 57.0)
    normalised = (pixels.transpose(0, 3, 1, 2) - mean) / std
    assert np.array_equal(to_pixels(normalised, mean, std), pixels)


def test_values_beyond_the_range_are_clipped():
    wild = np.array([-9.0, 9.0]).reshape(1, 1, 1, 2).repeat(3, 1)
    found = to_pixels(wild, np.full((3, 1, 1), 100.0), np.full((3, 1, 1), 50.0))
    assert (found.min(), found.max()) == (0, 255)


def test_removed_patches_are_grey_in_the_second_row_alone():
    images = np.full((1, 64, 64, 3), 200, np.uint8)
    masks = np.array([[[True, False], [False, False]]])
    sheet, unmasked = (
        np.asarray(draw_reconstructions(images, images, mask))
        for mask in (masks, np.zeros_like(masks))
    )
    changed = (sheet != unmasked).any(-1)
    assert changed.sum() == 32 * 32
    assert (sheet[changed] == REMOVED).all()
