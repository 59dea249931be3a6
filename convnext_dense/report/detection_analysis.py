"""A detector's predictions against the truth."""

from dataclasses import dataclass
from pathlib import Path

from .error_costs import Cost, error_costs
from .matching import Matches, match
from .objects import KINDS, Objects, Truth, read_predictions, read_truth
from .precision import NUMBERS, Precision, precision_of
from .work_dir import Run


@dataclass(frozen=True)
class Analysis:
    """A run's predictions against the truth; masks, or boxes where there are none.

    Args:
        run: The run.
        kind: ``'segm'`` or ``'bbox'``: what is compared.
        truth: The annotations.
        found: The detections.
        matches: What became of them.
        costs: What their errors cost.
        main: COCO's numbers, of that kind.
        numbers: COCO's twelve for each kind; of the other as the evaluator told them.
    """

    run: Run
    kind: str
    truth: Truth
    found: Objects
    matches: Matches
    costs: list[Cost]
    main: Precision
    numbers: dict[str, dict[str, float]]


def analyse(run: Run) -> Analysis:
    """Read and compare the predictions of a detector.

    Raises:
        UserError: If files are missing or do not belong together.
    """
    results = run.results
    truth = read_truth(
        Path(results['annotations']), results['classes'], results['image_ids']
    )
    kinds = [kind for kind in KINDS if kind in results['predictions']]
    kind = kinds[-1]
    found = read_predictions(run.path / 'results' / results['predictions'][kind], truth)
    matches = match(truth, found, kind)
    costs = error_costs(truth.objects, found, matches)
    main = precision_of(truth, found, kind)
    numbers = {k: told(results['metrics'], k) for k in kinds} | {kind: main.numbers}
    return Analysis(run, kind, truth, found, matches, costs, main, numbers)


def told(metrics: dict[str, float], kind: str) -> dict[str, float]:
    """Find COCO's numbers among an evaluator's, whatever their prefix.

    Args:
        metrics: Numbers by name, such as ``coco/bbox_mAP``.
        kind: ``'bbox'`` or ``'segm'``.

    Returns:
        Those of ``NUMBERS``; nan where the evaluator has none.
    """
    plain = {key.rpartition('/')[2]: value for key, value in metrics.items()}
    return {name: plain.get(f'{kind}_{name}', float('nan')) for name in NUMBERS}
