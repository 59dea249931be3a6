"""A number that is none any more stops the run by name, or is skipped."""

import re

import pytest
import torch

from convnext_dense.errors import UserError


def poisoned(toy, work_dir, policy='stop', **options):
    cfg = toy.config(work_dir, **options)
    cfg.train_dataloader.dataset.poison = 5
    cfg.default_hooks.finite_guard.policy = policy
    return cfg


@pytest.fixture(scope='module')
def stopped(toy, tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('run')
    with pytest.raises(UserError) as error:
        toy.train(poisoned(toy, work_dir))
    return work_dir, str(error.value)


def test_the_message_names_iteration_module_and_images(stopped):
    _, message = stopped
    assert re.search(r'iteration \d+: the loss is nan', message)
    assert 'first at the output of data_preprocessor (BaseDataPreprocessor)' in message
    assert re.search(r'images: .*\b5\b', message)


def test_the_weights_are_saved_before_they_are_spoilt(stopped):
    work_dir, _ = stopped
    (path,) = work_dir.glob('nonfinite_iter_*.pth')
    state = torch.load(path, weights_only=False)['state_dict']
    assert all(torch.isfinite(value.float()).all() for value in state.values())


def test_the_file_repeats_the_iteration(toy, stopped, tmp_path):
    work_dir, message = stopped
    (path,) = work_dir.glob('nonfinite_iter_*.pth')
    cfg = poisoned(toy, tmp_path, resume=True, load_from=str(path))
    with pytest.raises(UserError) as error:
        toy.train(cfg)
    assert str(error.value).split('. --resume')[0] == message.split('. --resume')[0]


def test_skipped_updates_leave_the_weights_finite(toy, tmp_path):
    end = toy.train(poisoned(toy, tmp_path, 'skip', **NO_BATCH_STATISTICS))
    state = end['state_dict'].values()
    assert all(torch.isfinite(value.float()).all() for value in state)


def test_too_many_in_a_row_stop_all_the_same(toy, tmp_path):
    cfg = poisoned(toy, tmp_path, 'skip', **NO_BATCH_STATISTICS)
    cfg.default_hooks.finite_guard.most = 1
    cfg.train_dataloader.batch_size = 7
    with pytest.raises(UserError, match='the loss is nan'):
        toy.train(cfg)


# A poisoned batch reaches running means in the forward pass.
NO_BATCH_STATISTICS = {'model.norm': False}


def test_gradients_are_looked_at_too(toy, tmp_path):
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad):
            return grad * float('inf')

    runner = toy.QuickRunner.from_cfg(toy.config(tmp_path))
    last = runner.model.net[3]
    runner.model.net[3] = torch.nn.Sequential(last)
    last.register_forward_hook(lambda module, x, y: Broken.apply(y))
    with pytest.raises(UserError, match=r'gradients are not finite \(net\.0\.weight'):
        runner.train()


def test_an_unknown_policy_is_refused(toy, tmp_path):
    with pytest.raises(UserError, match='policy is one of'):
        toy.QuickRunner.from_cfg(poisoned(toy, tmp_path, 'ignore'))
