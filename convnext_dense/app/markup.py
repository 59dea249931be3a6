"""Parts of the page as HTML; all text from files and models is escaped."""

import base64
import io
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
from PIL import Image

from .view import Row

QUALITY = 90
EMPTY = '<p class="cd-empty">The result appears here.</p>'
HINT = (
    '<p class="cd-hint">Point at a line or in the picture to highlight; click to keep '
    'it.</p>'
)


def figure(picture: np.ndarray, rows: Sequence[Row], key: str, text: str) -> str:
    """Give a picture with a shape to point at for each row.

    Args:
        picture: (H, W, 3) RGB in 0..255.
        rows: The surest first; their shapes lie on top.
        key: Of the image, so that the shapes of two images are never taken for each
            other.
        text: Says what is on the picture.
    """
    height, width = picture.shape[:2]
    shapes = ''.join(
        f'<path data-row="{key}-{row.number}" d="{row.outline}">'
        f'<title>{escape(_title(row))}</title></path>'
        for row in reversed(rows)
        if row.outline
    )
    return (
        f'<svg class="cd-figure" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(text)}" style="aspect-ratio: {width} / {height}">'
        f'<image href="{_data_uri(picture)}" width="{width}" height="{height}"/>'
        f'<path class="cd-veil" data-frame="M0 0H{width}V{height}H0Z"/>{shapes}</svg>'
    )


def table(columns: Sequence[str], rows: Sequence[Row], key: str) -> str:
    """Give the rows as a table whose lines can be pointed at."""
    if not rows:
        return (
            '<p class="cd-hint">Nothing is shown: lower the threshold, or switch '
            'classes on.</p>'
        )
    head = ''.join(f'<th scope="col">{escape(title)}</th>' for title in columns)
    body = ''.join(
        f'<tr data-row="{key}-{row.number}" tabindex="0"><td>{row.number}</td>'
        f'<td>{_chip(row.colour)}{escape(row.name)}</td>'
        f'<td>{_bar(row.share)}<span>{escape(row.cells[0])}</span></td>'
        + ''.join(f'<td>{escape(cell)}</td>' for cell in row.cells[1:])
        + '</tr>'
        for row in rows
    )
    return (
        f'{HINT}<div class="cd-scroll"><table class="cd-table">'
        f'<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def legend_colours(classes: Mapping[str, tuple[int, int, int]]) -> str:
    """Give the style that colours the switches of the classes, in their order."""
    rules = ''.join(
        f'#cd-legend .wrap label:nth-of-type({number}) '
        f'{{ --class-colour: rgb{colour} }}'
        for number, colour in enumerate(classes.values(), 1)
    )
    return f'<style>{rules}</style>'


def line(text: str) -> str:
    """Give a line of plain information."""
    return f'<p class="cd-status" role="status">{escape(text)}</p>'


def complaint(text: str) -> str:
    """Give an error that the person can mend."""
    return f'<p class="cd-error" role="alert">{escape(text)}</p>'


def heading(title: str, text: str) -> str:
    """Give the head of the page."""
    return (
        f'<header class="cd-head"><h1>{escape(title)}</h1>'
        f'<p>{escape(text)}</p></header>'
    )


def _title(row: Row) -> str:
    return f'#{row.number} {row.name}, {row.cells[0]}'


def _chip(colour: tuple[int, int, int]) -> str:
    return f'<i class="cd-chip" style="background: rgb{colour}"></i>'


def _bar(share: float) -> str:
    return f'<i class="cd-bar" style="--share: {share:.3f}"></i>'


def _data_uri(picture: np.ndarray) -> str:
    # No file of a person's picture is left on the disk by looking at it.
    file = io.BytesIO()
    Image.fromarray(picture).save(file, 'JPEG', quality=QUALITY, subsampling=0)
    return f'data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}'
