"""A part of the page."""

from dataclasses import dataclass, field

from markupsafe import Markup


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Args:
        title: Its heading.
        columns: What stands side by side in it, each with a heading, or none.
        note: How to read it.
        half: Whether two such parts of one column stand side by side.
    """

    title: str
    columns: list[tuple[str, Markup]] = field(default_factory=list)
    note: str = ''
    half: bool = False

    @property
    def key(self) -> str:
        """What links name it."""
        return self.title.lower().replace(' ', '-')
