import socket
import urllib.request
from pathlib import Path

import pytest

from convnext_dense.app import server
from convnext_dense.errors import UserError


@pytest.fixture
def taken():
    """Give a port that somebody listens on."""
    with socket.socket() as listening:
        listening.bind(('127.0.0.1', 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_port_that_is_taken_is_named_with_the_way_out(taken):
    with pytest.raises(UserError, match=f'port {taken} is taken: .* --port'):
        server.check_address('127.0.0.1', taken)


@pytest.mark.parametrize('port', [-1, 0, 65536])
def test_a_port_that_cannot_be_is_refused(port):
    with pytest.raises(UserError, match='ports are 1 to 65535'):
        server.check_address('127.0.0.1', port)


@pytest.mark.parametrize('host', ['no.such.host.invalid', '192.0.2.1'])
def test_an_address_of_elsewhere_is_named(host, free_port):
    with pytest.raises(UserError, match=f'{host}:.* cannot be listened on'):
        server.check_address(host, free_port)


@pytest.mark.parametrize(
    ('host', 'alone'), [('127.0.0.1', True), ('localhost', True), ('0.0.0.0', False)]
)
def test_it_is_known_whether_others_get_in(host, alone, free_port):
    assert server.check_address(host, free_port).is_loopback is alone


def test_without_gradio_the_way_to_it_is_said(monkeypatch):
    monkeypatch.setattr(server, 'find_spec', lambda name: None)
    with pytest.raises(UserError, match=r'pip install .convnext-dense\[app\]'):
        server.check_gradio()


@pytest.mark.usefixtures('gradio')
def test_the_page_is_there_for_the_block_and_its_files_are_not_after_it(
    finder, free_port, monkeypatch
):
    monkeypatch.setenv('GRADIO_TEMP_DIR', '')
    with server.running(finder, 'best.pth', port=free_port) as url:
        folder = Path(server.os.environ['GRADIO_TEMP_DIR'])
        page = urllib.request.urlopen(url).read().decode()
        assert 'best.pth' in page
        assert folder.is_dir()
    assert not folder.exists()
    server.check_address('127.0.0.1', free_port)


@pytest.mark.usefixtures('gradio')
def test_a_port_that_was_taken_in_the_meantime_is_named(finder, taken):
    with (
        pytest.raises(UserError, match=f'127.0.0.1:{taken} cannot be listened on'),
        server.running(finder, 'best.pth', port=taken),
    ):
        pytest.fail('it ran')
