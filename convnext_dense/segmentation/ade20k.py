"""ADE20K, with errors that name the image."""

from mmseg.datasets import ADE20KDataset as HostADE20KDataset

from convnext_dense.datasets.images import check_inside
from convnext_dense.datasets.named_errors import NamedErrors
from convnext_dense.registry import DATASETS


@DATASETS.register_module()
class ADE20KDataset(NamedErrors, HostADE20KDataset):
    """mmseg's ADE20K, whose pipeline errors name the image."""

    def load_data_list(self) -> list[dict]:
        """List the images; each must lie in their folder."""
        data = super().load_data_list()
        for info in data:
            check_inside(info['img_path'], self.data_prefix['img_path'], self.ann_file)
        return data
