"""The classes of the heads against those of the data."""

from mmengine.hooks import Hook
from mmengine.runner import Runner

from convnext_dense.errors import UserError
from convnext_dense.registry import HOOKS


@HOOKS.register_module()
class ClassCheck(Hook):
    """Stop before the first iteration if heads and data set count different classes.

    A head with too few classes fails in the middle of an epoch or, worse, trains.
    """

    def before_train(self, runner: Runner) -> None:
        """Compare with the training data set."""
        _check(runner, runner.train_dataloader.dataset.metainfo.get('classes'))

    def before_test(self, runner: Runner) -> None:
        """Compare with the test data set."""
        _check(runner, runner.test_dataloader.dataset.metainfo.get('classes'))


def _check(runner: Runner, classes: tuple[str, ...] | None) -> None:
    if classes is None:
        return
    for path, module in runner.model.named_modules():
        # A whole segmentor only repeats what its head has.
        name = path.removeprefix('module').removeprefix('.')
        number = getattr(module, 'num_classes', None) if name else None
        # A region proposal head tells objects from background, whatever the classes.
        if number is None or path.endswith('rpn_head') or number == len(classes):
            continue
        raise UserError(
            f'model.{name} has num_classes={number}, the data set has {len(classes)} '
            f'classes ({", ".join(classes[:5])}{", ..." * (len(classes) > 5)}); set '
            f'model.{name}.num_classes={len(classes)}'
        )
