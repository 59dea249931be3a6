"""The command line answers at once, and a mistake gets one line."""

import os
import socket
import subprocess
import sys

import pytest
import torch

from convnext_dense.cli import COMMANDS, complain, main
from convnext_dense.errors import Stopped

SHAPES = 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py'
LEAF = 'configs/convnext/mask-rcnn_convnext-tiny_3x_coco.py'
needs_hosts = pytest.mark.usefixtures('hosts')


@pytest.fixture
def hosts():
    pytest.importorskip('mmdet', reason='mmdet is not installed')


def flags(command):
    script = f'from convnext_dense.cli import main; main([{command!r}, "--help"])'
    done = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True
    )
    words = done.stdout.replace(',', ' ').replace('[', ' ').replace(']', ' ').split()
    return {word for word in words if word.startswith('--')}


def test_a_run_that_a_signal_stopped_has_a_code_of_its_own(monkeypatch, capsys):
    launch = pytest.importorskip('convnext_dense.engine.launch')

    def train(**_):
        raise Stopped('stopped by SIGTERM after iteration 3', 75)

    monkeypatch.setattr(launch, 'train', train)
    assert main(['train', SHAPES]) == 75
    assert 'error: stopped by SIGTERM' in capsys.readouterr().err


@pytest.mark.parametrize('command', ['train', 'test'])
def test_no_option_is_added_to_the_tools(command):
    common = {'--help', '--work-dir', '--launcher', '--cfg-options'}
    assert flags(command) == common | {dict(train='--resume', test='--tta')[command]}


def test_no_option_is_added_to_predict():
    assert flags('predict') == {
        '--help', '--config', '--out', '--threshold', '--classes', '--save',
        '--annotations', '--device', '--window', '--batch-size',
    }  # fmt: skip


def test_no_option_is_added_to_export():
    assert flags('export') == {'--help', '--format', '--out', '--half', '--check'}


def test_help_imports_nothing_heavy():
    script = (
        'import sys\n'
        'from convnext_dense.cli import main\n'
        'try: main(["train", "--help"])\n'
        'except SystemExit: heavy = {"torch", "mmengine", "numpy"} & {*sys.modules}\n'
        'sys.exit(str(heavy) if heavy else 0)'
    )
    done = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def complaint(capsys, *arguments):
    """Run a command that must fail and give the one line that it complains in."""
    assert main([*map(str, arguments)]) == 2
    errors = [
        line for line in capsys.readouterr().err.splitlines() if 'error: ' in line
    ]
    assert len(errors) == 1
    return errors[0]


def test_memory_that_does_not_suffice_is_told_with_the_way_out(monkeypatch, capsys):
    def train(**_):
        return torch.empty(10**15)

    monkeypatch.setitem(COMMANDS, 'train', lambda: train)
    assert main(['train', LEAF]) == 2
    told = capsys.readouterr().err
    assert told.count('\n') == 1
    assert '4000000000000000 bytes' in told
    assert 'model.backbone.with_cp=True' in told


def test_a_missing_config_is_named(capsys):
    error = complaint(capsys, 'train', 'configs/absent.py')
    assert 'config not found: configs/absent.py' in error


def test_a_missing_checkpoint_is_named(capsys, tmp_path):
    error = complaint(capsys, 'test', LEAF, tmp_path / 'absent.pth')
    assert 'checkpoint not found' in error


def test_a_port_that_is_taken_is_named_before_a_model_is_loaded(capsys):
    with socket.socket() as listening:
        listening.bind(('127.0.0.1', 0))
        port = listening.getsockname()[1]
        error = complaint(capsys, 'app', '--checkpoint', 'absent.pth', '--port', port)
    assert f'port {port} is taken' in error


@needs_hosts
def test_a_misspelt_option_is_answered_with_the_right_one(capsys):
    error = complaint(
        capsys, 'train', LEAF, '--cfg-options', 'model.backbone.drop_path_rat=0.1'
    )
    assert 'did you mean model.backbone.drop_path_rate' in error


@needs_hosts
def test_an_unknown_variant_is_answered_with_the_choices(capsys, tmp_path):
    error = complaint(
        capsys, 'train', LEAF, '--work-dir', tmp_path,
        '--cfg-options', 'model.backbone.arch=teeny',
    )  # fmt: skip
    assert "'teeny'" in error
    assert 'tiny, small, base' in error


@needs_hosts
def test_a_work_dir_that_cannot_be_made_is_named(capsys, tmp_path):
    (tmp_path / 'file').touch()
    error = complaint(capsys, 'train', LEAF, '--work-dir', tmp_path / 'file/run')
    assert f'{tmp_path}/file/run cannot be written' in error


@needs_hosts
def test_a_missing_annotation_file_is_named(capsys, tmp_path):
    error = complaint(
        capsys, 'train', LEAF, '--work-dir', tmp_path,
        '--cfg-options', f'data_root={tmp_path}/coco', 'model.backbone.init_cfg=None',
    )  # fmt: skip
    assert 'annotations/instances_train2017.json' in error


@needs_hosts
def test_classes_that_disagree_with_the_annotations_are_named(capsys, tmp_path, shapes):
    error = complaint(
        capsys, 'train', SHAPES, '--work-dir', tmp_path, '--cfg-options',
        f'data_root={shapes}', 'classes=[circle,square,star]',
    )  # fmt: skip
    assert "no category 'star'" in error


@needs_hosts
def test_heads_that_count_other_classes_are_named(capsys, tmp_path, shapes):
    error = complaint(
        capsys, 'train', SHAPES, '--work-dir', tmp_path, '--cfg-options',
        f'data_root={shapes}', 'model.roi_head.bbox_head.num_classes=5',
    )  # fmt: skip
    assert 'roi_head.bbox_head has num_classes=5, the data set has 3' in error


@pytest.mark.skipif(
    os.path.exists('/dev/nvidia0'), reason='this machine has the GPUs that it asks for'
)
def test_gpus_that_are_not_there_are_refused(capsys, monkeypatch):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '0,1')
    assert '2 GPUs asked for' in complaint(capsys, 'train', LEAF)


@pytest.mark.parametrize('gpus', ['0', 'two', ''])
def test_a_number_of_gpus_that_is_none_is_refused(gpus):
    done = subprocess.run(
        ['bash', 'tools/dist_train.sh', LEAF, gpus], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert f"positive number, got '{gpus}'" in done.stderr


def test_the_first_process_to_fail_speaks_for_its_machine(capfd, monkeypatch, tmp_path):
    for rank in '10':
        folder = tmp_path / 'attempt_0' / rank
        folder.mkdir(parents=True)
        monkeypatch.setenv('RANK', rank)
        monkeypatch.setenv('TORCHELASTIC_ERROR_FILE', str(folder / 'error.json'))
        assert complain(f'seen by {rank}') == 2
    assert capfd.readouterr().err == 'error: seen by 1\n'
