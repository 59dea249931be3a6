"""Child registries of mmengine's, one scope for the whole package.

A type such as ``convnext_dense.ConvNeXt`` makes mmengine import this module from
any default scope; the first look-up then imports the ``locations``, so that no
config needs ``custom_imports``.
"""

from collections.abc import Mapping
from importlib import import_module

from mmengine import registry as root

SCOPE = 'convnext_dense'


class Registry(root.Registry):
    """A registry that imports what needs a host only when it is asked for.

    mmdet and mmseg take seconds to import and neither needs the other.

    Args:
        name: What is registered.
        parent: mmengine's registry of the same.
        locations: Modules, relative to the package, that are imported at the first
            look-up.
        on_demand: Names and the module, likewise, that defines each.
    """

    def __init__(
        self,
        name: str,
        parent: root.Registry,
        locations: tuple[str, ...] = (),
        on_demand: Mapping[str, str] | None = None,
    ):
        # Without any location mmengine looks for a package's older way to register.
        paths = [f'{SCOPE}.{location}' for location in locations or ('registry',)]
        super().__init__(name, parent=parent, scope=SCOPE, locations=paths)
        self._on_demand = on_demand or {}

    def names(self) -> list[str]:
        """List all names, without importing what is imported on demand."""
        return [*self.module_dict, *self._on_demand]

    def get(self, key: str) -> type | None:
        """Look a name up, with or without the scope."""
        module = self._on_demand.get(key.removeprefix(f'{SCOPE}.'))
        if module:
            import_module(f'{SCOPE}.{module}')
        return super().get(key)


MODELS = Registry(
    'model',
    root.MODELS,
    ('backbones',),
    on_demand={
        'CrossEntropyLoss': 'segmentation.cross_entropy',
        'EncoderDecoder': 'segmentation.encoder_decoder',
        'FCMAE': 'pretrain',
        'FCNMaskHead': 'detection.mask_head',
        'MaskTTAModel': 'detection.mask_tta',
        'SegTTAModel': 'segmentation.encoder_decoder',
    },
)
OPTIM_WRAPPER_CONSTRUCTORS = Registry(
    'optimizer wrapper constructor', root.OPTIM_WRAPPER_CONSTRUCTORS, ('optim',)
)
HOOKS = Registry('hook', root.HOOKS, ('engine.hooks',))
LOOPS = Registry('loop', root.LOOPS, ('engine.loops',))
DATASETS = Registry(
    'dataset',
    root.DATASETS,
    on_demand={
        'CocoDataset': 'detection.coco',
        'ImageFolder': 'datasets.image_folder',
        'ADE20KDataset': 'segmentation.ade20k',
        'LabelMapDataset': 'segmentation.label_maps',
    },
)
METRICS = Registry(
    'metric',
    root.METRICS,
    on_demand={
        'CocoMetric': 'detection.coco_metric',
        'IoUMetric': 'segmentation.iou_metric',
    },
)
TRANSFORMS = Registry(
    'transform',
    root.TRANSFORMS,
    on_demand={
        'LoadInstances': 'detection.loading',
        'LoadLabelMap': 'segmentation.label_maps',
        'PackDetInputs': 'detection.loading',
    }
    | dict.fromkeys(
        (
            'CenterCrop',
            'LoadImage',
            'PackImage',
            'RandomHorizontalFlip',
            'RandomResizedCrop',
            'RandomVerticalFlip',
            'Resize',
        ),
        'datasets.image_transforms',
    ),
)
