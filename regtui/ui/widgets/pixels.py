"""Pictures in character cells: two pixels a cell as half-blocks, or one sign of a ramp where only ASCII is possible."""

from __future__ import annotations

from regtui.preview import Picture
from regtui.ui.text import Line

HALF = "▀"
"""Upper half in the foreground's colour, lower half in the background's."""
RAMP = " .:-=+*#%@"
"""From no ink to most."""
LUMA = (299, 587, 114)
"""Thousandths of red, green and blue in the brightness (ITU-R BT.601)."""


def scaled(picture: Picture, width: int, height: int) -> Picture:
    """The picture in at most so many pixels, sides kept in proportion; each pixel the mean of those it covers.

    Never larger than it is. Raises ValueError below one pixel.
    """
    if width < 1 or height < 1:
        raise ValueError(f"a picture of {width} x {height} pixels has nothing to show")
    factor = max(1.0, picture.width / width, picture.height / height)
    if factor == 1:
        return picture
    across = _spans(picture.width, max(1, int(picture.width / factor)))
    down = _spans(picture.height, max(1, int(picture.height / factor)))
    pixels = bytearray()
    for rows in down:
        for columns in across:
            for channel in range(picture.channels):
                total = weight = 0.0
                for y, tall in rows:
                    for x, wide in columns:
                        value = picture.pixels[(y * picture.width + x) * picture.channels + channel]
                        total += value * tall * wide
                        weight += tall * wide
                pixels.append(round(total / weight))
    return Picture(width=len(across), height=len(down), channels=picture.channels, pixels=bytes(pixels))


def _spans(pixels: int, cells: int) -> list[list[tuple[int, float]]]:
    """For each of the cells the pixels that it covers, each with the part that is covered."""
    step, spans = pixels / cells, []
    for cell in range(cells):
        first, last = cell * step, (cell + 1) * step
        covered = [(at, min(at + 1, last) - max(at, first)) for at in range(int(first), min(int(last) + 1, pixels))]
        spans.append([(at, part) for at, part in covered if part > 1e-9])
    return spans


def half_blocks(picture: Picture) -> list[Line]:
    """(height + 1) // 2 lines of `width` cells; under an odd last row of pixels is the ground."""
    lines = []
    for y in range(0, picture.height, 2):
        cells = []
        for x in range(picture.width):
            style = _hex(picture.at(x, y))
            if y + 1 < picture.height:
                style += f" on {_hex(picture.at(x, y + 1))}"
            cells.append((HALF, style))
        lines.append(_merged(cells))
    return lines


def ink(picture: Picture, *, dark: bool) -> list[Line]:
    """The same size in ASCII, two pixels a sign. `dark`: on a dark ground ink is light, else it is dark."""
    lines: list[Line] = []
    for y in range(0, picture.height, 2):
        rows = [row for row in (y, y + 1) if row < picture.height]
        signs = ""
        for x in range(picture.width):
            level = sum(_brightness(picture.at(x, row)) for row in rows) / len(rows)
            level = level if dark else 255 - level
            signs += RAMP[min(int(level * len(RAMP) / 256), len(RAMP) - 1)]
        lines.append(((signs, ""),))
    return lines


def _brightness(pixel: tuple[int, int, int]) -> float:
    return sum(share * value for share, value in zip(LUMA, pixel, strict=True)) / 1000


def _hex(pixel: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*pixel)


def _merged(cells: list[tuple[str, str]]) -> Line:
    """Neighbours of one style in one fragment."""
    merged: list[tuple[str, str]] = []
    for text, style in cells:
        if merged and merged[-1][1] == style:
            merged[-1] = (merged[-1][0] + text, style)
        else:
            merged.append((text, style))
    return tuple(merged)
