"""``convnext-dense app``: a page on this machine, until Ctrl+C."""

import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from convnext_dense.errors import UserError
from convnext_dense.inference import Predictor

from .examples import example_images

MEGABYTES = 32
MEGAPIXELS = 32
# People whose last image is kept in memory at a time.
MOST_SESSIONS = 24

HERE = Path(__file__).parent


def serve(
    checkpoint: Path,
    *,
    config: Path | None,
    examples: Path | None,
    host: str,
    port: int,
    device: str | None,
    window: int | None,
    say: Callable[[str], None],
) -> None:
    """Load a model and serve its page until it is interrupted.

    Args:
        checkpoint: A file of weights.
        config: The checkpoint's config, if it is not in it.
        examples: A folder of images to begin with; generated ones without it.
        host: The address to listen on.
        port: The port to listen on.
        device: Where the network runs.
        window: Side of a sliding window in pixels.
        say: Takes each line that a person should read.

    Raises:
        UserError: If the port is taken, Gradio is not installed, or the model cannot
            be used.
    """
    address = check_address(host, port)
    check_gradio()
    if config is None:
        predictor = Predictor(checkpoint, device=device, window=window)
    else:
        predictor = Predictor(config, checkpoint, device=device, window=window)
    signal.signal(signal.SIGTERM, _interrupt)
    with running(predictor, checkpoint.name, examples, host=host, port=port) as url:
        say(f'{checkpoint.name} is at {url} until Ctrl+C')
        if not address.is_loopback:
            say(f'everybody who reaches {host} can use it: there is no password')
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            say('stopped')


def _interrupt(*_: Any) -> None:
    """Answer a polite request to end like Ctrl+C, so that nothing is left behind."""
    # Those who ask often ask twice.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def running(
    predictor: Predictor,
    title: str,
    examples: Path | None = None,
    *,
    host: str = '127.0.0.1',
    port: int = 7860,
) -> Iterator[str]:
    """Serve the page of a model for the length of a ``with`` block; give its URL.

    What people upload lies in a temporary folder that is removed at the end. Nothing
    is sent anywhere.
    """
    with TemporaryDirectory(prefix='convnext-dense-') as folder:
        _set_environment(folder, host)
        from .page import build_page, theme

        images = example_images(examples, Path(folder))
        page = build_page(predictor, title, images, MEGAPIXELS * 1_000_000)
        page.queue(max_size=MOST_SESSIONS)
        try:
            yield _launch(page, theme(), host, port)
        finally:
            page.close(verbose=False)


def _set_environment(folder: str, host: str) -> None:
    """Set what Gradio reads, some of it when it is imported."""
    direct = os.environ.get('no_proxy') or os.environ.get('NO_PROXY')
    os.environ.update(
        GRADIO_ANALYTICS_ENABLED='False',
        GRADIO_TEMP_DIR=folder,
        HF_HUB_DISABLE_TELEMETRY='1',
        # It asks its own page whether it is there.
        no_proxy=','.join(filter(None, [direct, host, 'localhost'])),
    )


def _launch(page: Any, looks: Any, host: str, port: int) -> str:
    try:
        _, url, _ = page.launch(
            server_name=host,
            server_port=port,
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            inbrowser=False,
            max_file_size=f'{MEGABYTES}mb',
            state_session_capacity=MOST_SESSIONS,
            ssr_mode=False,
            mcp_server=False,
            enable_monitoring=False,
            pwa=False,
            footer_links=[],
            theme=looks,
            css_paths=HERE / 'page.css',
            js=(HERE / 'page.js').read_text(encoding='utf-8'),
        )
    except OSError as error:
        # Taken since it was checked.
        raise UserError(f'{host}:{port} cannot be listened on: {error}') from error
    return url


def check_address(host: str, port: int) -> IPv4Address | IPv6Address:
    """Check that a port can be listened on, before a model is loaded for it.

    Returns:
        The address of the host.

    Raises:
        UserError: If it is taken or not allowed, or there is no such address here.
    """
    if not 0 < port < 65536:
        raise UserError(f'--port {port}: ports are 1 to 65535')
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise UserError(
                f'port {port} is taken: choose another one with --port'
            ) from error
        raise UserError(
            f'{host}:{port} cannot be listened on: {error.strerror}'
        ) from error
    return ip_address(address[0])


def check_gradio() -> None:
    """Check that Gradio is there, before a model is loaded for it.

    Raises:
        UserError: If it is not.
    """
    if find_spec('gradio') is None:
        raise UserError("the page needs Gradio: pip install 'convnext-dense[app]'")
