"""A detector's predictions against the truth."""

from dataclasses import dataclass
from pathlib import Path

from .error_costs import Cost, error_costs
from .matching import Matches, match
from .objects import KINDS, Objects, Truth, read_predictions, read_truth
from .precision import Precision, precision_of
from .work_dir import Run


@dataclass(frozen=True)
class Analysis:
    """A run's predictions against the truth; masks, or boxes where there are none."""

    run: Run
    kind: str
    truth: Truth
    found: Objects
    matches: Matches
    costs: list[Cost]
    precision: dict[str, Precision]

    @property
    def main(self) -> Precision:
        """COCO's numbers of the main kind."""
        return self.precision[self.kind]


def analyse(run: Run) -> Analysis:
    """Read and compare the predictions of a detector.

    Raises:
        UserError: If files are missing or do not belong together.
    """
    results = run.results
    truth = read_truth(
        Path(results['annotations']), results['classes'], results['image_ids']
    )
    precision = {}
    kinds = [kind for kind in KINDS if kind in results['predictions']]
    for kind in kinds:
        path = run.path / 'results' / results['predictions'][kind]
        found = read_predictions(path, truth)
        precision[kind] = precision_of(truth, found, kind)
    matches = match(truth, found, kind)
    costs = error_costs(truth.objects, found, matches)
    return Analysis(run, kind, truth, found, matches, costs, precision)
