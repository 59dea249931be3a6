"""The latest metrics where scripts find them."""

import json
from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from convnext_dense.registry import HOOKS


@HOOKS.register_module()
class MetricsFile(Hook):
    """Write ``metrics.json`` in the work dir after each validation and test.

    It holds the evaluator's keys and numbers, and the ``epoch`` and ``iter`` they
    were reached at when training.
    """

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Write the metrics of a validation."""
        place = dict(epoch=runner.epoch, iter=runner.iter) if runner.iter else {}
        _write(Path(runner.work_dir, 'metrics.json'), (metrics or {}) | place)

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Write the metrics of a test."""
        _write(Path(runner.work_dir, 'metrics.json'), metrics or {})


@master_only
def _write(path: Path, metrics: dict) -> None:
    numbers = {
        key: value.item() if hasattr(value, 'item') else value
        for key, value in metrics.items()
    }
    # A reader never sees half a file.
    part = path.with_suffix('.json.part')
    part.write_text(json.dumps(numbers, indent=2) + '\n', encoding='utf-8')
    part.replace(path)
