"""ADE20K, with errors that name the image."""

from mmseg.datasets import ADE20KDataset as HostADE20KDataset

from convnext_dense.datasets.named_errors import NamedErrors
from convnext_dense.registry import DATASETS


@DATASETS.register_module()
class ADE20KDataset(NamedErrors, HostADE20KDataset):
    """mmseg's ADE20K, whose pipeline errors name the image."""
