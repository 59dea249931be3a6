"""Whatever is wrong with a file, there is one error that names it, and no crash."""

import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from convnext_dense.cli import main
from convnext_dense.errors import UserError

PNG = io.BytesIO()
Image.new('L', (8, 8)).save(PNG, 'PNG')
JPEG = io.BytesIO()
Image.effect_noise((64, 64), 60).convert('RGB').save(JPEG, 'JPEG')


class Harmful:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ('harm_was_done',)


class Reaching:
    def __reduce__(self):
        return getattr, (dict, 'fromkeys')


CONFIGS = {
    'empty': '',
    'syntax error': 'model = dict(',
    'raises': 'raise RuntimeError("no")',
    'unknown name': 'model = unknown',
    'missing base': "_base_ = 'absent.py'",
    'base of a package that is absent': "_base_ = 'nothing::x.py'",
    'no model': 'work_dir = "x"',
    'divides by zero': 'x = 1 / 0',
    'reference to nothing': "model = dict(type='${absent}')",
    'circle of references': "a = '${b}'\nb = '${a}'\nmodel = dict(type='${a}')",
    'zero byte': 'model = 1\0',
    'endless recursion': 'f = lambda: f()\nf()',
}


@pytest.mark.parametrize('what', CONFIGS)
def test_configs(tmp_path, capsys, what):
    (tmp_path / 'c.py').write_text(CONFIGS[what])
    arguments = ['train', str(tmp_path / 'c.py'), '--work-dir', str(tmp_path / 'w')]
    assert main(arguments) == 2
    assert capsys.readouterr().err.count('error: ') == 1


@pytest.mark.parametrize('name', ['c.yaml', 'c.json', 'c.txt', 'c', 'c.pkl'])
def test_configs_that_are_no_programs(tmp_path, capsys, name):
    (tmp_path / name).write_text('!!python/object/apply:os.mkdir ["harm_was_done"]')
    assert main(['train', str(tmp_path / name)]) == 2
    assert 'no Python file' in capsys.readouterr().err


