"""The page from a shell: a checkpoint in, a page out, nothing left behind."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

pytest.importorskip('gradio', reason='gradio is not installed (extra app)')
pytest.importorskip('mmdet', reason='mmdet is not installed')


@pytest.fixture
def checkpoint(root, tmp_path):
    """Give an untrained detector, with its config beside it."""
    import torch
    from mmengine.config import Config
    from mmengine.registry import MODELS, DefaultScope

    from convnext_dense.engine.device import fit_to_device
    from convnext_dense.engine.hosts import import_host
    from convnext_dense.engine.settings import apply_settings

    cfg = Config.fromfile(
        root / 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py'
    )
    cfg.classes = ('circle', 'square', 'triangle')
    apply_settings(cfg)
    fit_to_device(cfg)
    import_host('mmdet', parts=('models',))
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(cfg.model)
    cfg.dump(tmp_path / 'config.py')
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'best.pth')
    return tmp_path / 'best.pth'


def test_a_checkpoint_becomes_a_page_until_it_is_stopped(root, checkpoint, tmp_path):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    config = checkpoint.with_name('config.py')
    command = ['tools/app.py', '--checkpoint', checkpoint, '--config', config]
    command += ['--port', str(port)]
    scratch = tmp_path / 'scratch'
    scratch.mkdir()
    with subprocess.Popen(
        [sys.executable, '-W', 'ignore', *command],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env=os.environ | dict(TMPDIR=str(scratch)),
    ) as running:
        try:
            said = running.stdout.readline()
            assert said == f'best.pth is at http://127.0.0.1:{port}/ until Ctrl+C\n'
            page = urllib.request.urlopen(f'http://127.0.0.1:{port}/').read().decode()
            assert 'MaskRCNN · ConvNeXtV2 atto · 3 classes · ' in page
        finally:
            running.send_signal(signal.SIGTERM)
        assert running.stdout.read() == 'stopped\n'
    assert running.returncode == 0
    assert [*scratch.iterdir()] == []
