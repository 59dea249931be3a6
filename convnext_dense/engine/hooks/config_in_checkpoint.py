"""The resolved config inside every checkpoint."""

from mmengine.hooks import Hook
from mmengine.runner import Runner

from convnext_dense.engine.stored_config import store_config
from convnext_dense.registry import HOOKS


@HOOKS.register_module()
class ConfigInCheckpoint(Hook):
    """Store the config as data, so that a checkpoint alone can be predicted with.

    The class names are in ``meta['dataset_meta']``, where mmengine puts them.
    """

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add it to the checkpoint's ``meta``."""
        store_config(checkpoint['meta'], runner.cfg)
