"""What every run of the tools has, whatever its config says."""

import logging

from mmengine.config import Config
from mmengine.logging import print_log

# mmengine's parts by the ones here that survive being killed.
OURS = {
    'EpochBasedTrainLoop': 'convnext_dense.EpochLoop',
    'IterBasedTrainLoop': 'convnext_dense.IterationLoop',
    'CheckpointHook': 'convnext_dense.CheckpointHook',
}
ALWAYS = dict(
    class_check=dict(type='convnext_dense.ClassCheck'),
    config_in_checkpoint=dict(type='convnext_dense.ConfigInCheckpoint'),
    metrics_file=dict(type='convnext_dense.MetricsFile'),
    run_file=dict(type='convnext_dense.RunFile'),
    label_statistics=dict(type='convnext_dense.LabelStatistics'),
    training_batches=dict(type='convnext_dense.TrainingBatches'),
    result_files=dict(type='convnext_dense.ResultFiles'),
    bad_images=dict(type='convnext_dense.BadImages'),
    finite_guard=dict(type='convnext_dense.FiniteGuard'),
    signal_stop=dict(type='convnext_dense.SignalStop'),
)


def make_survive(cfg: Config) -> None:
    """Put the loop and the hooks into a config that let a run be killed and continued.

    A loop or a checkpoint hook of another kind stays, with a warning.
    """
    if 'default_hooks' not in cfg:
        cfg.default_hooks = {}
    hooks = cfg.default_hooks
    for name, hook in ALWAYS.items():
        # An option may have set an argument of it; None takes it out.
        own = hooks.pop(name, {})
        if own is not None:
            hooks[name] = dict(hook) | dict(own)
    if 'checkpoint' not in hooks:
        hooks.checkpoint = dict(type='CheckpointHook', interval=1)
    if cfg.get('validation_loss'):
        hooks.validation_loss = dict(type='convnext_dense.ValidationLoss')
    loop = cfg.get('train_cfg')
    if loop and 'by_epoch' in loop:
        by_epoch = loop.pop('by_epoch')
        loop.type = 'EpochBasedTrainLoop' if by_epoch else 'IterBasedTrainLoop'
    for part, what in ((loop, 'train_cfg'), (hooks.checkpoint, 'the checkpoint hook')):
        if not part:
            continue
        name = str(part.get('type', '')).removeprefix('mmengine.')
        part.type = OURS.get(name, name)
        if part.type not in OURS.values():
            print_log(
                f'{what} is a {name}, which does not continue exactly after it was '
                f'killed; {", ".join(OURS.values())} do',
                logger='current',
                level=logging.WARNING,
            )
