"""COCO annotations that are checked when they are read."""

import contextlib
import io
import json
from pathlib import Path

from mmdet.datasets import CocoDataset as HostCocoDataset
from mmdet.datasets.api_wrappers import COCO

from convnext_dense.datasets.images import check_inside
from convnext_dense.datasets.named_errors import NamedErrors
from convnext_dense.errors import UserError
from convnext_dense.registry import DATASETS


@DATASETS.register_module()
class CocoDataset(NamedErrors, HostCocoDataset):
    """mmdet's COCO data set, with classes that must be those of the file.

    mmdet drops annotations of a class whose name it does not find and numbers the
    classes as the file does, whatever order the config names them in. Both train a
    wrong model without a word; here they are errors.

    Raises:
        UserError: If the annotation file is missing, damaged, or empty, or its
            categories are not the configured classes in the same order.
    """

    def load_data_list(self) -> list[dict]:
        """Read the annotation file into one dict per image."""
        try:
            data = super().load_data_list()
        except FileNotFoundError as error:
            raise UserError(
                f'annotation file not found: {self.ann_file}; data_root says where the '
                'data lies: --cfg-options data_root=FOLDER'
            ) from error
        except (json.JSONDecodeError, RecursionError) as error:
            size = Path(self.ann_file).stat().st_size
            raise UserError(
                f'{self.ann_file} ({size:,} bytes) is no whole JSON file: {error}'
            ) from error
        except (KeyError, TypeError, AssertionError) as error:
            raise UserError(
                f'{self.ann_file} lacks something that COCO annotations have: {error!r}'
            ) from error
        if not data:
            raise UserError(f'{self.ann_file} holds no images')
        if not self.test_mode and not any(image['instances'] for image in data):
            raise UserError(
                f'{self.ann_file} has no objects in its {len(data)} images: there is '
                'nothing to learn'
            )
        return data

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Read one image's record; its file must lie in the images' folder."""
        info = super().parse_data_info(raw_data_info)
        folder = self.data_prefix.get('img')
        if folder and '://' not in str(folder):
            check_inside(info['img_path'], folder, self.ann_file)
        return info

    def COCOAPI(self, path: str) -> COCO:
        """Read an annotation file and check its classes before they are used."""
        # pycocotools prints its progress.
        with contextlib.redirect_stdout(io.StringIO()):
            coco = COCO(path)
        self._check_classes([category['name'] for category in coco.cats.values()])
        unknown = {a['category_id'] for a in coco.anns.values()} - {*coco.cats}
        if unknown:
            raise UserError(
                f'{path}: annotations have category_id {sorted(unknown)[:5]}, which '
                f'no category has (ids {sorted(coco.cats)[:8]})'
            )
        return coco

    def _check_classes(self, names: list[str]) -> None:
        classes = [*self.metainfo['classes']]
        known = [name for name in names if name in classes]
        if known == classes:
            return
        absent = [name for name in classes if name not in names]
        if absent:
            raise UserError(
                f'{self.ann_file} has no category {_some(absent)}; '
                f'it has {_some(names)}: make the classes of the config agree'
            )
        raise UserError(
            f'{self.ann_file} orders its categories {_some(known)}, '
            f'the config {_some(classes)}: use the order of the file'
        )


def _some(names: list[str]) -> str:
    return ', '.join(map(repr, names[:8])) + ', ...' * (len(names) > 8)
