"""A terminal to measure in: it reads a screen as a terminal does, and waits for what a program shows."""

from __future__ import annotations

import os
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pty", reason="there are no pseudo-terminals here")

import fcntl

import pyte

from regtui.bench import glass
from regtui.bench.glass import Glass, child
from regtui.bench.protocol import BenchError
from regtui.machine import allow_many_files

SENT = (
    "\x1b[?1049h\x1b[2;3H\x1b[1;38;2;1;2;3mab\x1b[0m\x1b[2C⠁─\r\nnext\x1b[?2026l\x1b]52;c;YQ==\x07 row"
    "\x1b[1;9Hbeyond\x1b[>1u\x1b[H!\x1b[4;11Hedge"
).encode()


def shown_by_pyte(data: bytes) -> str:
    screen = pyte.Screen(12, 4)
    screen.reset_mode(pyte.modes.DECAWM)
    pyte.ByteStream(screen).feed(data.replace(b"\x1b[>1u", b"").replace(b"beyond", b"beyo"))
    return "\n".join(screen.display)


@given(st.lists(st.integers(1, len(SENT) - 1), max_size=6))
def test_it_reads_what_a_terminal_shows_however_the_bytes_come(cuts: list[int]) -> None:
    seen = Glass(12, 4)
    edges = [0, *sorted(cuts), len(SENT)]
    for start, end in pairwise(edges):
        seen.take(SENT[start:end])
    first, *rest = seen.text.split("\n")
    expected_first, *expected = shown_by_pyte(SENT).split("\n")
    assert first == expected_first and rest[:2] == expected[:2] and rest[2] == " " * 10 + "ed"


def test_a_program_sees_a_terminal_of_that_size_and_its_keys_arrive() -> None:
    code = (
        "import os; size = os.get_terminal_size(); print(size.columns, size.lines, os.isatty(0));"
        "print('pressed', input())"
    )
    with child([sys.executable, "-c", code], os.environ, (50, 7)) as opened:
        opened.until(lambda text: "50 7 True" in text, "its size")
        opened.press(b"x\n")
        opened.until(lambda text: "pressed x" in text, "its key")
        assert opened.received > 20


def test_a_terminal_may_be_behind_the_thousandth_descriptor(monkeypatch: pytest.MonkeyPatch) -> None:
    def high() -> tuple[int, int]:
        low, theirs = os.openpty()
        try:
            ours = fcntl.fcntl(low, fcntl.F_DUPFD, 1500)
        except OSError:
            pytest.skip("this system gives no process so many descriptors")
        finally:
            os.close(low)
        return ours, theirs

    allow_many_files()
    monkeypatch.setattr(glass.pty, "openpty", high)
    with child([sys.executable, "-c", "print('here')"], os.environ, (50, 7)) as opened:
        opened.until(lambda text: "here" in text, "its word")


def test_what_never_comes_is_a_sentence_with_what_the_screen_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def wait_for_a_prompt(code: str) -> None:
        with child([sys.executable, "-c", code], os.environ, (50, 7)) as opened:
            opened.until(lambda text: "$" in text, "a prompt")

    with pytest.raises(BenchError, match="did not show a prompt; its screen says: something else"):
        wait_for_a_prompt("print('something else')")
    monkeypatch.setattr(glass, "PATIENCE", 0.2)
    with pytest.raises(BenchError, match="did not show a prompt"):
        wait_for_a_prompt("input('waits')")
