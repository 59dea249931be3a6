"""Which detection found which object, and what is wrong with the others.

The kinds of error, their order and thresholds are those of TIDE (Bolya et al. 2020,
arXiv 2008.08115, section 2.2, and dbolya/tide at 09eeffb).
"""

from dataclasses import dataclass

import numpy as np
from faster_coco_eval.core import mask as mask_api

from .objects import Objects, Truth, shapes_of

FOUND = 0.5  # IoU from which an object counts as found
BACKGROUND = 0.1  # IoU up to which a detection has nothing to do with an object
SHOWN = 0.3  # score from which a detection counts in the confusion matrix
MOST = 100  # detections of an image that count, as in COCO

RIGHT, IGNORED = 0, -1
LOCALISATION, CLASS, DUPLICATE, BACKGROUND_ERROR, BOTH, MISSED = range(1, 7)
ERRORS = {
    LOCALISATION: 'localisation',
    CLASS: 'class',
    BOTH: 'both',
    DUPLICATE: 'duplicate',
    BACKGROUND_ERROR: 'background',
    MISSED: 'missed',
}


@dataclass(frozen=True)
class Matches:
    """What became of each detection and object.

    Args:
        kind: (D,) ``RIGHT``, ``IGNORED``, or the kind of error of each detection.
        target: (D,) the object that a detection found, or that its error is about;
            -1 for none.
        confusion: (C + 1, C + 1) objects by class of truth and detection; the last
            row and column are the background.
        quality: (I,) by image: the IoUs of right detections, by the number of
            detections and objects, in 0..1; nan for an image with neither.
    """

    kind: np.ndarray
    target: np.ndarray
    confusion: np.ndarray
    quality: np.ndarray


def match(truth: Truth, found: Objects, kind: str) -> Matches:
    """Compare the detections of all images with the truth.

    Args:
        truth: The annotations.
        found: The detections.
        kind: ``'bbox'`` or ``'segm'``.
    """
    objects, number = truth.objects, len(truth.names)
    kinds = np.full(len(found.label), IGNORED)
    targets = np.full(len(found.label), -1)
    confusion = np.zeros((number + 1, number + 1), dtype=int)
    quality = np.full(len(truth.images), np.nan)
    for image in range(len(truth.images)):
        theirs, ours = objects.of(image), found.of(image)
        ours = slice(ours.start, min(ours.stop, ours.start + MOST))
        iou = _iou(truth, found, kind, ours, theirs)
        crowd = objects.crowd[theirs]
        labels, real = found.label[ours], objects.label[theirs][~crowd]
        in_crowd = (iou[:, crowd] >= FOUND) & (
            labels[:, None] == objects.label[theirs][crowd]
        )
        kinds[ours], target = classify(iou[:, ~crowd], labels, real, in_crowd.any(1))
        place = np.flatnonzero(~crowd) + theirs.start
        targets[ours] = np.where(target >= 0, np.append(place, -1)[target], -1)
        shown = (found.score[ours] >= SHOWN) & (kinds[ours] != IGNORED)
        pairs = pair(iou[:, ~crowd][shown])
        confusion += _table(pairs, labels[shown], real, number)
        quality[image] = _quality(iou[:, ~crowd][shown], pairs, labels[shown], real)
    return Matches(kinds, targets, confusion, quality)


def _iou(
    truth: Truth, found: Objects, kind: str, ours: slice, theirs: slice
) -> np.ndarray:
    shape = (ours.stop - ours.start, theirs.stop - theirs.start)
    if 0 in shape:
        return np.zeros(shape)
    detections = shapes_of(found, truth.images, kind, ours)
    annotations = shapes_of(truth.objects, truth.images, kind, theirs)
    crowd = truth.objects.crowd[theirs].astype(int).tolist()
    return np.asarray(mask_api.iou(detections, annotations, crowd))


def classify(
    iou: np.ndarray, labels: np.ndarray, truth: np.ndarray, in_crowd: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Say for each detection of one image whether it is right, and if not, why.

    Args:
        iou: (D, G), the detections by falling score.
        labels: (D,) predicted classes.
        truth: (G,) classes of the objects.
        in_crowd: (D,) whether a detection lies in a crowd of its class.

    Returns:
        (D,) kinds, and (D,) the object that each is about, or -1.
    """
    kinds = np.full(len(labels), BACKGROUND_ERROR)
    targets = np.full(len(labels), -1)
    if len(truth):
        same = labels[:, None] == truth
        own, other = iou * same, iou * ~same
        left = own.copy()
        for index in np.flatnonzero(own.max(1) >= FOUND):
            best = left[index].argmax()
            if left[index, best] >= FOUND:
                kinds[index], targets[index] = RIGHT, best
                left[:, best] = 0
        wrong = kinds != RIGHT
        taken = np.isin(np.arange(len(truth)), targets[~wrong])
        near, far = own.max(1), other.max(1)
        # The first that applies counts.
        rules = (
            (LOCALISATION, (near >= BACKGROUND) & (near <= FOUND), own),
            (CLASS, far >= FOUND, other),
            (DUPLICATE, (own * taken).max(1) >= FOUND, own * taken),
            (BACKGROUND_ERROR, iou.max(1) <= BACKGROUND, None),
            (BOTH, wrong, iou),
        )
        for kind, applies, about in rules:
            now = wrong & applies
            kinds[now] = kind
            if about is not None:
                targets[now] = about.argmax(1)[now]
            wrong &= ~applies
    kinds[in_crowd & (kinds != RIGHT)] = IGNORED
    return kinds, targets


def pair(iou: np.ndarray) -> list[tuple[int, int]]:
    """Pair detections and objects whatever their classes, the closest first."""
    rows, columns = np.nonzero(iou >= FOUND)
    pairs: list[tuple[int, int]] = []
    free_rows, free_columns = {*rows.tolist()}, {*columns.tolist()}
    for index in np.argsort(-iou[rows, columns], kind='stable'):
        row, column = int(rows[index]), int(columns[index])
        if row in free_rows and column in free_columns:
            pairs.append((row, column))
            free_rows.remove(row)
            free_columns.remove(column)
    return pairs


def _table(
    pairs: list[tuple[int, int]], labels: np.ndarray, truth: np.ndarray, number: int
) -> np.ndarray:
    table = np.zeros((number + 1, number + 1), dtype=int)
    for row, column in pairs:
        table[truth[column], labels[row]] += 1
    rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
    for row in {*range(len(labels))} - rows:
        table[number, labels[row]] += 1
    for column in {*range(len(truth))} - columns:
        table[truth[column], number] += 1
    return table


def _quality(
    iou: np.ndarray,
    pairs: list[tuple[int, int]],
    labels: np.ndarray,
    truth: np.ndarray,
) -> float:
    """Panoptic quality (Kirillov et al. 2019, arXiv 1801.00868) of one image."""
    if not len(labels) + len(truth):
        return float('nan')
    right = [iou[pair] for pair in pairs if labels[pair[0]] == truth[pair[1]]]
    # TP + FP / 2 + FN / 2, in detections and objects.
    return float(2 * sum(right) / (len(labels) + len(truth)))
