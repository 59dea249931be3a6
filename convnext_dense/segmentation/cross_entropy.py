"""Cross-entropy with class weights and ignored pixels together."""

from collections.abc import Sequence
from math import inf
from typing import Any

from mmseg.models.losses import CrossEntropyLoss as HostCrossEntropyLoss
from torch import Tensor

from convnext_dense.errors import UserError
from convnext_dense.registry import MODELS


@MODELS.register_module()
class CrossEntropyLoss(HostCrossEntropyLoss):
    """mmseg's ``CrossEntropyLoss``, in which class weights leave ignored pixels out.

    The mean over classes that weigh differently is taken over the weights of the pixels
    that count, as in ``torch.nn.functional.cross_entropy``; the host ends in an
    IndexError where ``class_weight`` and ``avg_non_ignore`` meet.

    Args:
        use_sigmoid: The host's.
        use_mask: The host's.
        class_weight: A weight of each class, or the file of them.
        avg_non_ignore: Whether ignored pixels are left out of the mean.
        **kwargs: The host's.

    Raises:
        UserError: If a weight is no number from 0 on, or all are 0; from the first
            batch on, if they are not as many as classes.
    """

    def __init__(
        self,
        use_sigmoid: bool = False,
        use_mask: bool = False,
        class_weight: Sequence[float] | str | None = None,
        avg_non_ignore: bool = False,
        **kwargs: Any,
    ):
        if class_weight is not None and not isinstance(class_weight, str):
            _check_weights(class_weight)
        weighted = class_weight is not None and not (use_sigmoid or use_mask)
        super().__init__(
            use_sigmoid=use_sigmoid,
            use_mask=use_mask,
            class_weight=class_weight,
            # By itself the host's weighted mean leaves them out already.
            avg_non_ignore=avg_non_ignore and not weighted,
            **kwargs,
        )

    def forward(self, cls_score: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Compute the loss of (N, C, H, W) logits; see the host."""
        if self.class_weight is not None and len(self.class_weight) != cls_score.size(
            1
        ):
            raise UserError(
                f'class_weight has {len(self.class_weight)} numbers, and the head '
                f'{cls_score.size(1)} classes: give one for each class, in their order'
            )
        return super().forward(cls_score, *args, **kwargs)


def _check_weights(weights: Any) -> None:
    fine = isinstance(weights, list | tuple) and all(
        isinstance(weight, int | float) and 0 <= weight < inf for weight in weights
    )
    if not fine or not any(weights):
        raise UserError(
            f'class_weight={weights!r}: it has to be a list of numbers from 0 on, not '
            'all of them 0, as in [0.5,2]'
        )
