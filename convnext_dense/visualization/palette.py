"""Colours for classes."""

import colorsys

# Bright hues that differ in lightness too, so that neighbours stay apart on
# photographs and for most colour-blind readers.
FIRST = (
    (230, 85, 60), (55, 126, 235), (250, 190, 40), (35, 170, 120), (190, 90, 220),
    (85, 205, 235), (240, 130, 185), (150, 200, 50), (160, 110, 70), (120, 120, 140),
)  # fmt: skip

# Steps of the golden ratio spread any number of hues evenly around the circle.
GOLDEN = 0.618033988749895


def class_colours(number: int) -> list[tuple[int, int, int]]:
    """Give one RGB colour in 0..255 per class; the first ten are chosen by hand."""
    colours = list(FIRST[:number])
    for index in range(len(colours), number):
        hue = (0.11 + index * GOLDEN) % 1
        saturation = (0.85, 0.6, 0.95)[index % 3]
        value = (0.95, 0.8, 0.65)[index // 3 % 3]
        red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
        colours.append((int(red * 255), int(green * 255), int(blue * 255)))
    return colours
