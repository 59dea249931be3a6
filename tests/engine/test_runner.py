"""What cannot be built is named by its part of the config."""

import pytest
import torch

from convnext_dense.engine.explaining import explained
from convnext_dense.errors import UserError


@pytest.mark.parametrize('error', [AssertionError(), KeyError('x'), TypeError('x')])
def test_an_error_of_the_host_names_the_part(error):
    with (
        pytest.raises(UserError, match="the config's optim_wrapper cannot be built"),
        explained('optim_wrapper'),
    ):
        raise error


def test_an_error_without_words_shows_the_line_that_failed():
    heads = pytest.importorskip('mmseg.models.decode_heads')
    with (
        pytest.raises(
            UserError, match=r'int\)", line .*look at model\.a\.in_index=\[0, 1'
        ),
        explained('model', dict(a=dict(in_index=[0, 1], channels=4))),
    ):
        heads.FCNHead(in_channels=8, channels=4, num_classes=2, in_index=[0, 1])


def test_an_error_for_the_user_stays_as_it_is():
    with pytest.raises(UserError, match='mend it'), explained('model'):
        raise UserError('mend it')


def test_an_argument_that_another_type_lacks_is_told_with_the_way_to_drop_it():
    with (
        pytest.raises(UserError, match='add _delete_=True beside the type'),
        explained('optim_wrapper'),
    ):
        torch.optim.SGD([torch.zeros(1)], lr=1.0, betas=(0.9, 0.99))
