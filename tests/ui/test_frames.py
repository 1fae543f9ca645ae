"""What is sent for a frame: less, but a terminal shows the same for it, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regtui.ui.frames import PLAIN, Frame, Shown, Style, read, styled

WIDTH, HEIGHT = 12, 4
CODES = ["0", "1", "2", "3", "4", "7", "22", "24", "27", "31", "39", "44", "49", "1;38;2;1;2;3", "48;5;7", "38;5;9;41"]


class Terminal:
    """One that pyte plays."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT) -> None:
        self.screen = pyte.Screen(width, height)
        self.screen.reset_mode(pyte.modes.DECAWM)
        self.screen.set_mode(pyte.modes.LNM)
        self._stream = pyte.Stream(self.screen)

    def show(self, data: str) -> None:
        self._stream.feed(data)

    @property
    def cells(self) -> list[list[tuple[object, ...]]]:
        """Each with what can be seen of it."""
        rows = [[self.screen.buffer[y][x] for x in range(WIDTH)] for y in range(HEIGHT)]
        return [[_seen(cell) for cell in row] for row in rows]


def _seen(cell: pyte.screens.Char) -> tuple[object, ...]:
    lines = (cell.underscore, cell.reverse, cell.strikethrough)
    if cell.data == " " and not any(lines):
        return " ", cell.bg
    return cell.data, cell.fg, cell.bg, cell.bold, cell.italics, lines


def frame(data: str) -> Frame:
    found = read(data)
    assert found is not None
    return found


@st.composite
def frames(draw: st.DrawFn) -> str:
    """Some runs of text anywhere on the screen, in styles that are spelled out, changed or taken back."""
    parts = []
    for _ in range(draw(st.integers(1, 6))):
        row, column = draw(st.integers(1, HEIGHT)), draw(st.integers(1, WIDTH))
        parts.append(f"\x1b[{row};{column}H")
        for _ in range(draw(st.integers(1, 3))):
            text = draw(st.text("ab ⠁─", min_size=1, max_size=6))[: WIDTH + 1 - column]  # as far as there is room
            parts.append(f"\x1b[{draw(st.sampled_from(CODES))}m{text}")
            column += len(text)
        parts.append("\x1b[0m")
    return "".join(parts) + "\x1b[1;1H"


@given(st.lists(frames(), min_size=1, max_size=6))
def test_a_terminal_shows_the_same_as_for_all_that_was_written(written: Iterable[str]) -> None:
    whole, spared, shown = Terminal(), Terminal(), Shown(WIDTH, HEIGHT)
    for data in written:
        whole.show(data)
        spared.show(shown.take(frame(data)))
        assert spared.cells == whole.cells
        assert (spared.screen.cursor.x, spared.screen.cursor.y) == (whole.screen.cursor.x, whole.screen.cursor.y)
        assert spared.screen.cursor.attrs == pyte.Screen(1, 1).cursor.attrs, "the next writer finds no style"


@given(frames())
def test_what_is_shown_already_costs_nothing(data: str) -> None:
    shown = Shown(WIDTH, HEIGHT)
    shown.take(frame(data))
    assert shown.take(frame(data)) == ""


def test_only_the_cell_that_differs_is_sent() -> None:
    shown = Shown(WIDTH, HEIGHT)
    shown.take(frame("\x1b[2;1H\x1b[31mabc def\x1b[0m\x1b[1;1H"))
    sent = shown.take(frame("\x1b[2;1H\x1b[31mabc dxf\x1b[0m\x1b[1;1H"))
    assert sent == "\x1b[2;6H\x1b[31mx\x1b[0m\x1b[1;1H"


def test_a_style_that_goes_on_is_not_told_again() -> None:
    red, blue = "\x1b[38;2;9;0;0;48;2;1;1;1m", "\x1b[38;2;0;0;9;48;2;1;1;1m"
    sent = Shown(WIDTH, HEIGHT).take(frame(f"\x1b[1;1H{red}a\x1b[0m{red}b\x1b[0m{blue} c\x1b[0m"))
    assert sent == f"\x1b[1;1H{red}ab \x1b[38;2;0;0;9mc\x1b[0m"


def test_a_frame_of_the_whole_screen_is_sent_as_a_whole() -> None:
    rows = "".join(f"\x1b[{y};1H{'x' * WIDTH}" for y in range(1, HEIGHT + 1))
    shown = Shown(WIDTH, HEIGHT)
    first = shown.take(frame(rows))
    assert shown.take(frame(rows)) == first, "something else may have been written on it"


def test_cells_beyond_the_edge_are_nobodys() -> None:
    shown = Shown(WIDTH, HEIGHT)
    sent = shown.take(frame(f"\x1b[{HEIGHT};{WIDTH - 1}Habcd\x1b[{HEIGHT + 1};1Hx"))
    assert "ab" in sent and "c" not in sent and "x" not in sent


@pytest.mark.parametrize("data", ["\x1b[2J", "\x1b[?1049h", "a\x1b]52;c;YQ==\x07", "図", "e\u0301", "\x07", "\x1b[3A"])
def test_what_is_more_than_text_styles_and_places_is_not_taken_for_a_frame(data: str) -> None:
    assert read(data) is None


def test_styles_are_read_as_terminals_read_them() -> None:
    style = styled(PLAIN, "1;4;38;2;1;2;3;48;5;7")
    assert style == Style("38;2;1;2;3", "48;5;7", frozenset({1, 4}))
    assert styled(style, "22;39") == Style("", "48;5;7", frozenset({4}))
    assert styled(style, "97;104;24") == Style("97", "104", frozenset({1}))
    assert styled(style, "") == styled(style, "0") == PLAIN
