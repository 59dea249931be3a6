"""Losses and gradients that are not finite: noticed before they reach the weights."""

from functools import partial, update_wrapper
from pathlib import Path
from typing import Any

from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from torch import Tensor

from convnext_dense.engine.guards import all_finite, first_faulty_module
from convnext_dense.engine.resuming import random_state, set_random_state
from convnext_dense.engine.sharding import is_sharded, local
from convnext_dense.errors import UserError
from convnext_dense.registry import HOOKS

POLICIES = ('stop', 'skip')


@HOOKS.register_module()
class FiniteGuard(Hook):
    """Check the loss of each iteration and the gradients of each update.

    On a fault, the log names the iteration, its images, and the first module whose
    output is not finite, or the parameters whose gradients are not.

    Args:
        policy: ``'stop'`` ends the run and saves ``nonfinite_iter_N.pth``, from which
            ``--resume`` repeats the very iteration; ``'skip'`` leaves the update out.
        most: Updates in a row that may be skipped.

    Raises:
        UserError: If the run is to be stopped.
    """

    # After the other hooks' preparation of an iteration.
    priority = 'VERY_LOW'

    def __init__(self, policy: str = 'stop', most: int = 20):
        if policy not in POLICIES:
            raise ValueError(f'policy is one of {POLICIES}, not {policy!r}')
        self.policy = policy
        self.most = most
        self.skipped = 0
        self._in_a_row = 0
        self._batch: Any = None
        self._found = ''  # the fault since the last update, in words

    def before_train(self, runner: Any) -> None:
        """Stand between the model and the optimizer."""
        wrapper = runner.optim_wrapper
        if not isinstance(wrapper, OptimWrapper):
            return  # several optimizers, whose updates no one place makes
        wrapper.backward = partial(self._backward, runner, wrapper.backward)
        # With the attributes by which a scheduler knows that it counts the steps.
        step = partial(self._step, runner, wrapper.step)
        wrapper.step = update_wrapper(step, wrapper.step)

    def before_train_iter(
        self,
        runner: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
        data_batch: Any = None,
    ) -> None:
        """Keep the batch, to be able to name it."""
        self._batch = data_batch

    def _backward(self, runner: Any, backward: Any, loss: Tensor, **more: Any) -> None:
        """Look at the loss."""
        if not all_finite([loss.detach()]):
            self._found = self._describe(runner, f'the loss is {float(loss.detach())}')
            # Where several processes share gradients, all have to get to the update.
            if self.policy == 'stop' and get_world_size() == 1:
                self._stop(runner)
        backward(loss, **more)

    def _step(self, runner: Any, step: Any, **kwargs: Any) -> None:
        """Look at the gradients, which all processes share by now."""
        scaler = getattr(runner.optim_wrapper, 'loss_scaler', None)
        # A scaler of float16 looks at them itself and skips what overflows.
        checks = scaler is None or not scaler.is_enabled()
        gradients = _gradients(runner) if checks else {}
        if not all_finite(gradients.values()) and not self._found:
            faulty = [name for name, g in gradients.items() if not all_finite([g])]
            names = ', '.join(faulty[:3]) + ', ...' * (len(faulty) > 3)
            what = f'{len(faulty)} gradients are not finite ({names})'
            self._found = self._describe(runner, what)
        if not runner.agree(bool(self._found)):
            self._in_a_row = 0
            step(**kwargs)
            return
        self._found = self._found or 'another process met a number that is not finite'
        self.skipped += 1
        self._in_a_row += 1
        weights = (local(p.detach()) for p in runner.model.parameters())
        if runner.agree(not all_finite(weights)):
            self._found += '; the weights are not finite either, so skipping is no help'
            self._stop(runner)
        if self.policy == 'stop' or self._in_a_row > self.most:
            self._stop(runner)
        runner.logger.warning(f'{self._found}; update skipped ({self.skipped} so far)')
        self._found = ''

    def _describe(self, runner: Any, what: str) -> str:
        module = self._find_module(runner)
        images = ', '.join(names_of(self._batch))
        where = f'first at the output of {module}' if module else 'with finite outputs'
        where = 'in a sharded model' if is_sharded(runner.model) else where
        return f'iteration {runner.iter + 1}: {what}, {where}; images: {images}'

    def _stop(self, runner: Any) -> None:
        path = Path(runner.work_dir, f'nonfinite_iter_{runner.iter + 1}.pth')
        runner.save_checkpoint(
            runner.work_dir,
            path.name,
            meta=dict(epoch=runner.epoch, iter=runner.iter),
            by_epoch=False,
            before=runner.train_loop.before,
        )
        runner.writer.wait()
        raise UserError(
            f'{self._found}. --resume {path} repeats it; lower the learning rate, clip '
            'gradients, or set default_hooks.finite_guard.policy=skip'
        )

    def _find_module(self, runner: Any) -> str | None:
        """Repeat the forward pass, with the same random numbers, and look within."""
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        if is_sharded(model):
            return None  # for which all processes would have to run
        now = random_state()
        set_random_state(runner.train_loop.before)

        def run() -> None:
            with runner.optim_wrapper.optim_context(model):
                data = model.data_preprocessor(self._batch, True)
                model._run_forward(data, mode='loss')

        try:
            return first_faulty_module(model, run)
        finally:
            set_random_state(now)


def _gradients(runner: Any) -> dict[str, Tensor]:
    return {
        name.removeprefix('module.'): local(parameter.grad)
        for name, parameter in runner.model.named_parameters()
        if parameter.grad is not None
    }


def names_of(batch: Any) -> list[str]:
    """Give the ids and paths of the images of a batch, as far as it knows them."""
    samples = batch.get('data_samples') if isinstance(batch, dict) else None
    found = []
    for sample in samples or ():
        known = [getattr(sample, key, None) for key in ('img_id', 'img_path')]
        found.append(' '.join(str(part) for part in known if part is not None))
    return found or ['not named by the data set']
