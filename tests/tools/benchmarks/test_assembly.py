import sys

import pytest

from convnext_dense.errors import UserError

pytest.importorskip('mmdet')
pytest.importorskip('mmseg')


@pytest.fixture(scope='module')
def assembly(root):
    sys.path.insert(0, str(root / 'tools/benchmarks'))
    import assembly

    yield assembly
    sys.path.remove(str(root / 'tools/benchmarks'))


@pytest.fixture(scope='module')
def segmentor(assembly, root):
    import segmentor

    model = assembly.assemble('mmseg', str(root / segmentor.CONFIG), 'cpu')
    model.data_preprocessor.size = (64, 64)
    return model, segmentor.batch(2, 64, 64, model.num_classes)


def test_a_step_moves_the_weights(assembly, segmentor):
    model, data = segmentor
    weight = model.backbone.downsample_layers[0][0].weight
    before = weight.detach().clone()
    assembly.step(model, data)()
    assert (weight != before).any()


def test_a_config_of_another_host_is_refused(assembly, root):
    config = root / 'configs/convnext/upernet_convnext-tiny_160k_ade20k-512.py'
    with pytest.raises(UserError, match="default_scope is 'mmseg', and not 'mmdet'"):
        assembly.assemble('mmdet', str(config), 'cpu')


def test_a_backbone_that_timm_lacks_is_named(assembly, root):
    config = root / 'configs/conv2former/mask-rcnn_conv2former-t_3x_coco.py'
    with pytest.raises(UserError, match='timm has no Conv2Former'):
        assembly.assemble('mmdet', str(config), 'cpu', timm=sys)


def test_the_demos_detector_needs_no_data(assembly, root, monkeypatch, tmp_path):
    import detector

    monkeypatch.chdir(tmp_path)
    config = str(root / detector.CONFIG)
    model = assembly.assemble('mmdet', config, 'cpu', options=['classes=[a,b]'])
    assert model.roi_head.bbox_head.num_classes == 2
