"""Real pixels: which terminals get them, what they are sent, and that nobody else is sent anything."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import Any

import pytest
from textual.widget import Widget

from regtui.events import Preview
from regtui.preview import Picture, Previewed
from regtui.scenario import loads
from regtui.ui import pixel_strips, real_pixels
from regtui.ui.pixel_strips import PixelStrips
from regtui.ui.previews import Ground, grid_of, picture_lines
from regtui.ui.real_pixels import protocol, strip
from regtui.ui.text import plain

PLAIN = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
CELL = (8, 16)
FLIPPED = """
title = "Flipped"
section = "augmentation"
question = "Which?"

[base]
data = { train = 100, validation = 100, test = 100 }

[[arms]]
name = "flipped"
stack = [{ flip = { p = 0.5 } }]
"""


def checks(side: int, shade: int = 255) -> Picture:
    pixels = bytes(shade * ((x + y) % 2) for y in range(side) for x in range(side))
    return Picture(width=side, height=side, channels=1, pixels=pixels)


SAMPLES = [Previewed(label="Bag", before=checks(28), after=checks(28, 100 + i)) for i in range(8)]


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        (PLAIN, None),
        ({"TERM": "linux"}, None),
        ({}, None),
        ({"TERM": "xterm-kitty"}, "kitty"),
        (PLAIN | {"TERM_PROGRAM": "ghostty"}, "kitty"),
        (PLAIN | {"TERM_PROGRAM": "WezTerm"}, "sixel"),
        ({"TERM": "foot"}, "sixel"),
        (PLAIN | {"KONSOLE_VERSION": "230401"}, "sixel"),
        (PLAIN | {"KONSOLE_VERSION": "210801"}, None),
        # Between the terminal and us stands something that passes no pictures on.
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0"}, None),
        ({"TERM": "screen-256color", "TERM_PROGRAM": "WezTerm"}, None),
        (PLAIN | {"REGTUI_IMAGES": "sixel"}, "sixel"),
        ({"TERM": "xterm-kitty", "REGTUI_IMAGES": "blocks"}, None),
        ({"TERM": "xterm-kitty", "REGTUI_IMAGES": "nonsense"}, "kitty"),
    ],
)
def test_the_environment_tells_what_the_terminal_draws(environ: dict[str, str], wanted: str | None) -> None:
    assert protocol(environ) == wanted


def test_a_strip_has_each_picture_at_its_place_and_ground_between() -> None:
    image = strip([checks(2), checks(2, 100)], 4, 2, CELL, "#102030")  # 32 x 32 pixels each, one cell between
    assert image.size == (72, 32)
    assert [image.getpixel(at) for at in ((0, 0), (16, 0), (0, 16), (40, 0), (56, 0))] == [
        (0, 0, 0), (255, 255, 255), (255, 255, 255), (0, 0, 0), (100, 100, 100),
    ]  # fmt: skip
    assert image.getpixel((36, 5)) == (0x10, 0x20, 0x30)
    # A picture that is larger than its place is shrunk to the mean of what a pixel covers.
    assert strip([checks(32)], 2, 1, CELL, "#000000").getpixel((3, 3)) == (128, 128, 128)


def test_the_cells_of_the_pictures_are_left_free_and_all_of_them_have_room() -> None:
    ground = Ground(cell=CELL)
    grid = grid_of(SAMPLES, 116, 36, ground)
    assert grid is not None and len(grid.shown) == 8
    assert grid.side * CELL[0] == pytest.approx(grid.rows * CELL[1], abs=CELL[1])  # square, as the pictures are
    rows = picture_lines(SAMPLES, 116, 36, ground)
    told = {y: plain(row).split()[0] for y, row in enumerate(rows[: 2 * grid.rows + 2]) if plain(row).strip()}
    assert told == {0: "1", grid.rows + 1: "↓"}
    tiny = grid_of(SAMPLES, 70, 14, ground)
    assert tiny is not None and 2 * tiny.rows + 2 <= 14


class Drawn(Widget):
    """Stands in for the widget of textual-image."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[Any] = []

    @property
    def image(self) -> Any:
        return self.images[-1] if self.images else None

    @image.setter
    def image(self, value: Any) -> None:
        self.images.append(value)


async def test_pictures_are_drawn_over_their_cells_once_and_freed_at_the_end(
    explore, monkeypatch: pytest.MonkeyPatch
) -> None:
    strips: list[PixelStrips] = []

    def made(background: str) -> tuple[PixelStrips, str]:
        strips.append(PixelStrips(Drawn, CELL, background))
        return strips[-1], ""

    monkeypatch.setattr(pixel_strips, "pixel_strips", made)
    scenario = loads(FLIPPED, source="test", id="augmentation/flipped")
    async with explore(scenario=scenario) as user:
        await user.press("a")
        user.runner.deliver(Preview(ask=user.runner.probes[-1].ask, samples=SAMPLES))
        await user.sees("1 Bag", "8 Bag")
        before, after = strips[0].widgets
        rows = user.text.split("\n")
        labels = next(y for y, row in enumerate(rows) if "1 Bag" in row)
        assert before.region.y == labels + 1 and after.region.y == before.region.bottom + 1
        assert before.region.x == rows[labels].index("1 Bag") and before.region.right <= 119
        assert not any(set(row) & set("▀▄█") for row in rows)
        user.app.screen.samples.show_view()
        assert len(before.images) == 1  # nothing new to send
        await user.press("escape")
        assert before.image is None and after.image is None


async def test_a_terminal_that_could_is_told_what_is_missing(explore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGTUI_IMAGES", "kitty")
    monkeypatch.setattr(pixel_strips, "picture_widget", lambda *_: None)
    scenario = loads(FLIPPED, source="test", id="augmentation/flipped")
    async with explore(scenario=scenario) as user:
        await user.press("a")
        user.runner.deliver(Preview(ask=user.runner.probes[-1].ask, samples=SAMPLES))
        await user.sees("1 Bag", "4 Bag")
        await user.until(lambda: "pip install 'regtui[images]'" in user.toasts)
        await user.press("escape", "a")
        assert user.toasts.count("pip install") == 1


def test_the_library_is_loaded_without_a_word_to_the_terminal_and_without_numpy() -> None:
    pytest.importorskip("textual_image", reason="the extra `images` is not installed")
    code = (
        "import os, sys; from regtui.ui import real_pixels\n"
        "made = real_pixels.picture_widget('kitty', (9, 18))\n"
        "from textual_image._terminal import get_cell_size\n"
        "print(made.__name__, tuple(get_cell_size()), 'numpy' in sys.modules, 'TEXTUAL_CELL_WIDTH' in os.environ)"
    )
    main, terminal = os.openpty()
    with os.fdopen(terminal, "w") as tty:
        done = subprocess.run([sys.executable, "-c", code], stdin=tty, stdout=tty, stderr=tty, timeout=60, check=True)
    assert done.returncode == 0
    told = os.read(main, 10_000).decode()
    os.close(main)
    assert told.strip() == "TGPImage (9, 18) False False"


def test_without_the_library_there_is_no_widget(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("textual_image", "textual_image.widget"):
        monkeypatch.setitem(sys.modules, name, None)
    stdout = sys.__stdout__
    assert real_pixels.picture_widget("sixel", CELL) is None
    assert sys.__stdout__ is stdout and not isinstance(stdout, io.StringIO)
