"""Name the image that a pipeline fails on."""

from typing import Any

from convnext_dense.errors import UserError


class NamedErrors:
    """Mixed into a data set of the hosts: an error in its pipeline names the image.

    Without it, a damaged file ends a run with an assertion or an array shape in a
    worker's traceback.
    """

    def prepare_data(self, idx: int) -> Any:
        """Load and transform one sample.

        Raises:
            UserError: Naming the image and the cause.
        """
        try:
            return super().prepare_data(idx)  # type: ignore[misc]
        except UserError:
            raise
        except Exception as error:  # a pipeline may raise anything
            info = self.get_data_info(idx)  # type: ignore[attr-defined]
            told = _told(error)
            raise UserError(f'{info["img_path"]} cannot be used: {told}') from error


def _told(error: Exception) -> str:
    if isinstance(error, KeyError) and error.args == ('mask',):
        return (
            'an object of it has no mask (`segmentation`) in the annotation file; '
            'train boxes alone with a faster-rcnn config'
        )
    if isinstance(error, FileNotFoundError):
        return 'the file is not there'
    if '!buf.empty()' in str(error) or 'failed to load image' in str(error):
        return 'it is no whole image'
    first = (str(error).strip() or 'no more is said').splitlines()[0]
    return (
        f'{type(error).__name__}: {first}; compare the sizes and masks of its '
        'annotations with the image'
    )
