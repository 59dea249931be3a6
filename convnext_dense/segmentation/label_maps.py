"""Images with a label map (PNG) each, paired by file name."""

from pathlib import Path
from typing import ClassVar

import numpy as np
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image, UnidentifiedImageError

from convnext_dense.datasets.named_errors import NamedErrors
from convnext_dense.errors import UserError
from convnext_dense.registry import DATASETS, TRANSFORMS


@DATASETS.register_module()
class LabelMapDataset(NamedErrors, BaseSegDataset):
    """A folder of images and one of label maps with the same stems.

    Args:
        **kwargs: Those of mmseg's ``BaseSegDataset``. ``data_prefix`` names the
            folders ``img_path`` and ``seg_map_path``; ``ann_file``, where given, lists
            the stems to use, one a line. Suffixes are found, not configured.

    Raises:
        UserError: If a folder is missing or empty, a listed image is not there, or
            an image has no label map.
    """

    suffixes: ClassVar[tuple[str, ...]] = (
        '.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp',
    )  # fmt: skip

    def load_data_list(self) -> list[dict]:
        """Pair images and label maps by stem, in the order of their names."""
        images = self._files(Path(self.data_prefix['img_path']), self.suffixes)
        maps = self._files(Path(self.data_prefix['seg_map_path']), ('.png',))
        stems = self._stems(images)
        unlabelled = [stem for stem in stems if stem not in maps]
        if unlabelled:
            raise UserError(
                f'{len(unlabelled)} images have no label map in '
                f'{self.data_prefix["seg_map_path"]}: '
                f'{", ".join(f"{stem}.png" for stem in unlabelled[:3])}'
                f'{", ..." * (len(unlabelled) > 3)}'
            )
        return [
            dict(
                img_path=str(images[stem]),
                seg_map_path=str(maps[stem]),
                label_map=self.label_map,
                reduce_zero_label=self.reduce_zero_label,
                seg_fields=[],
            )
            for stem in stems
        ]

    def _stems(self, images: dict[str, Path]) -> list[str]:
        if not self.ann_file:
            return sorted(images)
        listed = Path(self.ann_file)
        if not listed.is_file():
            raise UserError(f'list of images not found: {listed}')
        stems = [line.strip() for line in listed.read_text().splitlines()]
        stems = [stem for stem in stems if stem]
        if not stems:
            raise UserError(f'{listed} lists no images')
        absent = [stem for stem in stems if stem not in images]
        if absent:
            raise UserError(
                f'{listed} lists {absent[0]!r} and {len(absent) - 1} more that are '
                f'not in {self.data_prefix["img_path"]}'
            )
        return stems

    @staticmethod
    def _files(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
        if not folder.is_dir():
            raise UserError(f'folder not found: {folder}; set data_root')
        files = {
            str(file.relative_to(folder).with_suffix('')): file
            for file in sorted(folder.rglob('*'))
            if file.suffix.lower() in suffixes
        }
        if not files:
            raise UserError(f'{folder} holds no {", ".join(suffixes)} files')
        return files


@TRANSFORMS.register_module()
class LoadLabelMap(LoadAnnotations):
    """mmseg's ``LoadAnnotations`` that refuses labels outside the classes.

    Such a label otherwise ends a run as an index error without a name on a CPU, and
    as a device-side assertion on a GPU.

    Args:
        num_classes: Labels are 0 to ``num_classes - 1``, and ``ignore_index``.
        ignore_index: The label of pixels that do not count.
        **kwargs: Those of the host's transform.

    Raises:
        UserError: Naming the file and the labels.
    """

    def __init__(self, num_classes: int, ignore_index: int = 255, **kwargs):
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.known = np.zeros(256, dtype=bool)
        self.known[:num_classes] = True
        self.known[ignore_index] = True

    def _load_seg_map(self, results: dict) -> None:
        path = results['seg_map_path']
        try:
            with Image.open(path) as image:
                mode = image.mode
            super()._load_seg_map(results)
        except (OSError, UnidentifiedImageError, AttributeError) as error:
            raise UserError(f'label map {path} cannot be read: {error}') from error
        if mode not in ('L', 'P', '1', 'RGB', 'RGBA'):
            raise UserError(
                f'label map {path} has more than 8 bits a pixel (mode {mode}), and '
                'labels beyond 255 would wrap around: save it with 8'
            )
        labels = results['gt_seg_map']
        size = results.get('ori_shape')
        if size is not None and labels.shape[:2] != tuple(size):
            raise UserError(
                f'label map {path} is {labels.shape[:2]} pixels, its image '
                f'{tuple(size)} (height, width)'
            )
        if labels.ndim != 2:
            raise UserError(
                f'label map {path} has {labels.shape[-1]} channels; it should be '
                'one channel of class indices'
            )
        counts = np.bincount(labels.ravel(), minlength=256)
        wrong = np.flatnonzero((counts > 0) & ~self.known)
        if len(wrong):
            raise UserError(
                f'label map {path} has labels {wrong[:8].tolist()}, but the '
                f'{self.num_classes} classes are 0 to {self.num_classes - 1} '
                '(255 is ignored)'
            )
