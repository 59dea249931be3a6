"""One picture of many."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .palette import class_colours

PAPER = (250, 250, 250)
INK = (40, 40, 40)
GAP = 8


def contact_sheet(
    rows: Sequence[tuple[str, Sequence[np.ndarray]]],
    names: Sequence[str],
    *,
    title: str = '',
) -> Image.Image:
    """Lay pictures out in titled rows, with a legend of the classes below.

    Args:
        rows: A title and RGB pictures for each row; picture ``i`` of every row stands
            in column ``i``.
        names: Class names for the legend, in the order of their colours.
        title: A line above everything.

    Returns:
        The sheet.
    """
    font = ImageFont.load_default(16)
    columns = max(len(pictures) for _, pictures in rows)
    widths = [
        max(p[column].shape[1] for _, p in rows if column < len(p))
        for column in range(columns)
    ]
    heights = [max(p.shape[0] for p in pictures) for _, pictures in rows]
    head = 28
    total = GAP + sum(width + GAP for width in widths)
    legend, legend_height = _legend(names, total, font)
    height = head + sum(h + GAP + 24 for h in heights) + legend_height + GAP
    sheet = Image.new('RGB', (total, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 6), title, fill=INK, font=font)
    y = head
    for (name, pictures), row_height in zip(rows, heights, strict=True):
        draw.text((GAP, y), name, fill=INK, font=font)
        y += 24
        x = GAP
        for picture, width in zip(pictures, widths, strict=False):
            sheet.paste(Image.fromarray(picture), (x, y))
            x += width + GAP
        y += row_height + GAP
    colours = class_colours(len(names))
    for index, (x, dy) in enumerate(legend):
        draw.rectangle((x, y + dy + 3, x + 13, y + dy + 16), fill=colours[index])
        draw.text((x + 20, y + dy), names[index], fill=INK, font=font)
    return sheet


def _legend(
    names: Sequence[str], width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> tuple[list[tuple[int, int]], int]:
    """Place the names in lines of the given width; give the height they take."""
    places, x, y = [], GAP, 0
    for name in names:
        step = int(font.getlength(name)) + 40
        if x + step > width and x > GAP:
            x, y = GAP, y + 24
        places.append((x, y))
        x += step
    return places, y + 24 if names else 0
