"""Real pixels where the terminal draws them: Kitty's protocol or Sixel, through textual-image (the extra `images`).

Which one is told by the environment, not by asking the terminal: an answer takes a round trip before the first picture,
and one that comes late, or from a terminal that echoes what it does not know, lands among the user's keys.
`REGTUI_IMAGES` says it where the environment does not: kitty, sixel or blocks.
"""

from __future__ import annotations

import io
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from regtui.preview import Picture

Protocol = Literal["kitty", "sixel"]
Cell = tuple[int, int]
"""Width and height of a character cell, pixels."""

USUAL_CELL: Cell = (10, 20)
"""Where the terminal does not say: Kitty scales to cells by itself, so this only sets how fine a picture is sent."""
INSTALL = "This terminal can show real pixels: pip install 'regtui[images]'"
_KITTY = {"TERM": ("xterm-kitty", "xterm-ghostty"), "TERM_PROGRAM": ("ghostty",)}
"""Terminals with the protocol's Unicode placeholders, without which a picture would not scroll and clip as text does
(https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders)."""
_SIXEL = {"TERM": ("foot", "foot-extra", "mlterm", "contour"), "TERM_PROGRAM": ("WezTerm", "iTerm.app", "contour")}
"""Terminals with Sixel in their default settings (https://www.arewesixelyet.com)."""
_BETWEEN = ("screen", "tmux")
"""What passes no pictures on, although the terminal's own variables are still there."""


def protocol(environ: Mapping[str, str] = os.environ) -> Protocol | None:
    """How this terminal draws pixels; None: as far as is known it does not."""
    match environ.get("REGTUI_IMAGES", "").lower():
        case "kitty":
            return "kitty"
        case "sixel":
            return "sixel"
        case "blocks":
            return None
    if "TMUX" in environ or environ.get("TERM", "").startswith(_BETWEEN) or "TEXTUAL_DRIVER" in environ:
        return None
    if _is_one_of(_KITTY, environ):
        return "kitty"
    return "sixel" if _is_one_of(_SIXEL, environ) or _is_konsole(environ) else None


def cell_size() -> Cell | None:
    """What the terminal driver knows of the cells; None where it knows nothing, as behind some connections."""
    try:
        import fcntl
        import struct
        import termios

        for fd in (1, 2):
            if os.isatty(fd):
                size = fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8))
                rows, columns, width, height = struct.unpack("HHHH", size)
                if rows and columns and width // columns and height // rows:
                    return width // columns, height // rows
    except (ImportError, OSError):
        pass  # no such driver, or no terminal
    return None


def picture_widget(chosen: Protocol, cell: Cell) -> Callable[[], Any] | None:
    """Makes widgets that show a PIL picture (`.image`) in all their cells; None where the extra is not installed."""
    try:
        with _unasked(cell):
            from textual_image.widget import SixelImage, TGPImage
    except ImportError:
        return None
    made: Callable[[], Any] = TGPImage if chosen == "kitty" else SixelImage
    return made


def strip(pictures: Sequence[Picture], side: int, rows: int, cell: Cell, ground: str) -> Any:
    """Pictures beside each other as one PIL picture, each as large as its place, with a cell of ground between them.

    side, rows  cells of one picture
    ground      #rrggbb
    """
    from PIL import Image

    width, height = side * cell[0], rows * cell[1]
    whole = Image.new("RGB", (len(pictures) * (width + cell[0]) - cell[0], height), ground)
    for place, picture in enumerate(pictures):
        mode = "L" if picture.channels == 1 else "RGB"
        small = Image.frombytes(mode, (picture.width, picture.height), picture.pixels)
        factor = min(width / picture.width, height / picture.height)
        size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
        # Whole pixels first, then the mean of those that a pixel of the screen covers: sharp, and all equally wide.
        whole_factor = max(1, math.ceil(factor))
        large = small.resize((picture.width * whole_factor, picture.height * whole_factor), Image.Resampling.NEAREST)
        whole.paste(large.resize(size, Image.Resampling.BOX), (place * (width + cell[0]), 0))
    return whole


def _is_one_of(known: Mapping[str, Sequence[str]], environ: Mapping[str, str]) -> bool:
    return any(environ.get(name, "") in values for name, values in known.items())


def _is_konsole(environ: Mapping[str, str]) -> bool:
    """Konsole has Sixel from 22.04 on (https://kde.org/announcements/gear/22.04.0/)."""
    version = environ.get("KONSOLE_VERSION", "")
    return version.isdigit() and int(version) >= 220400


@contextmanager
def _unasked(cell: Cell) -> Iterator[None]:
    """Have textual-image imported without asking the terminal, and without numpy.

    As it is imported it asks a standard output that is a terminal, and reads the answer from under the screen that
    runs. Not being one, it takes the size of a cell from the environment.
    """
    stdout, numpy = sys.__stdout__, sys.modules.get("numpy")
    before = dict(os.environ)
    os.environ |= {"TEXTUAL_CELL_WIDTH": str(cell[0]), "TEXTUAL_CELL_HEIGHT": str(cell[1])}
    vars(sys)["__stdout__"] = io.StringIO()
    if numpy is None:
        vars(sys)["modules"]["numpy"] = None  # an import of it then fails, and the library does without
    try:
        yield
    finally:
        vars(sys)["__stdout__"] = stdout
        for name in ("TEXTUAL_CELL_WIDTH", "TEXTUAL_CELL_HEIGHT"):
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]
        if numpy is None:
            sys.modules.pop("numpy", None)
