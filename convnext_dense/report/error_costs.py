"""What each kind of error costs in AP: the dAP of TIDE.

Bolya et al. 2020, arXiv 2008.08115, section 2.3: all errors of one kind are mended, as
an oracle would, and AP at IoU 0.5 is computed anew; the difference is their cost. Costs
of several kinds do not add up to what is missing.
"""

from dataclasses import dataclass

import numpy as np

from .matching import CLASS, ERRORS, IGNORED, LOCALISATION, MISSED, RIGHT, Matches
from .objects import Objects

RECALLS = np.linspace(0, 1, 101)


@dataclass(frozen=True)
class Cost:
    """A kind of error: how many there are, and the AP (0..1) that they cost."""

    name: str
    count: int
    cost: float


def error_costs(truth: Objects, found: Objects, matches: Matches) -> list[Cost]:
    """Give the cost of each kind of error, in the order of ``ERRORS``.

    Args:
        truth: The objects.
        found: The detections.
        matches: What became of them.
    """
    kind, target = matches.kind, matches.target
    kept = kind != IGNORED
    positives = np.bincount(truth.label[~truth.crowd])
    right = kind == RIGHT
    before = mean_ap(found.score[kept], found.label[kept], right[kept], positives)
    # An object that is nearly found, or found as another class, was not missed.
    mended = _mended(found.score, matches)
    missed = ~truth.crowd
    missed[target[right | mended]] = False
    costs = []
    for error, name in ERRORS.items():
        if error == MISSED:
            left = positives - np.bincount(
                truth.label[missed], minlength=len(positives)
            )
            after = mean_ap(found.score[kept], found.label[kept], right[kept], left)
            costs.append(Cost(name, int(missed.sum()), max(0.0, after - before)))
            continue
        mine = kind == error
        good = mine & mended
        labels = found.label.copy()
        labels[good] = truth.label[target[good]]
        use = kept & (~mine | good)
        after = mean_ap(found.score[use], labels[use], (right | good)[use], positives)
        costs.append(Cost(name, int(mine.sum()), max(0.0, after - before)))
    return costs


def _mended(score: np.ndarray, matches: Matches) -> np.ndarray:
    """Find the detections that better places or classes would make right.

    They are, of each object that none found, the surest that is about it.
    """
    found = {*matches.target[matches.kind == RIGHT].tolist()}
    mended = np.zeros(len(score), dtype=bool)
    near = np.flatnonzero(np.isin(matches.kind, (LOCALISATION, CLASS)))
    for index in near[np.argsort(-score[near], kind='stable')]:
        target = int(matches.target[index])
        if target not in found:
            found.add(target)
            mended[index] = True
    return mended


def mean_ap(
    score: np.ndarray, label: np.ndarray, right: np.ndarray, positives: np.ndarray
) -> float:
    """Average the AP of the classes that occur.

    Args:
        score: (D,) scores.
        label: (D,) classes.
        right: (D,) whether a detection found an object of its own.
        positives: (C,) number of objects of each class.
    """
    found = [
        average_precision(score[label == c], right[label == c], int(number))
        for c, number in enumerate(positives)
        if number > 0
    ]
    return float(np.mean(found)) if found else 0.0


def average_precision(score: np.ndarray, right: np.ndarray, positives: int) -> float:
    """COCO's AP of one class: mean precision at 101 recalls.

    Args:
        score: (D,) scores.
        right: (D,) whether a detection is right.
        positives: Number of objects.
    """
    hits = right[np.argsort(-score, kind='stable')].cumsum()
    if not len(hits):
        return 0.0
    precision = hits / np.arange(1, len(hits) + 1)
    # The best precision at this recall or any higher one.
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    place = np.searchsorted(hits / positives, RECALLS)
    return float(np.append(precision, 0.0)[place].mean())
