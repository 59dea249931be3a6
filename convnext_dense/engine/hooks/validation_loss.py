"""The training losses on validation data."""

import copy
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from convnext_dense.errors import UserError
from convnext_dense.registry import HOOKS

ANNOTATIONS = ('LoadAnnotations', 'LoadInstances', 'LoadLabelMap')


@HOOKS.register_module()
class ValidationLoss(Hook):
    """After each validation, log the mean losses of its images.

    They are named ``val_loss``, ``val_loss_cls`` and so on, and stand beside the
    metrics in every log. Each image is a batch of its own, so that batching changes
    nothing; the network is as it is when it predicts, without dropout and drop path;
    sampling within the losses draws the same numbers each time, and none of those that
    training would draw.
    """

    def __init__(self) -> None:
        self._loader: Any = None

    def after_val_epoch(
        self,
        runner: Runner,
        metrics: dict | None = None,  # noqa: ARG002
    ) -> None:
        """Compute the losses and hand them to the loggers."""
        if self._loader is None:
            self._loader = runner.build_dataloader(
                loader_with_truth(runner.cfg.val_dataloader), seed=0
            )
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(0)
            found = mean_losses(model, self._loader)
        for name, value in found.items():
            runner.message_hub.update_scalar(f'val/val_{name}', value)


def loader_with_truth(cfg: dict) -> dict:
    """Change a validation loader so that the truth follows the image.

    For metrics the truth stays at the image's original size; losses need it at the
    network's, so that it is loaded before anything is resized.

    Args:
        cfg: A ``val_dataloader``.

    Raises:
        UserError: If its pipeline loads no annotations.
    """
    cfg = copy.deepcopy(cfg)
    pipeline = cfg['dataset'].get('pipeline') or []
    truth = [step for step in pipeline if step['type'].endswith(ANNOTATIONS)]
    if not truth:
        raise UserError(
            'validation_loss needs the truth: val_dataloader.dataset.pipeline has none '
            f'of {", ".join(ANNOTATIONS)}'
        )
    rest = [step for step in pipeline if step not in truth]
    cfg['dataset']['pipeline'] = [rest[0], *truth, *rest[1:]]
    cfg.update(batch_size=1, persistent_workers=False)
    return cfg


def mean_losses(model: nn.Module, batches: Any) -> dict[str, float]:
    """Average the losses over batches, and over the processes.

    Args:
        model: A model of the hosts', in the mode that it is to be tried in.
        batches: What its ``data_preprocessor`` takes.
    """
    sums: dict[str, torch.Tensor] = {}
    preprocessor: Any = model.data_preprocessor
    augments = getattr(preprocessor, 'batch_augments', None)
    preprocessor.batch_augments = None
    number = 0
    try:
        for batch in batches:
            losses = model(**preprocessor(batch, True), mode='loss')
            _, logged = model.parse_losses(losses)  # type: ignore[operator]
            number += 1
            for name, value in logged.items():
                if 'loss' in name:
                    sums[name] = sums.get(name, 0) + value.detach().double()
    finally:
        preprocessor.batch_augments = augments
    if not number:
        return {}
    totals = torch.stack([*sums.values(), next(iter(sums.values())).new_tensor(number)])
    all_reduce(totals)
    return {n: float(v / totals[-1]) for n, v in zip(sums, totals[:-1], strict=True)}
