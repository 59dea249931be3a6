"""A run that is made longer goes along its new schedule, not the ended one."""

import copy

import pytest
import torch
from mmengine.optim import CosineAnnealingLR, LinearLR, MultiStepLR

from convnext_dense.engine.resuming.schedules import changed_settings, replay

PER_EPOCH = 5


def optimizer():
    groups = [
        dict(params=[torch.nn.Parameter(torch.ones(1))], lr=r) for r in (1.0, 0.1)
    ]
    return torch.optim.SGD(groups, lr=1.0)


def recipe(kind, epochs, of):
    warm_up = LinearLR(of, start_factor=0.1, by_epoch=False, end=7)
    if kind == 'cosine by iteration':
        last = epochs * PER_EPOCH
        return [warm_up, CosineAnnealingLR(of, T_max=last, by_epoch=False, begin=0)]
    if kind == 'cosine by epoch':
        return [warm_up, CosineAnnealingLR(of, T_max=epochs)]
    return [warm_up, MultiStepLR(of, milestones=[epochs // 2])]


def run(schedules, of, first, last):
    rates = []
    for done in range(first + 1, last + 1):
        for one in schedules:
            if not one.by_epoch:
                one.step()
        if done % PER_EPOCH == 0:
            for one in schedules:
                if one.by_epoch:
                    one.step()
        rates.append([group['lr'] for group in of.param_groups])
    return rates


@pytest.mark.filterwarnings('ignore')
@pytest.mark.parametrize('kind', ['cosine by iteration', 'cosine by epoch', 'steps'])
@pytest.mark.parametrize('iterations', [0, 3, 10, 20])
def test_rates_are_those_of_a_run_that_began_so(kind, iterations):
    whole = optimizer()
    expected = run(recipe(kind, 8, whole), whole, 0, 8 * PER_EPOCH)
    resumed = optimizer()
    schedules = recipe(kind, 8, resumed)
    for group in resumed.param_groups:
        group['lr'] = 123.0  # what an optimizer of another schedule had
    replay(schedules, iterations // PER_EPOCH, iterations)
    rest = run(schedules, resumed, iterations, 8 * PER_EPOCH)
    torch.testing.assert_close(rest, expected[iterations:])


def test_the_same_settings_are_no_change_wherever_the_run_is():
    of = optimizer()
    (_, cosine) = recipe('cosine by epoch', 8, of)
    state = copy.deepcopy(cosine.state_dict())
    cosine.step()
    assert changed_settings(cosine, state) == []


def test_another_length_is_named():
    (_, short), (_, long) = (recipe('cosine by epoch', n, optimizer()) for n in (3, 8))
    assert 'CosineAnnealingLR.T_max was 3, is 8' in changed_settings(
        long, short.state_dict()
    )
