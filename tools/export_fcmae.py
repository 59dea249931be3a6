#!/usr/bin/env python
"""Write a masked autoencoder as the ConvNeXt V2 release does: CHECKPOINT to OUT."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from convnext_dense.cli import complain
from convnext_dense.errors import UserError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tool and return its exit code: 0, or 2 for a user's mistake."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', type=Path, help='of a pre-training here')
    parser.add_argument('out', type=Path, help='the .pth file to write')
    parser.add_argument(
        '--sparse', action='store_true', help="in the sparse engine's names"
    )
    args = parser.parse_args(arguments)
    import torch

    from convnext_dense.checkpoints import read_state
    from convnext_dense.pretrain.published import from_published, to_published

    try:
        state = from_published(read_state(args.checkpoint), str(args.checkpoint))
        torch.save({'model': to_published(state, sparse=args.sparse)}, args.out)
    except (UserError, OSError) as error:
        return complain(str(error))
    print(f'{len(state)} weights written to {args.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
