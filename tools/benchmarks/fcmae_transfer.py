#!/usr/bin/env python
"""What masked pre-training is worth: pre-train, fine-tune on few labels, compare.

A ConvNeXt-V2-atto is pre-trained on a folder of images without labels. Mask R-CNN is
then trained on subsets of a COCO-format data set from these weights and from random
ones, with the same subset, seed, schedule and rates. What is finished is not run again,
so that an interrupted measurement goes on where it was.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRETRAIN = 'configs/custom/fcmae_convnext-v2-atto_300e_image-folder.py'
FINETUNE = 'configs/custom/mask-rcnn_convnext-v2-atto_12e_coco-format.py'
METRIC = 'coco/segm_mAP'
BATCH_SIZE = 2


def main() -> int:
    """Run what is missing and print the table after each run."""
    args = _parser().parse_args()
    args.work_dir.mkdir(parents=True, exist_ok=True)
    weights = pretrain(args)
    results: list[dict] = []
    for number in args.labels:
        for seed in range(args.seeds):
            for start in ('scratch', 'pretrained'):
                found = finetune(args, start, number, seed, weights)
                results.append(found)
                _write(args, results)
                print(table(results), flush=True)
    return 0


def pretrain(args: argparse.Namespace) -> Path:
    """Pre-train, unless that is done; give the checkpoint."""
    folder = args.work_dir / 'pretrain'
    checkpoint = folder / f'epoch_{args.pretrain_epochs}.pth'
    if not checkpoint.is_file():
        train(
            PRETRAIN,
            folder,
            f'data_root={args.unlabelled}',
            f'image_size={args.crop}',
            f'crop_scale=[{args.crop_scale[0]},{args.crop_scale[1]}]',
            f'max_epochs={args.pretrain_epochs}',
            'vertical_flip=0.5',
            'num_workers=0',
            *args.pretrain_options,
        )
    return checkpoint


def finetune(
    args: argparse.Namespace, start: str, number: int, seed: int, weights: Path
) -> dict:
    """Train a detector, unless that is done; give its metrics and how it was run."""
    folder = args.work_dir / f'{start}_{number}_seed{seed}'
    metrics = folder / 'metrics.json'
    epochs = max(1, round(args.steps * BATCH_SIZE / number))
    if not metrics.is_file():
        annotations = subset(args, number, seed)
        options = [
            f'data_root={args.labelled}',
            f'train_ann_file={annotations}',
            f'classes={annotations}',
            'val_ann_file=instances_val.json',
            'train_images=images',
            'val_images=images',
            'image_size=256',
            'flips=[horizontal,vertical]',
            f'batch_size={BATCH_SIZE}',
            f'max_epochs={epochs}',
            f'train_cfg.val_interval={epochs}',
            f'default_hooks.checkpoint.interval={epochs}',
            f'randomness.seed={seed}',
            'train_dataloader.num_workers=0',
            'val_dataloader.num_workers=0',
            *args.finetune_options,
        ]
        if start == 'pretrained':
            options += [
                'model.backbone.init_cfg.type=Pretrained',
                f'model.backbone.init_cfg.checkpoint={weights.resolve()}',
            ]
        train(FINETUNE, folder, *options)
    numbers = json.loads(metrics.read_text())
    return dict(
        start=start,
        labels=number,
        seed=seed,
        epochs=epochs,
        mask_ap=100 * numbers[METRIC],
        box_ap=100 * numbers['coco/bbox_mAP'],
    )


def subset(args: argparse.Namespace, number: int, seed: int) -> Path:
    """Write the annotations of some of the training images, drawn by the seed."""
    content = json.loads((args.labelled / 'instances_train.json').read_text())
    order = sorted(content['images'], key=lambda image: image['id'])
    chosen = random.Random(seed).sample(order, min(number, len(order)))
    known = {image['id'] for image in chosen}
    content['images'] = chosen
    content['annotations'] = [
        one for one in content['annotations'] if one['image_id'] in known
    ]
    path = args.work_dir / f'labels_{number}_seed{seed}.json'
    path.write_text(json.dumps(content))
    return path.resolve()


def train(config: str, folder: Path, *options: str) -> None:
    """Run ``tools/train.py``; its console goes to a file."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable, 'tools/train.py', config, '--work-dir', str(folder.resolve()),
        '--cfg-options', *options,
    ]  # fmt: skip
    console = folder / 'console.txt'
    print(f'{" ".join(command)} > {console}', flush=True)
    with console.open('w') as file:
        done = subprocess.run(
            command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        tail = '\n'.join(console.read_text().splitlines()[-5:])
        sys.exit(f'error: {folder} failed:\n{tail}')


def table(results: list[dict]) -> str:
    """Give mask AP, mean and standard deviation, by number of labels."""
    lines = [f'{"labels":>6} {"scratch":>16} {"pretrained":>16} {"gain":>16}  seeds']
    for number in dict.fromkeys(found['labels'] for found in results):
        by_seed: dict[str, dict[int, float]] = {'scratch': {}, 'pretrained': {}}
        for found in results:
            if found['labels'] == number:
                by_seed[found['start']][found['seed']] = found['mask_ap']
        scratch, pretrained = by_seed['scratch'], by_seed['pretrained']
        gain = [pretrained[seed] - scratch[seed] for seed in pretrained]
        cells = [_spread([*scratch.values()]), _spread([*pretrained.values()])]
        cells.append(_spread(gain))
        row = ' '.join(f'{cell:>16}' for cell in cells)
        lines.append(f'{number:6} {row}  {len(gain)}')
    return '\n'.join(lines)


def _spread(values: list[float]) -> str:
    if not values:
        return '-'
    deviation = f' +-{statistics.stdev(values):.1f}' if len(values) > 1 else ''
    return f'{statistics.mean(values):.1f}{deviation}'


def _write(args: argparse.Namespace, results: list[dict]) -> None:
    import torch

    settings = {key: str(value) for key, value in vars(args).items()}
    content = dict(settings=settings, torch=torch.__version__, results=results)
    path = args.work_dir / 'transfer.json'
    path.write_text(json.dumps(content, indent=2) + '\n')


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    add = parser.add_argument
    add('unlabelled', type=Path, help='a folder of images')
    add(
        'labelled',
        type=Path,
        help='a folder with instances_train.json, instances_val.json and images/',
    )
    add('--labels', type=int, nargs='+', default=[40, 16, 120], help='training images')
    add('--seeds', type=int, default=3, help='runs of each, each on its own subset')
    add('--pretrain-epochs', type=int, default=160)
    add('--crop', type=int, default=128, help='side of a pre-training crop')
    add('--crop-scale', type=float, nargs=2, default=[0.1, 0.6])
    add('--steps', type=int, default=240, help='of fine-tuning, whatever the labels')
    add('--pretrain-options', nargs='*', default=[], metavar='KEY=VALUE')
    add('--finetune-options', nargs='*', default=[], metavar='KEY=VALUE')
    add('--work-dir', type=Path, default=Path('work_dirs/fcmae_transfer'))
    return parser


if __name__ == '__main__':
    sys.exit(main())
