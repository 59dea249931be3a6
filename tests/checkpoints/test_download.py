import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from convnext_dense.checkpoints.download import download

BODY = bytes(range(256)) * 40  # 10,240 bytes


class Server:
    """A file server on this machine whose connections can break."""

    def __init__(self):
        self.body, self.etag = BODY, '"1"'
        self.knows_ranges = True
        self.breaks_after = None  # bytes
        self.asked = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *args):
                return

        self.http = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.http.server_port}'
        threading.Thread(
            target=self.http.serve_forever, args=(0.01,), daemon=True
        ).start()

    def answer(self, handler):
        asked = handler.headers.get('Range')
        self.asked.append(asked)
        begin = int(re.match(r'bytes=(\d+)-', asked)[1]) if asked else 0
        begin = begin if self.knows_ranges else 0
        handler.send_response(206 if begin else 200)
        handler.send_header('Content-Length', str(len(self.body) - begin))
        handler.send_header('ETag', self.etag)
        handler.end_headers()
        try:
            handler.wfile.write(self.body[begin : self.breaks_after])
        except BrokenPipeError:
            self.asked.append('hung up')


@pytest.fixture
def server():
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'cache' / 'weights.pth'


def broken_off(server, path, after=1000):
    """Try to download over a connection that ends too early."""
    server.breaks_after = after
    with pytest.raises(OSError, match=r'ended after [\d,]+ of 10,240'):
        download(f'{server.url}/weights.pth', path)
    server.breaks_after = None


def test_a_file_arrives_whole(server, path):
    download(f'{server.url}/weights.pth', path)
    assert path.read_bytes() == BODY


@pytest.mark.parametrize('page', [b'<!DOCTYPE html>\n<title>Log in', b'\n <html><p>'])
def test_a_page_is_no_file_and_is_not_kept(server, path, page):
    server.body = page
    with pytest.raises(OSError, match='sent a page'):
        download(f'{server.url}/weights.pth', path)
    assert {file.suffix for file in path.parent.iterdir()} <= {'.lock'}


def test_nothing_but_the_file_and_its_lock_is_left(server, path):
    download(f'{server.url}/weights.pth', path)
    assert {file.name for file in path.parent.iterdir()} <= {
        'weights.pth', 'weights.pth.lock'
    }  # fmt: skip


def test_a_connection_that_ends_too_early_leaves_no_file(server, path):
    broken_off(server, path)
    assert not path.exists()


def test_the_next_attempt_goes_on_where_the_last_ended(server, path):
    broken_off(server, path)
    download(f'{server.url}/weights.pth', path)
    assert server.asked[-1] == 'bytes=1000-'
    assert path.read_bytes() == BODY


def test_a_server_without_ranges_sends_all_again(server, path):
    broken_off(server, path)
    server.knows_ranges = False
    download(f'{server.url}/weights.pth', path)
    assert path.read_bytes() == BODY


def test_parts_of_two_versions_are_never_joined(server, path):
    broken_off(server, path)
    server.body, server.etag = BODY[::-1], '"2"'
    download(f'{server.url}/weights.pth', path)
    assert path.read_bytes() == BODY[::-1]


def test_a_part_left_by_a_killed_process_is_taken_up(server, path):
    broken_off(server, path)
    (part,) = path.parent.glob('*.part')
    part.write_bytes(BODY[:777])
    download(f'{server.url}/weights.pth', path)
    assert server.asked[-1] == 'bytes=777-'
    assert path.read_bytes() == BODY


def test_a_part_that_is_too_long_is_not_taken(server, path):
    broken_off(server, path)
    (part,) = path.parent.glob('*.part')
    part.write_bytes(BODY + b'more')
    download(f'{server.url}/weights.pth', path)
    assert path.read_bytes() == BODY


@pytest.mark.parametrize('digits', [8, 64])
def test_a_checksum_in_the_name_that_is_right_is_accepted(server, path, digits):
    mark = hashlib.sha256(BODY).hexdigest()[:digits]
    download(f'{server.url}/weights-{mark}.pth', path)
    assert path.is_file()


def test_a_checksum_in_the_name_that_is_wrong_leaves_nothing(server, path):
    with pytest.raises(OSError, match='not with deadbeef'):
        download(f'{server.url}/weights-deadbeef.pth', path)
    assert [file.name for file in path.parent.iterdir()] in ([], ['weights.pth.lock'])


def test_processes_that_ask_together_download_once(server, path):
    threads = [
        threading.Thread(target=download, args=(f'{server.url}/weights.pth', path))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.asked == [None]


def test_a_full_disk_leaves_no_file(server, path, monkeypatch):
    def full(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('convnext_dense.checkpoints.download._save', full)
    with pytest.raises(OSError, match='No space'):
        download(f'{server.url}/weights.pth', path)
    assert not path.exists()


def test_no_server_is_an_os_error(path):
    with pytest.raises(OSError, match='refused'):
        download('http://127.0.0.1:9/weights.pth', path)
