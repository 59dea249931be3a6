"""Names of the official weight files.

The classifiers of facebookresearch/ConvNeXt (MIT), facebookresearch/ConvNeXt-V2
(CC BY-NC 4.0) and HVision-NKU/Conv2Former (MIT), as their READMEs list them. None of
the three gives checksums.
"""

import difflib
import hashlib
import logging
import os
import re
from functools import cache
from os import PathLike
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import torch
from mmengine.logging import print_log

from convnext_dense.errors import CheckpointError

from .download import download

SCHEME = 'convnext_dense://'
HOST = 'https://dl.fbaipublicfiles.com/convnext/'
SHARED = 'https://pan.baidu.com/s/'


class Weights(NamedTuple):
    """Where a file is, its name in the cache, and its licence.

    ``by_hand`` tells that ``url`` is a page on which a person downloads it.
    """

    url: str
    file: str
    licence: str
    by_hand: bool = False


def _v1(name: str) -> Weights:
    return Weights(f'{HOST}{name}.pth', f'{name}.pth', 'MIT')


def _v2(folder: str, name: str) -> Weights:
    url = f'{HOST}convnextv2/{folder}/{name}.pt'
    return Weights(url, f'{name}.pt', 'CC BY-NC 4.0')


SIZES_V1 = ('tiny', 'small', 'base', 'large')
SIZES_V2 = ('atto', 'femto', 'pico', 'nano', 'tiny', 'base', 'large', 'huge')

ZOO: dict[str, Weights] = (
    {
        name: _v1(name)
        for name in (
            *(f'convnext_{size}_1k_224' for size in SIZES_V1),
            *(f'convnext_{size}_22k_224' for size in (*SIZES_V1, 'xlarge')),
        )
    }
    | {
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
    | {
        name: Weights(f'{SHARED}{page}', f'{name}.pth', 'MIT', by_hand=True)
        for name, page in {
            'conv2former_n_1k_224': '1sgO-UhF27UQrGtfKJzck3A?pwd=6ku9',
            'conv2former_t_1k_224': '1Rfsi5p5usr3UE46jigtlcg?pwd=gwq4',
            'conv2former_s_1k_224': '16Lu1LcQkOoSQXnZVGxGPxg?pwd=6z6m',
            'conv2former_b_1k_224': '1q5V1J3jzAoKQis-hx6rTVg?pwd=bdgj',
            'conv2former_s_22k_1k_224': '17dq0ScQ8e5wOqZHfu6nfDw?pwd=wg3s',
            'conv2former_b_22k_1k_224': '1TlIacEV4xaedQRKoL5wxTQ?pwd=emdg',
            'conv2former_l_22k_1k_224': '1GNKsMsO4oStGqKAwV8eltQ?pwd=dyfj',
            'conv2former_l_22k_1k_384': '1kXUvZLRpIA8i_vZ-HroTZw?pwd=iwm9',
        }.items()
    }
)


def cache_dir() -> Path:
    """Give the folder of downloaded files: ``$CONVNEXT_DENSE_CACHE`` or torch's."""
    chosen = os.environ.get('CONVNEXT_DENSE_CACHE')
    default = Path(torch.hub.get_dir()) / 'convnext_dense'
    return Path(os.path.expanduser(chosen)) if chosen else default


def fetch(source: str | PathLike) -> Path:
    """Turn a path, a URL or a zoo name into a local file, downloading if need be.

    A file in the cache under its published name is taken as it is.

    Raises:
        CheckpointError: On an unknown name, a failed download, or a file that only a
            person can download and that is not in the cache yet.
    """
    text = os.fspath(source)
    if text.startswith(SCHEME):
        weights = _look_up(text.removeprefix(SCHEME))
    elif text.startswith(('http://', 'https://')):
        weights = Weights(text, _file_name(text), licence='')
    elif re.match(r'[\w.+-]+://', text):
        raise CheckpointError(
            f'{text}: weights are read from paths, http(s):// and {SCHEME} addresses'
        )
    else:
        path = Path(os.path.expanduser(text))
        if not path.exists() and zoo_hint(path):
            raise CheckpointError(f'checkpoint not found: {path}{zoo_hint(path)}')
        return path
    path = cache_dir() / weights.file
    if 'NC' in weights.licence:
        _say_licence(weights.licence, weights.file)
    if path.is_file():
        return path
    licence = f' (licence: {weights.licence})' if weights.licence else ''
    if weights.by_hand:
        raise CheckpointError(
            f'{weights.file} has no direct link: download it at {weights.url} and put '
            f'it at {path}, or give its path{licence}'
        )
    try:
        download(weights.url, path)
    # A ValueError is of an address that is none.
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f'could not download {weights.url}: {error}; fetch it where there is a '
            f'network and put it at {path}, or give a path{licence}'
        ) from error
    return path


def zoo_hint(path: Path) -> str:
    """Say of a path that is not there whether a name of the zoo was meant."""
    if path.name not in ZOO:
        return ''
    return (
        f'; {SCHEME}{path.name} names the weights of a backbone, for '
        'model.backbone.init_cfg.checkpoint'
    )


def _look_up(name: str) -> Weights:
    if name not in ZOO:
        near = difflib.get_close_matches(name, ZOO, n=3) or [*ZOO][:3]
        raise CheckpointError(f'no weights {name!r}; near: {", ".join(near)}')
    return ZOO[name]


@cache  # once a run is enough
def _say_licence(licence: str, file: str) -> None:
    print_log(
        f'{file} is licensed {licence}: not for commercial use, and neither are models '
        'that start from it',
        logger='current',
        level=logging.WARNING,
    )


def _file_name(url: str) -> str:
    name = urlsplit(url).path.rsplit('/', 1)[-1]
    if url.startswith(HOST):
        return name
    # Elsewhere many files have one name, such as model.safetensors.
    return f'{hashlib.sha256(url.encode()).hexdigest()[:8]}-{name}'
