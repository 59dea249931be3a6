"""Files from the network: whole under their name, or not there at all."""

import hashlib
import re
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from filelock import FileLock
from tqdm import tqdm

# Publishers that give a checksum write its first digits before the suffix.
CHECKSUM = re.compile(r'-([0-9a-f]{8,64})\.\w+$')
PAGES = (b'<!doctype', b'<html')
BLOCK = 1 << 20  # bytes
TIMEOUT = 30  # seconds without an answer


def download(url: str, path: Path) -> None:
    """Download a file, going on where an earlier attempt ended.

    Of several processes one downloads and the others wait. The file has its name only
    once all of it is there and, where its name holds one, its checksum is right.

    Args:
        url: Where it is.
        path: The file; its folder is made.

    Raises:
        OSError: If there is no connection, it ends too early, the disk is full, the
            checksum is another, or a page comes instead of a file. What has arrived
            of the file is kept for the next attempt.
        ValueError: If the address is none.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f'{path}.lock'):
        if path.is_file():
            return
        try:
            part = _fill(url, path)
        except HTTPException as error:
            raise OSError(f'the server broke off: {error!r}') from error
        _check(url, part)
        part.replace(path)


def _fill(url: str, path: Path) -> Path:
    with urlopen(url, timeout=TIMEOUT) as source:
        total = int(source.headers.get('Content-Length') or 0)
        version = source.headers.get('ETag') or str(total)
        # Parts of different versions of a file never meet.
        mark = hashlib.sha256(version.encode()).hexdigest()[:8]
        part = path.with_name(f'{path.name}.{mark}.part')
        begun = part.stat().st_size if part.is_file() else 0
        if not 0 < begun < total:
            _save(source, part, 0, total)
    if 0 < begun < total:
        request = Request(url, headers={'Range': f'bytes={begun}-'})
        with urlopen(request, timeout=TIMEOUT) as source:
            # A server that does not know ranges answers 200 and sends all.
            _save(source, part, begun if source.status == 206 else 0, total)
    size = part.stat().st_size
    if total and size != total:
        raise OSError(
            f'the connection ended after {size:,} of {total:,} bytes; '
            'the next attempt goes on from there'
        )
    return part


def _save(source, part: Path, begun: int, total: int) -> None:
    name = part.name.rsplit('.', 2)[0]
    with (
        part.open('ab' if begun else 'wb') as target,
        tqdm(total=total, initial=begun, unit='B', unit_scale=True, desc=name) as bar,
    ):
        while block := source.read(BLOCK):
            bar.update(target.write(block))


def _check(url: str, part: Path) -> None:
    with part.open('rb') as file:
        if file.read(512).lstrip().lower().startswith(PAGES):
            part.unlink()
            raise OSError(
                'the server sent a page, not a file: log in, or copy the link'
            )
    expected = CHECKSUM.search(urlsplit(url).path)
    if not expected:
        return
    with part.open('rb') as file:
        digest = hashlib.sha256()
        while block := file.read(BLOCK):
            digest.update(block)
    found = digest.hexdigest()
    if not found.startswith(expected[1]):
        part.unlink()
        raise OSError(
            f'its sha256 begins with {found[:8]}, not with {expected[1][:8]} as its '
            'name says'
        )
