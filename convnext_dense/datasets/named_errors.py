"""Errors in a pipeline name the image; in training, unreadable images are replaced."""

from typing import Any

from convnext_dense.errors import UserError

from .images import fault_of_image


class NamedErrors:
    """Mixed into a data set of the hosts.

    Without it, a damaged file ends a run with an assertion or an array shape in a
    worker's traceback. In training, a random other image takes the place of one that
    cannot be read; its sample says so in its meta information ``replaced``, a tuple of
    (path, reason), which :class:`convnext_dense.BadImages` counts.
    """

    def prepare_data(self, idx: int) -> Any:
        """Load and transform one sample, or in training one in its place.

        Raises:
            UserError: Naming the image and the cause.
        """
        replaced: list[tuple[str, str]] = []
        while True:
            try:
                sample = super().prepare_data(idx)  # type: ignore[misc]
                break
            except Exception as error:  # a pipeline may raise anything
                replaced.append(self._unreadable(idx, error, len(replaced)))
                idx = self._rand_another()  # type: ignore[attr-defined]
        if not replaced:
            return sample
        if not isinstance(sample, dict) or 'data_samples' not in sample:
            path, reason = replaced[0]  # nothing would carry the news
            raise UserError(f'{path} cannot be used: {reason}')
        sample['data_samples'].set_metainfo(dict(replaced=tuple(replaced)))
        return sample

    def _unreadable(self, idx: int, error: Exception, before: int) -> tuple[str, str]:
        """Give path and reason of an image that is to be replaced, or raise."""
        path = self.get_data_info(idx)['img_path']  # type: ignore[attr-defined]
        fault = fault_of_image(path)
        training = not self.test_mode  # type: ignore[attr-defined]
        if fault and training and before < self.max_refetch:  # type: ignore[attr-defined]
            return path, fault
        if isinstance(error, UserError) and not fault:
            raise error
        raise UserError(f'{path} cannot be used: {fault or _told(error)}') from error


def _told(error: Exception) -> str:
    if isinstance(error, KeyError) and error.args == ('mask',):
        return (
            'an object of it has no mask (`segmentation`) in the annotation file; '
            'train boxes alone with a faster-rcnn config'
        )
    if 'Insufficient memory' in str(error):
        return 'there is not enough memory to resize it: set a smaller image_size'
    first = (str(error).strip() or 'no more is said').splitlines()[0]
    return (
        f'{type(error).__name__}: {first}; compare the sizes and masks of its '
        'annotations with the image'
    )
