"""``predict`` from the shell: files in, files out, one line for each mistake."""

import json

import numpy as np
import pytest
from PIL import Image

from convnext_dense.cli import main


@pytest.fixture
def images(tmp_path, photo):
    folder = tmp_path / 'images'
    folder.mkdir()
    for seed, size in enumerate([(64, 64), (48, 80), (64, 64)]):
        Image.fromarray(photo(*size, seed=seed)).save(folder / f'{seed}.png')
    return folder


def predict(*arguments):
    return main(['predict', *map(str, arguments)])


def complaint(capsys, *arguments):
    assert predict(*arguments) == 2
    text = capsys.readouterr().err
    assert 'Traceback' not in text
    return text[text.index('error: ') :]


def test_a_detector_leaves_pictures_and_coco_results(checkpoints, images, tmp_path):
    out = tmp_path / 'out'
    assert predict(checkpoints['detector'], images, '--out', out, '--threshold', 0) == 0
    pictures = sorted(path.name for path in (out / 'pictures').iterdir())
    assert pictures == ['0.jpg', '1.jpg', '2.jpg']
    header = json.loads((out / 'images.json').read_text())
    results = json.loads((out / 'results.json').read_text())
    sizes = [(image['height'], image['width']) for image in header['images']]
    assert sizes == [(64, 64), (48, 80), (64, 64)]
    assert {entry['image_id'] for entry in results} <= {1, 2, 3}
    assert {'bbox', 'score', 'category_id', 'segmentation'} <= results[0].keys()


def test_a_segmentor_leaves_pictures_and_label_maps(
    checkpoints, segmentor, images, tmp_path
):
    out = tmp_path / 'out'
    assert predict(checkpoints['segmentor'], images, '--out', out) == 0
    assert (out / 'pictures/1.jpg').is_file()
    labels = np.asarray(Image.open(out / 'labels/1.png'))
    assert np.array_equal(labels, segmentor(images / '1.png').labels)


def test_results_take_the_ids_of_an_annotation_file(checkpoints, images, tmp_path):
    names = ('triangle', 'circle', 'square')
    annotations = tmp_path / 'annotations.json'
    content = dict(
        images=[dict(id=70 + i, file_name=f'{i}.png') for i in range(3)],
        categories=[dict(id=5 + i, name=name) for i, name in enumerate(names)],
    )
    annotations.write_text(json.dumps(content))
    predict(
        checkpoints['detector'], images, '--out', tmp_path, '--threshold', 0,
        '--annotations', annotations,
    )  # fmt: skip
    results = json.loads((tmp_path / 'results.json').read_text())
    assert {entry['image_id'] for entry in results} <= {70, 71, 72}
    assert {entry['category_id'] for entry in results} <= {5, 6, 7}


def test_only_what_is_asked_for_is_written(checkpoints, images, tmp_path):
    out = tmp_path / 'out'
    predict(checkpoints['detector'], images, '--out', out, '--save', 'json')
    assert sorted(path.name for path in out.iterdir()) == [
        'images.json', 'results.json',
    ]  # fmt: skip


def test_the_speed_is_said(checkpoints, images, tmp_path, capsys):
    predict(checkpoints['segmentor'], images, '--out', tmp_path)
    assert '3 images in' in capsys.readouterr().out


def test_one_broken_image_of_many_is_named_and_the_others_are_done(
    checkpoints, images, tmp_path, capsys
):
    (images / '1.png').write_bytes(b'')
    out = tmp_path / 'out'
    error = complaint(capsys, checkpoints['segmentor'], images, '--out', out)
    assert '1 of 3 could not be used' in error
    assert '1.png is empty' in error
    assert len([*(out / 'labels').iterdir()]) == 2


@pytest.mark.parametrize(
    ('arguments', 'told'),
    [
        (['absent.jpg'], 'not found: absent.jpg'),
        (['IMAGES', '--threshold', '50'], 'scores are in 0..1'),
        (['IMAGES', '--classes', 'cat'], "no class 'cat'"),
        (['IMAGES', '--save', 'labels'], 'a detector gives pictures and json'),
        (['IMAGES', '--batch-size', '0'], 'at least one image'),
        (['IMAGES', '--window', '7'], 'too small'),
        (['IMAGES', '--annotations', 'absent.json'], 'is no COCO annotation file'),
        (['IMAGES', '--out', '/dev/null/x'], 'cannot be written'),
        (['IMAGES', '--out', __file__], 'is a file: name a folder'),
        (['IMAGES', '--annotations', 'IMAGE'], 'it is no text'),
        (['IMAGES', '--config', 'absent.py'], 'config not found'),
    ],
)
def test_a_mistake_gets_one_line(
    checkpoints, images, tmp_path, capsys, arguments, told
):
    given = dict(IMAGES=str(images), IMAGE=str(next(images.glob('*.png'))))
    arguments = [given.get(word, word) for word in arguments]
    if '--out' not in arguments:
        arguments += ['--out', tmp_path / 'out']
    assert told in complaint(capsys, checkpoints['detector'], *arguments)


def test_a_segmentor_has_no_threshold(checkpoints, images, capsys):
    error = complaint(capsys, checkpoints['segmentor'], images, '--threshold', '0.5')
    assert 'no score; leave it out' in error


def test_a_missing_checkpoint_is_named(images, tmp_path, capsys):
    error = complaint(capsys, tmp_path / 'absent.pth', images)
    assert 'checkpoint not found' in error


def test_a_video_is_drawn_as_one_and_labelled_frame_by_frame(
    checkpoints, tmp_path, photo
):
    pytest.importorskip('av', reason='PyAV is not installed')
    from fractions import Fraction

    from convnext_dense.inference.video import VideoWriter

    writer = VideoWriter(tmp_path / 'clip.mp4', Fraction(10))
    for seed in range(3):
        writer.write(photo(seed=seed))
    writer.close()
    out = tmp_path / 'out'
    predict(checkpoints['segmentor'], tmp_path / 'clip.mp4', '--out', out)
    assert (out / 'pictures/clip.mp4').stat().st_size > 500
    frames = sorted(path.name for path in (out / 'labels/clip').iterdir())
    assert frames == ['000001.png', '000002.png', '000003.png']
