"""The report as one HTML file that needs nothing else."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import jinja2

from convnext_dense.errors import UserError

from . import detection, segmentation
from .common import batch_section, curve_sections, label_section, origin_sections
from .work_dir import Run, read_run

TASKS: dict[str, ModuleType] = {'detection': detection, 'segmentation': segmentation}


def write_report(work_dirs: Sequence[Path], out: Path | None = None) -> Path:
    """Write the report of a run, or of two side by side.

    Args:
        work_dirs: One work dir, or two to be compared.
        out: The file; ``report.html`` in the work dir by default, and
            ``comparison.html`` in the second of two.

    Returns:
        The file.

    Raises:
        UserError: If a folder holds no run or no test results, or what it holds does
            not belong together.
    """
    runs = [read_run(path) for path in work_dirs]
    names = [''] if len(runs) == 1 else ['first', 'second']
    task = runs[0].results['task']
    if any(run.results['task'] != task for run in runs):
        raise UserError(
            f'{runs[0].path} and {runs[1].path} are of different tasks: '
            f'{task} and {runs[1].results["task"]}'
        )
    module = TASKS[task]
    analyses = [module.analyse(run) for run in runs]
    sections = [
        *module.sections(analyses, names),
        *curve_sections(runs, names),
        *label_section(runs, names),
        *batch_section(runs, names),
        *origin_sections(runs, names),
    ]
    cards = [
        (name, module.headline(one))
        for name, one in zip(_distinct(runs), analyses, strict=True)
    ]
    name = 'report.html' if len(runs) == 1 else 'comparison.html'
    out = out or runs[-1].path / name
    text = render(title=' and '.join(c for c, _ in cards), cards=cards,
                  images=len(runs[0].results.get('image_ids') or
                             runs[0].results['images']),
                  phase=runs[0].results['phase'], sections=sections)  # fmt: skip
    try:
        out.write_text(text, encoding='utf-8')
    except OSError as error:
        raise UserError(f'{out} cannot be written: {error.strerror}') from error
    return out


def _distinct(runs: Sequence[Run]) -> list[str]:
    names = [run.name for run in runs]
    return names if len({*names}) == len(names) else [str(run.path) for run in runs]


def render(**content: Any) -> str:
    """Fill in ``page.html``; what is not marked as HTML is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template('page.html').render(content)
