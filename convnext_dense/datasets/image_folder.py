"""Images without labels, for pre-training."""

import json
from pathlib import Path

from mmengine.dataset import BaseDataset

from convnext_dense.errors import UserError
from convnext_dense.registry import DATASETS

from .image_transforms import UnusableImage

# What Pillow reads and photographs or scans come in.
SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp')


@DATASETS.register_module()
class ImageFolder(BaseDataset):
    """All images of a folder and of those in it, or those that a file lists.

    An image that cannot be used gives way to the next; the sample says so, and
    ``convnext_dense.BadImages`` counts.

    Args:
        **kwargs: Those of mmengine's ``BaseDataset``. ``data_prefix`` names the folder
            ``img_path``; ``ann_file``, where given, is a COCO annotation file, or lists
            names or stems, one a line.

    Raises:
        UserError: If the folder is missing or holds no images, or a listed image is
            not there.
    """

    def load_data_list(self) -> list[dict]:
        """List the images in the order of their names."""
        folder = Path(self.data_prefix.get('img_path') or self.data_root)
        paths = list_images(folder)
        if self.ann_file:
            paths = _listed(Path(self.ann_file), folder, paths)
        return [dict(img_path=str(path)) for path in paths]

    def __getitem__(self, idx: int) -> dict:
        """Give an image, or the next that can be used.

        Raises:
            UserError: If no image can.
        """
        if not self._fully_initialized:
            self.full_init()
        replaced: list[tuple[str, str]] = []
        for step in range(len(self)):
            info = self.get_data_info((idx + step) % len(self))
            try:
                sample = self.pipeline(info)
            except UnusableImage as error:
                path = info['img_path']
                replaced.append((path, str(error).removeprefix(f'{path} ')))
                continue
            sample['data_samples'].set_metainfo(dict(replaced=tuple(replaced)))
            return sample
        path, reason = replaced[0]
        raise UserError(f'none of {len(self)} images can be used; {path} {reason}')


def list_images(folder: Path) -> list[Path]:
    """List the images of a folder and of those in it, by name.

    Raises:
        UserError: If there is no such folder, or no image in it.
    """
    if not folder.is_dir():
        raise UserError(f'folder not found: {folder}; set data_root')
    # Pillow registers its formats late; a suffix tells without opening the file.
    paths = [path for path in folder.rglob('*') if path.suffix.lower() in SUFFIXES]
    if not paths:
        raise UserError(f'{folder} holds no images ({", ".join(SUFFIXES)})')
    return sorted(paths)


def _listed(file: Path, folder: Path, paths: list[Path]) -> list[Path]:
    try:
        text = file.read_text(encoding='utf-8')
        if file.suffix == '.json':
            names = [image['file_name'] for image in json.loads(text)['images']]
        else:
            names = [line.strip() for line in text.splitlines() if line.strip()]
    except OSError as error:
        raise UserError(f'list of images {file}: {error.strerror}') from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f'{file} is neither a COCO annotation file nor a list of names: {error!r}'
        ) from error
    known = {str(path.relative_to(folder).with_suffix('')): path for path in paths}
    known |= {str(path.relative_to(folder)): path for path in paths}
    absent = [name for name in names if name not in known]
    if absent or not names:
        first = f'{absent[0]!r}, which is not in {folder}' if absent else 'no images'
        raise UserError(f'{file} lists {first}')
    return [known[name] for name in names]
