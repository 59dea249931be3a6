"""A run of seconds with every kind of randomness: no host needed."""

import os
import random
from itertools import count
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, HOOKS, METRICS, MODELS
from mmengine.structures import BaseDataElement
from torch import nn

from convnext_dense.engine.runner import Runner
from convnext_dense.engine.survival import make_survive

NUMBERS = count()


@DATASETS.register_module()
class ToyData(BaseDataset):
    """Images of noise, augmented by python, numpy and torch."""

    METAINFO: ClassVar = dict(classes=('a', 'b'))

    def __init__(self, poison=None, **kwargs):
        self.poison = poison
        super().__init__(**kwargs)

    def load_data_list(self):
        return [dict(sample_idx=i, width=8 + i % 3, height=9) for i in range(14)]

    def prepare_data(self, idx):
        noise = np.random.rand() + random.random() + float(torch.rand(()))
        image = torch.full((4,), idx / 14) + noise
        if idx == self.poison:
            image[0] = float('nan')
        sample = BaseDataElement(metainfo=dict(img_id=idx))
        target = torch.tensor(float(idx % 2))
        return dict(inputs=image, target=target, data_samples=sample)


@MODELS.register_module()
class ToyModel(BaseModel):
    """A classifier with dropout and batch statistics."""

    def __init__(self, norm=True, dropout=0.3, dtype=torch.float32):
        super().__init__()
        norm = nn.BatchNorm1d(8) if norm else nn.LayerNorm(8)
        self.net = nn.Sequential(
            nn.Linear(4, 8), norm, nn.Dropout(dropout), nn.Linear(8, 1)
        ).to(dtype)
        self.dtype = dtype

    def forward(self, inputs, target, data_samples, mode='tensor'):
        x = torch.stack(list(inputs)).to(self.dtype)
        loss = (self.net(x)[:, 0] - torch.stack(list(target))).square().mean()
        return dict(loss=loss) if mode == 'loss' else [dict(error=float(loss))]


class Killed(BaseException):
    """Ends a run without a last word."""


@HOOKS.register_module()
class Kill(Hook):
    """End a run at an iteration, by an exception or by a signal."""

    priority = 'HIGHEST'

    def __init__(self, at, where='before_train_iter', by=None):
        self.at = at
        self.by = by
        setattr(self, where, self.end)

    def end(self, runner, **_):
        if runner.iter == self.at:
            if self.by:
                os.kill(os.getpid(), self.by)
                return
            runner.writer.wait()
            raise Killed


@METRICS.register_module()
class ToyMetric(BaseMetric):
    default_prefix = 'toy'

    def process(self, data_batch, data_samples):
        self.results.extend(data_samples)

    def compute_metrics(self, results):
        return dict(loss=float(np.mean([r['error'] for r in results])))


def loader(workers, shuffle, **kwargs):
    return dict(
        batch_size=3,
        num_workers=workers,
        persistent_workers=workers > 0,
        dataset=dict(type='ToyData'),
        **dict(sampler=dict(type='DefaultSampler', shuffle=shuffle)) | kwargs,
    )


def config(
    work_dir, *, workers=0, by_epoch=True, seed=1, resume=False, hooks=(), **more
):
    """14 images in batches of 3: 5 iterations an epoch, 4 epochs."""
    sampler = dict(
        type='DefaultSampler' if by_epoch else 'InfiniteSampler', shuffle=True
    )
    cfg = Config(
        dict(
            model=dict(type='ToyModel'),
            work_dir=str(work_dir),
            train_dataloader=loader(workers, True, sampler=sampler),
            val_dataloader=loader(workers, False),
            val_evaluator=dict(type='ToyMetric'),
            val_cfg=dict(),
            train_cfg=dict(by_epoch=True, max_epochs=4, val_interval=2)
            if by_epoch
            else dict(by_epoch=False, max_iters=20, val_interval=7),
            optim_wrapper=dict(
                optimizer=dict(type='AdamW', lr=0.01),
                accumulative_counts=2,
                clip_grad=dict(max_norm=1.0),
            ),
            param_scheduler=[
                dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=6),
                dict(type='CosineAnnealingLR', T_max=4, by_epoch=by_epoch),
            ],
            default_hooks=dict(
                checkpoint=dict(
                    type='convnext_dense.CheckpointHook',
                    by_epoch=False,
                    interval=3,
                    save_best='toy/loss',
                    rule='less',
                    max_keep_ckpts=2,
                )
            ),
            custom_hooks=[dict(type='EMAHook', momentum=0.1), *hooks],
            randomness=dict(seed=seed),
            resume=resume,
            log_level='ERROR',
            experiment_name=f'toy_{next(NUMBERS)}',
        )
    )
    cfg.merge_from_dict(more)
    make_survive(cfg)
    return cfg


class QuickRunner(Runner):
    """Ours, not asking compilers for their versions."""

    def _log_env(self, env_cfg):
        pass


def train(cfg):
    """Train, and give all that the last checkpoint holds but times and paths."""
    runner = QuickRunner.from_cfg(cfg)
    runner.train()
    return outcome(runner)


def outcome(runner):
    path = Path(runner.work_dir, 'last_checkpoint').read_text()
    content = torch.load(path, weights_only=False)
    return {key: content[key] for key in KEYS if key in content}


KEYS = ('state_dict', 'ema_state_dict', 'optimizer', 'param_schedulers', 'resume')


def same(a, b):
    """Tell whether two nested structures agree to the last bit."""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b
