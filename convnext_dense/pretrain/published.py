"""Checkpoints of masked autoencoders as facebookresearch/ConvNeXt-V2 publishes them.

They hold the encoder, in dense or in the sparse engine's names, and the decoder, which
starts a continued pre-training where the published one ended.
"""

from os import PathLike

from torch import Tensor, nn

from convnext_dense.checkpoints import load_matching, read_state
from convnext_dense.checkpoints.renaming import VECTOR, rename, to_sparse
from convnext_dense.checkpoints.zoo import fetch
from convnext_dense.errors import CheckpointError

ENCODER = 'encoder.'


def load_published(
    model: nn.Module, source: str | PathLike, *, trust: bool = False
) -> None:
    """Load a whole masked autoencoder, of the release or of our own.

    Args:
        model: An FCMAE of the same encoder and decoder.
        source: A path, a URL, or ``convnext_dense://NAME`` from the zoo.
        trust: Allow the file to run code while it is read.

    Raises:
        CheckpointError: If the file cannot be read, holds no masked autoencoder, or
            does not fit the model; nothing is loaded then.
    """
    path = fetch(source)
    state = read_state(path, trust=trust)
    load_matching(model, from_published(state, str(path)), str(path))


def from_published(state: dict[str, Tensor], source: str) -> dict[str, Tensor]:
    """Bring the weights of a masked autoencoder into our names and shapes.

    Raises:
        CheckpointError: If there is no encoder or no decoder in it.
    """
    renamed = rename(state)
    if renamed is None or not renamed.prefix.endswith(ENCODER):
        raise CheckpointError(
            f'{source} holds no masked autoencoder, only the weights of a backbone: '
            'give it to the encoder, as model.encoder.init_cfg'
        )
    wrapper = renamed.prefix.removesuffix(ENCODER)
    ours = {f'{ENCODER}{name}': value for name, value in renamed.state.items()}
    for key in renamed.ignored:
        name = key.removeprefix(wrapper)
        if not name.startswith(ENCODER):
            ours[name] = state[key].flatten() if VECTOR.search(name) else state[key]
    return ours


def to_published(
    state: dict[str, Tensor], *, sparse: bool = False
) -> dict[str, Tensor]:
    """Bring the weights of our model into the release's names and shapes.

    Args:
        state: The state dict of an FCMAE.
        sparse: Use the sparse engine's names for the encoder.
    """
    encoder = {
        name.removeprefix(ENCODER): value
        for name, value in state.items()
        if name.startswith(ENCODER)
    }
    rest = {name: v for name, v in state.items() if not name.startswith(ENCODER)}
    encoder = to_sparse(encoder) if sparse else _with_wide_grn(encoder)
    return _with_wide_grn(rest) | {f'{ENCODER}{k}': v for k, v in encoder.items()}


def _with_wide_grn(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: value[None, None, None] if '.grn.' in name else value
        for name, value in state.items()
    }
