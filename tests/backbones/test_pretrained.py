import pytest

from convnext_dense.backbones import ConvNeXt
from convnext_dense.backbones.pretrained import pretrained_files
from convnext_dense.errors import UserError

NORMAL = dict(type='Normal', layer='Conv2d', std=0.1)


@pytest.mark.parametrize('init_cfg', [None, [], NORMAL, [NORMAL]])
def test_other_initialisers_name_no_file(init_cfg):
    assert pretrained_files(init_cfg) == []


def test_files_are_given_in_their_order():
    cfgs = [NORMAL, *(dict(type='Pretrained', checkpoint=name) for name in 'ba')]
    assert pretrained_files(cfgs) == ['b', 'a']


def test_what_is_left_of_an_inherited_initialiser_does_no_harm():
    assert pretrained_files(NORMAL | dict(type='Pretrained', checkpoint='a')) == ['a']


@pytest.mark.parametrize(
    ('init_cfg', 'error'),
    [
        ('weights.pth', "dict\\(type='Pretrained'"),
        (dict(checkpoint='a.pth'), "dict\\(type='Pretrained'"),
        ([NORMAL, 'weights.pth'], "dict\\(type='Pretrained'"),
        (dict(type='pretrained', checkpoint='a.pth'), "not 'pretrained'"),
        (dict(type='Pretrained', weights='a.pth'), 'names no checkpoint'),
        (dict(type='Pretrained', checkpoint='a', prefix='b.'), 'takes no prefix'),
        (dict(type='Pretrained'), 'init_cfg=None to start from scratch'),
        (dict(type='Pretrained', checkpoint=''), 'names no checkpoint'),
        (dict(type='Pretrained', checkpoint=3), 'names no checkpoint'),
    ],
    ids=str,
)
def test_a_mistake_is_told_when_the_backbone_is_built(init_cfg, error):
    with pytest.raises(UserError, match=error):
        ConvNeXt('atto', init_cfg=init_cfg)
