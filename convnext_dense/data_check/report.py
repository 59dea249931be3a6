"""What was found in a data set."""

from collections.abc import Iterable
from dataclasses import dataclass, field

FIRST = 3  # names that are told where not all are


@dataclass
class Report:
    """Errors and warnings by what they are, each with the names it was found at.

    Args:
        title: What was looked at.
        counts: How many of what there are.
    """

    title: str
    counts: dict[str, int] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)

    def error(self, what: str, names: Iterable[object]) -> None:
        """Note what makes a training fail or learn nonsense."""
        self._note(self.errors, what, names)

    def warn(self, what: str, names: Iterable[object]) -> None:
        """Note what may be meant so."""
        self._note(self.warnings, what, names)

    @staticmethod
    def _note(found: dict[str, list[str]], what: str, names: Iterable[object]) -> None:
        told = [str(name) for name in names]
        if told:
            found.setdefault(what, []).extend(told)

    def __str__(self) -> str:
        return self.text()

    def text(self, every: bool = False) -> str:
        """Lay it out: a line for each thing found, or one for every name it has."""
        counts = ', '.join(f'{number:,} {what}' for what, number in self.counts.items())
        lines = [f'{self.title}: {counts}']
        for kind, found in (('error', self.errors), ('warning', self.warnings)):
            for what, names in found.items():
                line = f'  {kind:<7} {len(names):>6,} {what}:'
                if every:
                    lines += [line, *(f'    {name}' for name in names)]
                    continue
                more = ', ... (--all names them)' if len(names) > FIRST else ''
                lines.append(f'{line} {", ".join(names[:FIRST])}{more}')
        if len(lines) == 1:
            lines.append('  nothing wrong was found')
        return '\n'.join(lines)
