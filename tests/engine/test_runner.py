"""What cannot be built is named by its part of the config."""

import pytest

from convnext_dense.engine.explaining import explained
from convnext_dense.errors import UserError


@pytest.mark.parametrize('error', [AssertionError(), KeyError('x'), TypeError('x')])
def test_an_error_of_the_host_names_the_part(error):
    with (
        pytest.raises(UserError, match="the config's optim_wrapper cannot be built"),
        explained('optim_wrapper'),
    ):
        raise error


def test_an_error_for_the_user_stays_as_it_is():
    with pytest.raises(UserError, match='mend it'), explained('model'):
        raise UserError('mend it')
