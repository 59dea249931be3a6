import pytest

from convnext_dense.app.examples import MOST, example_images
from convnext_dense.errors import UserError
from convnext_dense.inference import read_image


def test_without_a_folder_there_are_generated_images(tmp_path):
    found = example_images(None, tmp_path)
    assert len(found) == MOST
    assert {read_image(path).shape for path in found} == {(128, 128, 3)}


def test_images_of_a_folder_are_copied_in_order(shapes, tmp_path):
    found = example_images(shapes / 'images/val', tmp_path)
    assert [path.name for path in found] == [f'{i:06d}.png' for i in range(4)]
    assert all(tmp_path in path.parents for path in found)


@pytest.mark.parametrize(
    ('name', 'message'),
    [('absent', 'no folder of examples'), ('.', 'holds no images')],
)
def test_a_folder_without_images_is_named(tmp_path, name, message):
    with pytest.raises(UserError, match=message):
        example_images(tmp_path / name, tmp_path)
