"""What a terminal can show, found out from its encoding and its name."""

from __future__ import annotations

import os
import threading

import pytest

from regtui.ui.keys import KEYS
from regtui.ui.panes.footer import fitting_keys, footer_line, key_at
from regtui.ui.panes.header import Pace
from regtui.ui.terminal import charset, colors, to_ascii, when_hung_up
from regtui.ui.text import decimals, duration, fitted, line, plain, spread, width


@pytest.mark.parametrize(
    ("encoding", "environ", "expected"),
    [
        ("utf-8", {}, "braille"), ("UTF-8", {"TERM": "xterm"}, "braille"), ("ascii", {}, "ascii"),
        ("iso8859-1", {}, "ascii"), ("utf-8", {"LC_ALL": "C"}, "ascii"), ("utf-8", {"TERM": "linux"}, "ascii"),
        ("utf-8", {"LC_ALL": "C.UTF-8"}, "braille"),
    ],
)  # fmt: skip
def test_charset(encoding: str, environ: dict[str, str], expected: str) -> None:
    assert charset(encoding, environ) == expected


def test_colors_follow_the_terminal_and_no_color() -> None:
    assert [colors(name, {}) for name in ("truecolor", "256", "standard", None)] == ["true", "256", "16", "none"]
    assert colors("truecolor", {"NO_COLOR": "1"}) == "none"


def test_ascii_keeps_every_cell() -> None:
    text = "● baseline ▲ ±1.2 ⣿ … ━━─"
    assert to_ascii(text).isascii() and len(to_ascii(text)) == len(text)
    assert to_ascii("63.6 ±2.4  ~31.0  loading… Müller") == "63.6+-2.4  ~31.0  loading. Muller", "~ is steered alone"


def test_a_hung_up_terminal_is_noticed() -> None:
    ours, theirs = os.openpty()
    called = threading.Event()
    when_hung_up(theirs, called.set)
    assert not called.wait(0.1)
    os.close(ours)
    assert called.wait(5)
    os.close(theirs)


@pytest.mark.parametrize("room", [40, 78, 118, 198])
def test_the_footer_fits_and_every_shown_key_can_be_hit(room: int) -> None:
    assert width(footer_line(room)) <= room
    for key in fitting_keys(room):
        x = plain(footer_line(room)).index(f"{key.short} {key.label}")
        assert key_at(x, room) == key
    assert {"run_or_pause", "help"} <= {key.action for key in fitting_keys(room)}


def test_no_key_has_two_meanings_in_one_place() -> None:
    for place in ("app", "stack", "arms"):
        names = [name for key in KEYS if key.place == place for name in key.keys.split(",")]
        assert len(names) == len(set(names))


def test_keys_are_shown_as_people_write_them() -> None:
    shown = {key.shown for key in KEYS}
    assert {"M", "q ^q ^c", "?", "[ shift+up", "escape S"} <= shown and "" not in shown


def test_lines_are_cut_cleanly() -> None:
    assert plain(fitted(line("The ladder", " of things"), 12)) == "The ladder…"
    assert plain(spread(line("regtui  The ladder"), line("done"), 14)) == "regtui…   done"
    assert (decimals(100.0), decimals(97.46), duration(3661), duration(11)) == ("100", "97.5", "1:01:01", "0:11")


def test_the_pace_is_that_of_the_wall_clock() -> None:
    pace = Pace()
    assert pace.seconds_for(100) is None
    for second in range(10):
        pace.note(float(second), second * 50)
    assert pace.seconds_for(500) == pytest.approx(10.0)
    pace.rest()
    pace.note(0.0, 0)
    pace.note(60.0, 0)  # loading
    pace.note(61.0, 1)
    assert pace.seconds_for(500) is None, "a first step promises nothing"
    pace.note(66.0, 51)
    assert pace.seconds_for(500) == pytest.approx(500 * 6 / 51)
    pace.rest()
    assert pace.seconds_for(500) is None
