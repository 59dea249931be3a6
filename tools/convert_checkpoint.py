#!/usr/bin/env python
"""Write the backbone of any public checkpoint with clean names and plain tensors."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from convnext_dense.cli import complain
from convnext_dense.errors import UserError

SUFFIXES = ('.safetensors', '.pth', '.pt')


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool and return its exit code: 0, or 2 for a user's mistake."""
    args = _parser().parse_args(arguments)
    try:
        print(convert(**vars(args)))
    except UserError as error:
        return complain(str(error))
    except OSError as error:
        return complain(f'cannot write {args.target}: {error.strerror}')
    except KeyboardInterrupt:
        return complain('interrupted, nothing was written', code=130)
    return 0


def convert(source: str, target: Path, to: str, force: bool, trust: bool) -> str:
    """Convert a checkpoint and say what it was.

    Every weight is checked against a backbone of the size that the file has.

    Args:
        source: A path, a URL, or ``convnext_dense://NAME``.
        target: A new file; its suffix decides the format.
        to: ``'ours'``, with the output norms that the source has, or ``'timm'``.
        force: Replace the target if it exists.
        trust: Allow the source to run code while it is read.

    Raises:
        UserError: If the source is no whole backbone, or the target cannot be made.
    """
    if target.suffix not in SUFFIXES:
        raise UserError(f'{target} must end in one of {", ".join(SUFFIXES)}')
    if target.exists() and not force:
        raise UserError(f'{target} exists; --force replaces it')
    from convnext_dense.backbones.infer import backbone_of
    from convnext_dense.checkpoints import load_pretrained
    from convnext_dense.checkpoints.renaming import to_timm

    backbone = backbone_of(source, trust=trust)
    report = load_pretrained(backbone, source, trust=trust)
    state = {key: backbone.state_dict()[key] for key in report.loaded}
    if to == 'timm':
        if 'Conv2Former' in report.layout:
            raise UserError('timm has no Conv2Former')
        state = to_timm(state)
    _save({key: value.contiguous() for key, value in state.items()}, target)
    number = sum(value.numel() for value in state.values())
    return (
        f'{source}: {report.layout}, {type(backbone).__name__} {backbone.depths} / '
        f'{backbone.widths}\n{target}: {len(state)} weights, {number:,} numbers, '
        f'names of {"timm" if to == "timm" else "convnext_dense"}'
    )


def _save(state: dict, target: Path) -> None:
    import torch
    from safetensors.torch import save

    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f'.{target.name}.{os.getpid()}')
    try:
        if target.suffix == '.safetensors':
            # The library's own writer makes files that nobody else may read.
            part.write_bytes(save(state))
        else:
            torch.save(state, part)
        part.replace(target)
    # torch turns a full disk or a missing right into an error of its own.
    except (OSError, RuntimeError) as error:
        first = str(error).partition('\n')[0]
        raise UserError(f'cannot write {target}: {first}') from error
    finally:
        part.unlink(missing_ok=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('source', help='a path, a URL or convnext_dense://NAME')
    parser.add_argument('target', type=Path, help=f'a file: {", ".join(SUFFIXES)}')
    parser.add_argument(
        '--to', choices=('ours', 'timm'), default='ours', help='whose names to write'
    )
    parser.add_argument('--force', action='store_true', help='replace the target')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='let the source run code while it is read: only if you know who made it',
    )
    return parser


if __name__ == '__main__':
    sys.exit(main())