def saved(content):
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def zipped(**files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w') as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


WHOLE = saved(dict(state_dict=dict(a=torch.ones(3))))
CHECKPOINTS = {
    'empty': b'',
    'text': b'hello',
    'html': b'<!doctype html><html>404</html>',
    'half': WHOLE[: len(WHOLE) // 2],
    'without its end': WHOLE[:-30],
    'zeros': bytes(5000),
    'another zip': zipped(a='b'),
    'zip of a pickle': zipped(**{'archive/data.pkl': pickle.dumps(Harmful())}),
    'code': saved(dict(state_dict=Harmful())),
    'code in meta': saved(dict(meta=Harmful(), state_dict=dict(a=torch.ones(3)))),
    'getattr': saved(dict(state_dict=Reaching())),
    'bare pickle of code': pickle.dumps(Harmful()),
    'a list': saved([1, 2]),
    'a number': saved(3),
    'no weights': saved(dict(state_dict=dict(a=1))),
    'other weights': WHOLE,
    'text as weights': saved(dict(state_dict='abc')),
}


@pytest.mark.parametrize('resume', [False, True])
@pytest.mark.parametrize('what', CHECKPOINTS)
def test_checkpoints(toy, tmp_path, monkeypatch, what, resume):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a.pth').write_bytes(CHECKPOINTS[what])
    cfg = toy.config(tmp_path / 'w', resume=resume, load_from=str(tmp_path / 'a.pth'))
    with pytest.raises(UserError, match=r'a\.pth'):
        toy.train(cfg)
    assert not (tmp_path / 'harm_was_done').exists()


def label(mode='L', value=0, size=(8, 8)):
    file = io.BytesIO()
    Image.new(mode, size, value).save(file, 'PNG')
    return file.getvalue()


LABELS = {
    'empty': b'',
    'text': b'hello',
    'half': PNG.getvalue()[:40],
    'a photograph': JPEG.getvalue(),
    '16 bits': label('I;16', 300),
    'colours': label('RGB', (1, 2, 3)),
    'a label too many': label(value=7),
    'another size': label(size=(9, 9)),
}


@pytest.mark.parametrize('what', LABELS)
def test_label_maps(tmp_path, what):
    pytest.importorskip('mmseg', reason='mmseg is not installed')
    from convnext_dense.segmentation.label_maps import LoadLabelMap

    (tmp_path / 'a.png').write_bytes(LABELS[what])
    sample = dict(
        seg_map_path=str(tmp_path / 'a.png'), ori_shape=(8, 8), seg_fields=[],
        reduce_zero_label=False, label_map=None,
    )  # fmt: skip
    with pytest.raises(UserError, match=r'a\.png'):
        LoadLabelMap(num_classes=3)(sample)


def annotations(**change):
    content = dict(
        images=[dict(id=1, file_name='a.jpg', width=64, height=64)],
        annotations=[
            dict(id=1, image_id=1, category_id=1, bbox=[1, 1, 9, 9], area=81, iscrowd=0)
        ],
        categories=[dict(id=1, name='thing')],
    )
    return json.dumps(content | change)


ANNOTATIONS = {
    'empty': '',
    'cut short': annotations()[:-20],
    'a list': '[]',
    'a number': '3',
    'null': 'null',
    'no images': annotations(images=[]),
    'images of numbers': annotations(images=[1]),
    'no categories': annotations(categories=[]),
    'categories without names': annotations(categories=[dict(id=1)]),
    'another class': annotations(categories=[dict(id=1, name='other')]),
    'an unknown category': annotations(
        annotations=[dict(id=1, image_id=1, category_id=5, bbox=[1, 1, 2, 2])]
    ),
    'images without size': annotations(images=[dict(id=1, file_name='a.jpg')]),
    'a file elsewhere': annotations(
        images=[dict(id=1, file_name='../../a.jpg', width=64, height=64)]
    ),
    'an absolute file': annotations(
        images=[dict(id=1, file_name='/etc/passwd', width=64, height=64)]
    ),
    'deep nesting': '[' * 100_000,
    'binary': '\x00\x01',
}


@pytest.mark.parametrize('what', ANNOTATIONS)
def test_annotation_files(tmp_path, what):
    pytest.importorskip('mmdet', reason='mmdet is not installed')
    from convnext_dense.detection.coco import CocoDataset

    (tmp_path / 'a.json').write_text(ANNOTATIONS[what])
    with pytest.raises(UserError, match=r'a\.json'):
        CocoDataset(
            ann_file=str(tmp_path / 'a.json'), metainfo=dict(classes=('thing',)),
            data_prefix=dict(img=str(tmp_path)), pipeline=[],
        )  # fmt: skip


IMAGES = {
    'absent': None,
    'empty': b'',
    'text': b'hello',
    'half a photograph': JPEG.getvalue()[: len(JPEG.getvalue()) // 2],
    'a header alone': JPEG.getvalue()[:30],
    'half a PNG': PNG.getvalue()[:40],
    'zeros': bytes(3000),
    'an array': np.arange(9).tobytes(),
}


@pytest.mark.parametrize('test_mode', [True, False], ids=['val', 'train'])
@pytest.mark.parametrize('what', IMAGES)
def test_images(tmp_path, what, test_mode):
    """Where all images are unreadable, none can be replaced."""
    pytest.importorskip('mmdet', reason='mmdet is not installed')
    from convnext_dense.detection.coco import CocoDataset

    (tmp_path / 'a.json').write_text(annotations())
    if IMAGES[what] is not None:
        (tmp_path / 'a.jpg').write_bytes(IMAGES[what])
    dataset = CocoDataset(
        ann_file=str(tmp_path / 'a.json'), metainfo=dict(classes=('thing',)),
        data_prefix=dict(img=str(tmp_path)), test_mode=test_mode,
        pipeline=[dict(type='mmdet.LoadImageFromFile')], max_refetch=3,
    )  # fmt: skip
    with pytest.raises(UserError, match=r'a\.jpg cannot be used'):
        dataset[0]
