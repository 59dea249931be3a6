"""Two iterations of a detector and of a segmentor, from the shell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('mmdet', reason='mmdet is not installed')
pytest.importorskip('mmseg', reason='mmseg is not installed')

ROOT = Path(__file__).parents[2]
DETECTOR = 'configs/shapes/mask-rcnn_convnext-v2-atto_demo_shapes.py'
SEGMENTOR = 'configs/shapes/upernet_convnext-v2-atto_demo_shapes.py'
TWO_EPOCHS = ['max_epochs=2', 'batch_size=4']
TWO_ITERATIONS = ['max_iters=2', 'val_interval=2', 'warmup=1', 'batch_size=4']


def run(*arguments, script='train.py', shapes=None, options=()):
    """Run a tool; workers stay in the process, where they start fastest."""
    workers = [
        f'{phase}_dataloader.num_workers=0' for phase in ('train', 'val', 'test')
    ]
    data = [f'data_root={shapes}', 'image_size=64']
    command = [sys.executable, f'tools/{script}', *map(str, arguments), '--cfg-options']
    return subprocess.run(
        [*command, *data, *workers, *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {'OMP_NUM_THREADS': '1'},
        check=False,
    )


@pytest.fixture(scope='module')
def detector(shapes, tmp_path_factory):
    """The work dir of a detector trained for two epochs of one iteration each."""
    work_dir = tmp_path_factory.mktemp('detector')
    options = [*TWO_EPOCHS, 'validation_loss=True', 'loggers=[]']
    done = run(DETECTOR, '--work-dir', work_dir, shapes=shapes, options=options)
    assert done.returncode == 0, done.stderr[-2000:]
    (work_dir / 'console.txt').write_text(done.stdout + done.stderr)
    return work_dir


@pytest.fixture(scope='module')
def segmentor(shapes, tmp_path_factory):
    """The work dir of a segmentor trained for two iterations."""
    work_dir = tmp_path_factory.mktemp('segmentor')
    options = [*TWO_ITERATIONS, 'validation_loss=True']
    done = run(SEGMENTOR, '--work-dir', work_dir, shapes=shapes, options=options)
    assert done.returncode == 0, done.stderr[-2000:]
    return work_dir


def metrics(work_dir):
    return json.loads((work_dir / 'metrics.json').read_text())


def test_a_detector_leaves_its_metrics(detector):
    assert {'coco/bbox_mAP', 'coco/segm_mAP', 'epoch'} <= metrics(detector).keys()


def test_a_segmentor_leaves_its_metrics(segmentor):
    assert {'mIoU', 'mAcc', 'iter'} <= metrics(segmentor).keys()


@pytest.mark.parametrize(
    ('work_dir', 'name'),
    [('detector', 'epoch_002.png'), ('segmentor', 'iter_000002.png')],
)
def test_predictions_are_drawn(work_dir, name, request):
    assert (request.getfixturevalue(work_dir) / 'pictures' / name).stat().st_size > 1000


@pytest.mark.parametrize('work_dir', ['detector', 'segmentor'])
def test_a_training_ends_with_all_that_a_report_needs(work_dir, request):
    folder = request.getfixturevalue(work_dir)
    done = subprocess.run(
        [sys.executable, 'tools/report.py', str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == f'report: {folder}/report.html', done.stderr
    text = (folder / 'report.html').read_text()
    parts = ('Worst images', 'Training labels', 'First training batches', 'Origin')
    assert all(f'<h2>{part}</h2>' in text for part in parts)
    assert text.count('data:image/jpeg') > 4


def test_the_report_counts_a_segmentors_iou_as_its_evaluator_does(segmentor):
    content = json.loads((segmentor / 'results/results.json').read_text())
    table = np.array(content['confusion'])
    union = table.sum(0) + table.sum(1) - table.diagonal()
    iou = table.diagonal()[union > 0] / union[union > 0]
    assert 100 * iou.mean() == pytest.approx(metrics(segmentor)['mIoU'], abs=0.01)


@pytest.mark.parametrize('work_dir', ['detector', 'segmentor'])
def test_the_loss_of_the_validation_stands_beside_its_metrics(work_dir, request):
    (file,) = request.getfixturevalue(work_dir).glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    losses = [line['val_loss'] for line in lines if 'time' in line and 'lr' not in line]
    assert losses
    assert all(0 < loss < 100 for loss in losses)


@pytest.mark.parametrize('work_dir', ['detector', 'segmentor'])
def test_losses_are_written_as_json_lines(work_dir, request):
    (file,) = request.getfixturevalue(work_dir).glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert any(key.endswith(('mAP', 'mIoU')) for line in lines for key in line)


@pytest.mark.parametrize('work_dir', ['detector', 'segmentor'])
def test_a_checkpoint_alone_predicts(work_dir, request, shapes):
    from convnext_dense.inference import Predictor

    (checkpoint,) = request.getfixturevalue(work_dir).glob('best_*.pth')
    predictor = Predictor(checkpoint)
    image = min((shapes / 'images/val').iterdir())
    assert predictor(image).size == (64, 64)
    assert 'triangle' in predictor.classes


def test_the_best_checkpoint_is_kept(detector):
    (best,) = detector.glob('best_coco_segm_mAP_epoch_*.pth')
    assert best.stat().st_size > 1_000_000


def test_the_console_shows_no_dumps(detector):
    text = (detector / 'console.txt').read_text()
    assert 'eta:' in text
    assert 'paramwise_options' not in text
    assert 'System environment' not in text
    assert len(text.splitlines()) < 80


def test_the_log_file_holds_the_resolved_config(detector):
    (log,) = detector.glob('*/*.log')
    assert 'num_classes=3' in log.read_text()


def test_testing_a_checkpoint_repeats_the_metrics_of_its_validation(
    detector, shapes, tmp_path
):
    done = run(
        DETECTOR, detector / 'epoch_2.pth', '--work-dir', tmp_path, script='test.py',
        shapes=shapes, options=TWO_EPOCHS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found, before = metrics(tmp_path), metrics(detector)
    for key in ('coco/bbox_mAP', 'coco/segm_AR_100'):
        assert found[key] == pytest.approx(before[key], abs=1e-6)


@pytest.mark.parametrize(
    ('config', 'work_dir', 'checkpoint', 'key'),
    [
        (DETECTOR, 'detector', 'epoch_2.pth', 'coco/segm_mAP'),
        (SEGMENTOR, 'segmentor', 'iter_2.pth', 'mIoU'),
    ],
)
def test_testing_merges_several_views_of_an_image(
    config, work_dir, checkpoint, key, request, shapes, tmp_path
):
    trained = request.getfixturevalue(work_dir)
    done = run(
        config, trained / checkpoint, '--tta', '--work-dir', tmp_path,
        script='test.py', shapes=shapes,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert metrics(tmp_path).keys() >= {key}
    # The model that merges holds the one that was trained.
    (log,) = tmp_path.glob('*/*.log')
    assert 'module=dict(' in log.read_text()
    assert (tmp_path / 'pictures/test.png').stat().st_size > 1000


def test_resuming_goes_on_where_the_run_ended(detector, shapes):
    done = run(
        DETECTOR, '--work-dir', detector, '--resume', shapes=shapes,
        options=['max_epochs=3', 'batch_size=4'],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert 'Epoch(train) [3]' in done.stdout
    assert 'Epoch(train) [2]' not in done.stdout


def test_a_checkpoint_of_another_architecture_is_refused(detector, shapes, tmp_path):
    done = run(
        DETECTOR, detector / 'epoch_2.pth', '--work-dir', tmp_path, script='test.py',
        shapes=shapes, options=['model.roi_head.bbox_head.fc_out_channels=128'],
    )  # fmt: skip
    assert done.returncode == 2
    assert 'error: ' in done.stderr
    assert 'roi_head.bbox_head.fc_cls.weight is (4, 256) there' in done.stderr
    assert 'Traceback' not in done.stderr


@pytest.mark.parametrize('damage', ['missing', 'corrupt'])
@pytest.mark.parametrize('workers', [0, 1])
def test_an_unreadable_image_is_named(shapes_copy, tmp_path, damage, workers):
    image = sorted((shapes_copy / 'images/train').iterdir())[0]
    image.unlink() if damage == 'missing' else image.write_bytes(b'not an image')
    options = [*TWO_EPOCHS, f'train_dataloader.num_workers={workers}']
    done = run(DETECTOR, '--work-dir', tmp_path, shapes=shapes_copy, options=options)
    assert done.returncode == 2
    assert f'images/train/{image.name}' in done.stderr.splitlines()[-1]
    assert 'Traceback' not in done.stderr


def launch_two(script, *arguments, port):
    """Run ``dist_train.sh`` or ``dist_test.sh``."""
    path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
    env = dict(PORT=str(port), OMP_NUM_THREADS='1', PATH=path)
    done = subprocess.run(
        ['bash', f'tools/{script}', *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, check=False, env=os.environ | env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]


def test_two_processes_train_one_model_on_the_cpu(shapes, tmp_path):
    options = [f'data_root={shapes}', 'image_size=64', *TWO_EPOCHS, 'batch_size=2']
    launch_two(
        'dist_train.sh', DETECTOR, 2, '--work-dir', tmp_path, '--cfg-options', *options,
        port=29611,
    )  # fmt: skip
    assert len([*tmp_path.glob('*/*.log')]) == 1
    assert (tmp_path / 'epoch_2.pth').exists()
    assert metrics(tmp_path)['epoch'] == 2


def test_two_processes_evaluate_to_the_numbers_of_one(detector, shapes, tmp_path):
    options = [f'data_root={shapes}', 'image_size=64', *TWO_EPOCHS]
    launch_two(
        'dist_test.sh', DETECTOR, detector / 'epoch_2.pth', 2, '--work-dir', tmp_path,
        '--cfg-options', *options, port=29612,
    )  # fmt: skip
    found, before = metrics(tmp_path), metrics(detector)
    for key in ('coco/bbox_mAP', 'coco/segm_AR_100'):
        # Other batches round otherwise, which turns ties of an unlearned model.
        assert found[key] == pytest.approx(before[key], abs=2e-3)
