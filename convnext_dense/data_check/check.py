"""From a config to a report on each of its data sets."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DATASETS, init_default_scope

from convnext_dense.engine.config import load_config
from convnext_dense.engine.hosts import import_host
from convnext_dense.errors import UserError

from .coco import check_coco
from .images import check_images, note_leakage
from .label_maps import check_label_maps
from .report import Report

SPLITS = ('train', 'val', 'test')


def check_data(config: Path, cfg_options: Sequence[str] = ()) -> list[Report]:
    """Look through all data sets of a config.

    Args:
        config: A config file, as for training.
        cfg_options: ``key=value`` overrides.

    Returns:
        A report for each split; one that is the same as another is read once.

    Raises:
        UserError: If the config has no data sets, or one cannot be read at all.
    """
    cfg = load_config(config, cfg_options)
    scope = cfg.get('default_scope', 'mmengine')
    import_host(scope)
    init_default_scope(scope)
    reports: list[Report] = []
    known: dict[str, str] = {}
    train: dict[str, list[Path]] = {}
    for split in SPLITS:
        for dataset in _leaves((cfg.get(f'{split}_dataloader') or {}).get('dataset')):
            if _place(dataset) in known:
                continue
            known[_place(dataset)] = split
            report, contents = _check(split, dataset)
            if split == 'train':
                train |= contents
            else:
                note_leakage(report, train, contents)
            reports.append(report)
    if not reports:
        raise UserError(f'{config} has no data sets (train_dataloader.dataset)')
    return reports


def _leaves(dataset: Any) -> Iterator[Config]:
    """Give the data sets that others repeat, concatenate or mix."""
    if not dataset:
        return
    if 'datasets' in dataset:
        for one in dataset['datasets']:
            yield from _leaves(one)
    elif isinstance(dataset.get('dataset'), Mapping):
        yield from _leaves(dataset['dataset'])
    else:
        yield dataset


def _place(dataset: Mapping[str, Any]) -> str:
    return repr([dataset.get(key) for key in ('data_root', 'ann_file', 'data_prefix')])


def _check(split: str, dataset: Any) -> tuple[Report, dict[str, list[Path]]]:
    root = Path(dataset.get('data_root') or '')
    file = str(dataset.get('ann_file') or '')
    if file.endswith('.json'):
        folder = root / (dataset.get('data_prefix') or {}).get('img', '')
        classes = (dataset.get('metainfo') or {}).get('classes') or ()
        masks = any(step.get('with_mask') for step in dataset.get('pipeline', ()))
        return check_coco(split, root / file, folder, classes, masks)
    built = DATASETS.build(dict(dataset, pipeline=[], lazy_init=False))
    data = [built.get_data_info(index) for index in range(len(built))]
    if not data or 'img_path' not in data[0]:
        raise UserError(
            f'{split}_dataloader: data sets of type {dataset.type} cannot be looked '
            'through; those in COCO format, with label maps and of plain images can'
        )
    if 'seg_map_path' not in data[0]:
        return check_images(split, data)
    classes = built.metainfo['classes']
    return check_label_maps(split, data, classes, built.reduce_zero_label)
