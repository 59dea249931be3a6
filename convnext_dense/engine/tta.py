"""Test-time augmentation: several scales and flips of an image, merged."""

from mmengine.config import Config

from convnext_dense.errors import UserError


def augment_tests(cfg: Config) -> None:
    """Make a config test as its ``tta_pipeline`` and ``tta_model`` say, in place.

    The pipeline of the test set ends in ``TestTimeAug`` with one view of an image for
    each combination of its transforms; the model runs on each of them and merges.

    Raises:
        UserError: If the config lacks one of the two.
    """
    for key in ('tta_pipeline', 'tta_model'):
        if not cfg.get(key):
            raise UserError(
                f'--tta needs a {key}, and {cfg.filename} has none: inherit one of '
                'configs/_base_/data and of configs/_base_/schedules, or write it'
            )
    dataset = cfg.test_dataloader.dataset
    # Wrappers such as RepeatDataset hold the data set that has the pipeline.
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset.dataset
    dataset.pipeline = cfg.tta_pipeline
    cfg.model = dict(cfg.tta_model, module=cfg.model)
