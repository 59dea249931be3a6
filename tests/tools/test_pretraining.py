"""Masked pre-training from the shell, on the sample data."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from convnext_dense import ConvNeXtV2
from convnext_dense.checkpoints import read_state
from convnext_dense.pretrain.published import from_published

ROOT = Path(__file__).parents[2]
CONFIG = 'configs/shapes/fcmae_convnext-v2-atto_demo_shapes.py'
SHORT = ['image_size=64', 'max_epochs=2', 'batch_size=2', 'num_workers=0']


def run(script, *arguments, options=()):
    """Run a tool; ``options`` go to ``--cfg-options``."""
    command = [sys.executable, f'tools/{script}', *map(str, arguments)]
    if options:
        command += ['--cfg-options', *options]
    return subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {'OMP_NUM_THREADS': '1'},
        check=False,
    )


def train(work_dir, data, *options):
    data_root = f'data_root={data}'
    arguments = [CONFIG, '--work-dir', work_dir]
    return run('train.py', *arguments, options=[data_root, *SHORT, *options])


@pytest.fixture(scope='module')
def trained(shapes, tmp_path_factory):
    """The work dir of two epochs of two iterations each."""
    work_dir = tmp_path_factory.mktemp('pretraining')
    done = train(work_dir, shapes)
    assert done.returncode == 0, done.stderr[-2000:]
    return work_dir


def refused(done, *words):
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith('error: ')
    assert 'Traceback' not in done.stderr
    for word in words:
        assert word in last


def test_the_loss_is_written_as_json_lines(trained):
    (file,) = trained.glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert all(line['loss'] > 0 for line in lines)


def test_a_picture_shows_three_rows_of_the_training_images(trained):
    with Image.open(trained / 'pictures/epoch_0002.png') as sheet:
        assert sheet.width > 4 * 64
        assert sheet.height > 3 * 64


@pytest.mark.parametrize('with_norms', [True, False])
def test_the_checkpoint_goes_into_a_backbone_as_an_init_cfg(trained, with_norms):
    file = trained / 'epoch_2.pth'
    out_indices = (0, 1, 2, 3) if with_norms else (2,)
    init = dict(type='Pretrained', checkpoint=str(file))
    backbone = ConvNeXtV2('atto', out_indices=out_indices, init_cfg=init)
    backbone.init_weights()
    weight = backbone.stages[2][5].pwconv2.weight
    assert torch.equal(weight, read_state(file)['encoder.stages.2.5.pwconv2.weight'])


def test_resuming_goes_on_where_the_run_ended(trained, shapes):
    arguments = [CONFIG, '--work-dir', trained, '--resume']
    options = [f'data_root={shapes}', *SHORT, 'max_epochs=3']
    done = run('train.py', *arguments, options=options)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (trained / 'epoch_3.pth').exists()
    assert 'Epoch(train) [2]' not in done.stdout


def test_reconstructions_are_drawn_from_a_checkpoint(trained, shapes, tmp_path):
    out = tmp_path / 'deep/sheet.png'
    done = run(
        'visualize_fcmae.py', CONFIG, trained / 'epoch_2.pth', '--out', out,
        '--images', 3, options=[f'data_root={shapes}', 'image_size=64'],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    with Image.open(out) as sheet:
        assert sheet.width > 3 * 64


@pytest.mark.parametrize('sparse', [True, False])
def test_an_exported_checkpoint_holds_every_weight(trained, tmp_path, sparse):
    flags = ['--sparse'] if sparse else []
    done = run('export_fcmae.py', trained / 'epoch_2.pth', tmp_path / 'a.pth', *flags)
    assert done.returncode == 0, done.stderr[-2000:]
    content = torch.load(tmp_path / 'a.pth', weights_only=True)
    state = read_state(trained / 'epoch_2.pth')
    back = from_published(content['model'], 'a.pth')
    assert ('encoder.stages.0.0.dwconv.kernel' in content['model']) is sparse
    assert state.keys() == back.keys()
    assert all(torch.equal(value, back[name]) for name, value in state.items())


def test_a_pre_training_starts_from_a_checkpoint(trained, shapes, tmp_path):
    file = trained / 'epoch_2.pth'
    init = ['model.init_cfg.type=Pretrained', f'model.init_cfg.checkpoint={file}']
    done = train(tmp_path, shapes, 'lr=0', 'max_epochs=1', *init)
    assert done.returncode == 0, done.stderr[-2000:]
    state, before = read_state(tmp_path / 'epoch_1.pth'), read_state(file)
    assert all(torch.equal(value, state[name]) for name, value in before.items())


def test_a_checkpoint_of_another_width_is_refused(trained, shapes, tmp_path):
    done = run(
        'visualize_fcmae.py', CONFIG, trained / 'epoch_2.pth',
        '--out', tmp_path / 'a.png',
        options=[f'data_root={shapes}', 'model.decoder_width=64'],
    )  # fmt: skip
    assert done.returncode == 2
    assert 'does not fit this FCMAE' in done.stderr
    assert 'mask_token is (1, 256, 1, 1) there and (1, 64, 1, 1) here' in done.stderr
    assert 'Traceback' not in done.stderr


def test_collapse_is_measured_and_plotted(trained, shapes, tmp_path):
    done = run(
        'feature_collapse.py', shapes / 'images/train', trained / 'epoch_2.pth',
        '--size', 64, '--images', 2, '--out', tmp_path / 'collapse',
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    (distances,) = json.loads((tmp_path / 'collapse.json').read_text()).values()
    assert len(distances) == 12
    assert all(f'{value:.3f}' in done.stdout for value in distances.values())
    with Image.open(tmp_path / 'collapse.png') as plot:
        assert plot.width > 400


@pytest.mark.parametrize(('option', 'value'), [('--images', 0), ('--size', 10)])
def test_a_number_out_of_range_is_one_line(trained, shapes, option, value):
    folder, checkpoint = shapes / 'images/train', trained / 'epoch_2.pth'
    done = run('feature_collapse.py', folder, checkpoint, option, value)
    assert done.returncode == 2
    assert f'{option} must be' in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize(('option', 'value'), [('--images', 0), ('--out', 'a.foo')])
def test_a_sheet_that_cannot_be_is_one_line(trained, option, value):
    done = run('visualize_fcmae.py', CONFIG, trained / 'epoch_2.pth', option, value)
    assert done.returncode == 2
    assert f'{option} must' in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize(
    ('option', 'words'),
    [
        ('image_size=100', ['100 x 100 pixels', 'multiple of 32']),
        ('image_size=32', ['1 x 1 patches', 'larger images']),
        ('image_size=0', ['image_size=0', 'a whole number from 1 on']),
        ('crop_scale=[1,0.2]', ['crop_scale', '[1, 0.2]']),
        ('model.mask_ratio=abc', ['mask_ratio', "'abc'"]),
        ('model.mask_ratio=1', ['mask_ratio', 'between 0 and 1']),
        ('model.encoder.type=convnext_dense.Conv2Former', ['Conv2Former']),
        ('images=annotations/none', ['folder not found', 'data_root']),
    ],
)
def test_a_setting_that_cannot_be_is_one_line(shapes, tmp_path, option, words):
    refused(train(tmp_path, shapes, option), *words)


def test_an_empty_folder_is_one_line(tmp_path):
    (tmp_path / 'data/images/train').mkdir(parents=True)
    refused(train(tmp_path / 'run', tmp_path / 'data'), 'holds no images')


@pytest.mark.parametrize('workers', [0, 1])
def test_a_corrupt_image_is_named_and_counted(shapes_copy, tmp_path, workers):
    image = sorted((shapes_copy / 'images/train').iterdir())[1]
    image.write_bytes(image.read_bytes()[:100])
    share = 'default_hooks.bad_images.max_share=0.25'
    done = train(tmp_path, shapes_copy, share, f'num_workers={workers}')
    assert done.returncode == 0, done.stderr[-2000:]
    assert (
        f'images/train/{image.name} is replaced by another image'
        in done.stdout + done.stderr
    )
    assert '1 of 4 images could not be read' in done.stdout + done.stderr


def test_too_many_corrupt_images_stop_the_run(shapes_copy, tmp_path):
    for image in sorted((shapes_copy / 'images/train').iterdir())[:2]:
        image.write_bytes(b'')
    share = 'default_hooks.bad_images.max_share=0.25'
    refused(
        train(tmp_path, shapes_copy, share),
        '2 unreadable images are 50.0% of them',
        '0.25',
    )


def test_two_processes_train_one_model(shapes, tmp_path):
    options = [f'data_root={shapes}', *SHORT, 'max_epochs=1']
    path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
    done = subprocess.run(
        ['bash', 'tools/dist_train.sh', CONFIG, '2', '--work-dir', str(tmp_path),
         '--cfg-options', *options],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {'PORT': '29617', 'OMP_NUM_THREADS': '1', 'PATH': path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / 'epoch_1.pth').exists()
    assert len([*tmp_path.glob('*/*.log')]) == 1
