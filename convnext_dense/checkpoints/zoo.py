"""Names of the official weight files.

The classifiers of facebookresearch/ConvNeXt (MIT) and facebookresearch/ConvNeXt-V2
(CC BY-NC 4.0), as their READMEs list them. Their publisher gives no checksums.
"""

import contextlib
import difflib
import hashlib
import os
from http.client import HTTPException
from os import PathLike
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import urlopen

import torch
from tqdm import tqdm

from convnext_dense.errors import CheckpointError

SCHEME = 'convnext_dense://'
HOST = 'https://dl.fbaipublicfiles.com/convnext/'


class Weights(NamedTuple):
    """Where a file is and what its licence is."""

    url: str
    licence: str


def _v1(name: str) -> Weights:
    return Weights(f'{HOST}{name}.pth', 'MIT')


def _v2(folder: str, name: str) -> Weights:
    return Weights(f'{HOST}convnextv2/{folder}/{name}.pt', 'CC BY-NC 4.0')


SIZES_V1 = ('tiny', 'small', 'base', 'large')
SIZES_V2 = ('atto', 'femto', 'pico', 'nano', 'tiny', 'base', 'large', 'huge')

ZOO: dict[str, Weights] = {
    name: _v1(name)
    for name in (
        *(f'convnext_{size}_1k_224' for size in SIZES_V1),
        *(f'convnext_{size}_22k_224' for size in (*SIZES_V1, 'xlarge')),
    )
} | {
    name: _v2(folder, name)
    for folder, names in {
        'pt_only': [f'convnextv2_{size}_1k_224_fcmae' for size in SIZES_V2],
        'im1k': [f'convnextv2_{size}_1k_224_ema' for size in SIZES_V2],
        'im22k': [
            *(
                f'convnextv2_{size}_22k_{side}_ema'
                for size in ('nano', 'tiny', 'base', 'large')
                for side in (224, 384)
            ),
            *(f'convnextv2_huge_22k_{side}_ema' for side in (384, 512)),
        ],
    }.items()
    for name in names
}


def cache_dir() -> Path:
    """Give the folder of downloaded files: ``$CONVNEXT_DENSE_CACHE`` or torch's."""
    default = Path(torch.hub.get_dir()) / 'convnext_dense'
    return Path(os.environ.get('CONVNEXT_DENSE_CACHE', default))


def fetch(source: str | PathLike) -> Path:
    """Turn a path, a URL or a zoo name into a local file, downloading if need be.

    A file in the cache under its published name is taken as it is.

    Raises:
        CheckpointError: On an unknown name or a failed download.
    """
    text = os.fspath(source)
    licence = ''
    if text.startswith(SCHEME):
        name = text.removeprefix(SCHEME)
        if name not in ZOO:
            near = difflib.get_close_matches(name, ZOO, n=3) or [*ZOO][:3]
            raise CheckpointError(f'no weights {name!r}; near: {", ".join(near)}')
        text, licence = ZOO[name]
    if not text.startswith(('http://', 'https://')):
        return Path(text).expanduser()
    path = cache_dir() / _file_name(text)
    if not path.is_file():
        _download(text, path, licence)
    return path


def _file_name(url: str) -> str:
    name = urlsplit(url).path.rsplit('/', 1)[-1]
    if url.startswith(HOST):
        return name
    # Elsewhere many files have one name, such as model.safetensors.
    return f'{hashlib.sha256(url.encode()).hexdigest()[:8]}-{name}'


def _download(url: str, path: Path, licence: str) -> None:
    part = path.with_name(f'{path.name}.{os.getpid()}.part')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with urlopen(url) as source, part.open('wb') as target:
            total = int(source.headers.get('Content-Length') or 0)
            bar = tqdm(total=total, unit='B', unit_scale=True, desc=path.name)
            with bar:
                while block := source.read(1 << 20):
                    bar.update(target.write(block))
        size = part.stat().st_size
        if total and size != total:
            raise OSError(f'the connection ended after {size:,} of {total:,} bytes')
        # Only a whole file ever has the name that is looked for.
        part.replace(path)
    except (OSError, HTTPException) as error:
        raise CheckpointError(
            f'could not download {url}: {error}; fetch it where there is a network '
            f'and put it at {path}, or give a path'
            + (f' (licence: {licence})' if licence else '')
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
