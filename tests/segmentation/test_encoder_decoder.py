import pytest
import torch

pytest.importorskip('mmseg')
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from mmseg.structures import SegDataSample

from convnext_dense.engine.hosts import import_host
from convnext_dense.errors import UserError
from convnext_dense.registry import MODELS
from convnext_dense.segmentation import rows

SLIDE = dict(mode='slide', crop_size=(32, 48), stride=(20, 30))


@pytest.fixture(autouse=True)
def host():
    import_host('mmseg')
    # Whatever a run before this one left behind.
    with DefaultScope.overwrite_default_scope('mmseg'):
        yield


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setitem(rows.AT_ONCE, 'cpu', 3000)


def build(kind, test_cfg, **head):
    torch.manual_seed(0)
    widths = (8, 12, 16, 24)
    head = (
        dict(
            type='mmseg.FCNHead',
            in_channels=8,
            in_index=0,
            channels=6,
            num_convs=1,
            num_classes=5,
            norm_cfg=dict(type='BN'),
            align_corners=False,
            init_cfg=dict(type='Normal', std=0.5, override=dict(name='conv_seg')),
        )
        | head
    )
    model = MODELS.build(
        dict(
            type=kind,
            backbone=dict(
                type='convnext_dense.ConvNeXt',
                arch=dict(depths=(1, 1, 1, 1), widths=widths),
            ),
            decode_head=head,
            test_cfg=ConfigDict(test_cfg),
        )
    )
    model.init_weights()
    return model.double().eval()


def sample(shape, original, **meta):
    meta = dict(img_shape=shape, pad_shape=shape, ori_shape=original) | meta
    return SegDataSample(metainfo=meta)


def labels(kind, test_cfg, image, samples, **head):
    with torch.inference_mode():
        results = build(kind, test_cfg, **head).predict(
            image, [one.clone() for one in samples]
        )
    return [one.pred_sem_seg.data for one in results]


CASES = {
    'as it is': [sample((64, 96), (64, 96))],
    'larger': [sample((64, 96), (150, 190))],
    'smaller': [sample((64, 96), (40, 55))],
    'a batch': [sample((64, 96), (70, 90)), sample((64, 96), (33, 44))],
    'padded': [sample((50, 90), (100, 180), padding_size=(2, 4, 5, 9))],
    'padded by the preprocessor': [
        sample((64, 96), (99, 99), img_padding_size=(0, 6, 0, 10))
    ],
    'flipped across': [
        sample((64, 96), (80, 80), flip=True, flip_direction='horizontal')
    ],
    'flipped down': [sample((64, 96), (80, 80), flip=True, flip_direction='vertical')],
}


@pytest.mark.parametrize(
    'test_cfg', [SLIDE, dict(mode='whole')], ids=['slide', 'whole']
)
@pytest.mark.parametrize('case', CASES)
def test_labels_are_the_hosts(case, test_cfg):
    samples = [one.clone() for one in CASES[case]]
    for one in samples:
        if 'padding_size' in one:
            one.set_metainfo(dict(pad_shape=(64, 96)))
    image = torch.randn(len(samples), 3, 64, 96, dtype=torch.float64)
    ours = labels('convnext_dense.EncoderDecoder', test_cfg, image, samples)
    host = labels('mmseg.EncoderDecoder', test_cfg, image, samples)
    for found, expected in zip(ours, host, strict=True):
        assert found.dtype == expected.dtype
        assert torch.equal(found, expected)
        assert len(found.unique()) > 1


@pytest.mark.parametrize(
    'head',
    [dict(num_classes=2, out_channels=1, threshold=0.4), dict(align_corners=True)],
)
def test_other_heads_give_the_hosts_labels(head):
    image = torch.randn(1, 3, 64, 96, dtype=torch.float64)
    arguments = (SLIDE, image, [sample((64, 96), (80, 70))])
    (ours,) = labels('convnext_dense.EncoderDecoder', *arguments, **head)
    (host,) = labels('mmseg.EncoderDecoder', *arguments, **head)
    assert torch.equal(ours, host)


def test_a_head_with_its_own_prediction_is_asked_for_it():
    from mmseg.models import FCNHead

    @MODELS.register_module(name='UpsideDown', force=True)
    class UpsideDown(FCNHead):
        def predict_by_feat(self, seg_logits, batch_img_metas):
            return -super().predict_by_feat(seg_logits, batch_img_metas)

    arguments = (
        dict(mode='whole'),
        torch.randn(1, 3, 64, 96, dtype=torch.float64),
        [sample((64, 96), (64, 96))],
    )
    kind = dict(type='convnext_dense.UpsideDown')
    (ours,) = labels('convnext_dense.EncoderDecoder', *arguments, **kind)
    (host,) = labels('mmseg.EncoderDecoder', *arguments, **kind)
    assert torch.equal(ours, host)


def test_logits_are_kept_where_they_are_asked_for():
    model = build('convnext_dense.EncoderDecoder', dict(mode='whole', keep_logits=True))
    image = torch.randn(1, 3, 64, 96, dtype=torch.float64)
    (result,) = model.predict(image, [sample((64, 96), (80, 70))])
    assert result.seg_logits.data.shape == (5, 80, 70)


def test_augmentation_at_test_time_gets_its_logits():
    model = build('convnext_dense.EncoderDecoder', dict(mode='whole'))
    tta = MODELS.build(dict(type='convnext_dense.SegTTAModel', module=model))
    image = torch.randn(1, 3, 64, 96, dtype=torch.float64)
    flipped = dict(flip=True, flip_direction='horizontal', img_path='a.png')
    views = [
        model.predict(image, [sample((64, 96), (64, 96), img_path='a.png')]),
        model.predict(image.flip(3), [sample((64, 96), (64, 96), **flipped)]),
    ]
    (merged,) = tta.merge_preds([[view[0] for view in views]])
    assert merged.pred_sem_seg.data.shape == (1, 64, 96)


def test_an_unknown_mode_is_refused():
    with pytest.raises(UserError, match="'slide' or 'whole', got 'slides'"):
        build('convnext_dense.EncoderDecoder', dict(mode='slides'))


@pytest.mark.parametrize('stride', [None, 0, (0, 8), (8.5, 8), (8,)])
def test_windows_without_a_stride_are_refused(stride):
    windows = dict(mode='slide', crop_size=(16, 16), stride=stride)
    with pytest.raises(UserError, match="mode='slide' needs stride, two whole numbers"):
        build('convnext_dense.EncoderDecoder', windows)


def test_windows_that_leave_pixels_out_are_refused():
    windows = dict(mode='slide', crop_size=(16, 16), stride=(16, 17))
    with pytest.raises(UserError, match='pixels in no window'):
        build('convnext_dense.EncoderDecoder', windows)
