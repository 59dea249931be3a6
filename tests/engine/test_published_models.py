"""Published detectors and segmentors: the names their files have, and ours.

The names of necks and heads are those of mmdet 2.x and mmseg 0.x, in which
facebookresearch/ConvNeXt@048efce trained them; mmdet's own re-runs name the backbone as
mmpretrain does.
"""

from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS, DefaultScope

pytest.importorskip('mmdet', reason='mmdet is not installed')
pytest.importorskip('mmseg', reason='mmseg is not installed')

from convnext_dense.checkpoints import CheckpointError, load_matching
from convnext_dense.engine.config import load_config
from convnext_dense.engine.hosts import import_host

CONFIGS = Path(__file__).parents[2] / 'configs'


def parts(*names):
    return {f'{name}.{part}' for name in names for part in ('weight', 'bias')}


def normed(*names):
    """Name the weights of a convolution and the batch norm behind it."""
    norm = ('weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked')
    return {f'{name}.conv.weight' for name in names} | {
        f'{name}.bn.{part}' for name in names for part in norm
    }


MASK_RCNN = parts(
    *(f'neck.{convs}.{i}.conv' for convs in ('lateral_convs', 'fpn_convs')
      for i in range(4)),
    'rpn_head.rpn_conv', 'rpn_head.rpn_cls', 'rpn_head.rpn_reg',
    'roi_head.bbox_head.shared_fcs.0', 'roi_head.bbox_head.shared_fcs.1',
    'roi_head.bbox_head.fc_cls', 'roi_head.bbox_head.fc_reg',
    *(f'roi_head.mask_head.convs.{i}.conv' for i in range(4)),
    'roi_head.mask_head.upsample', 'roi_head.mask_head.conv_logits',
)  # fmt: skip
UPERNET = parts('decode_head.conv_seg', 'auxiliary_head.conv_seg') | normed(
    *(f'decode_head.psp_modules.{i}.1' for i in range(4)),
    'decode_head.bottleneck',
    *(f'decode_head.lateral_convs.{i}' for i in range(3)),
    *(f'decode_head.fpn_convs.{i}' for i in range(3)),
    'decode_head.fpn_bottleneck', 'auxiliary_head.convs.0',
)  # fmt: skip
CASES = {
    'convnext/mask-rcnn_convnext-tiny_3x_coco.py': MASK_RCNN,
    'convnext/upernet_convnext-tiny_160k_ade20k-512.py': UPERNET,
}


@pytest.fixture(scope='module', params=CASES, ids=['Mask R-CNN', 'UperNet'])
def case(request):
    """Give a model of no weight at all, and the names its published heads have."""
    cfg = load_config(CONFIGS / request.param)
    import_host(cfg.default_scope)
    scope = DefaultScope.overwrite_default_scope(cfg.default_scope)
    with scope, torch.device('meta'):
        return MODELS.build(cfg.model), CASES[request.param]


def test_necks_and_heads_have_the_names_of_the_published_files(case):
    model, published = case
    heads = {key for key in model.state_dict() if not key.startswith('backbone.')}
    assert heads == published


@pytest.mark.parametrize('naming', ['official', 'mmpretrain'])
def test_a_published_model_is_loaded_whole(case, naming):
    model, _ = case
    load_matching(model, published_state(model, naming), 'published.pth')


@pytest.mark.parametrize('naming', ['official', 'mmpretrain'])
def test_a_published_model_that_lacks_a_weight_is_refused(case, naming):
    model, _ = case
    state = published_state(model, naming)
    lost = next(key for key in state if 'stages.2.8' in key and 'dwconv' not in key)
    del state[lost]
    with pytest.raises(CheckpointError, match='1 weights of the model are not in it'):
        load_matching(model, state, 'published.pth')


def published_state(model, naming):
    names = {} if naming == 'official' else MMPRETRAIN
    state = {}
    for key, value in model.state_dict().items():
        for ours, theirs in names.items():
            key = key.replace(ours, theirs)
        state[key] = value
    return state


MMPRETRAIN = {
    '.dwconv.': '.depthwise_conv.',
    '.pwconv1.': '.pointwise_conv1.',
    '.pwconv2.': '.pointwise_conv2.',
}
