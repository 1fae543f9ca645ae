"""The driver in a real terminal: what it does not send, and that the screen is right all the same."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.driver import Driver

pytest.importorskip("termios", reason="there are no pseudo-terminals here")

from regtui.bench.glass import Child, child
from regtui.ui.sparing import sparing

APP = """
from textual.app import App
from textual.widgets import Static
from regtui.ui.sparing import sparing
class Page(App):
    BINDINGS = [("a", "again"), ("s", "say"), ("w", "wide"), ("e", "erase"), ("z", "zero"), ("f", "fill")]
    CSS = "#page { height: 10; } Screen { background: #101010; }"
    said = 0
    def get_driver_class(self):
        return sparing(super().get_driver_class())
    def compose(self):
        yield Static(("word " * 14 + "\\n") * 9, id="page")
        yield Static("said 0 times", id="said")
    def action_again(self):
        self.query_one("#page").refresh()
    def action_say(self):
        self.said += 1
        self.query_one("#said").update(f"said {self.said} times")
    def action_zero(self):
        self.said = 0
        self.query_one("#said").update("said 0 times")
    def action_fill(self):
        self._driver.write("\\x1b[?25l" * 50_000)
    def action_wide(self):
        self.query_one("#said").update("wide \\u56f3 here")
    def action_erase(self):
        self._driver.write("\\x1b[2J")
        self.query_one("#page").refresh()
Page().run()
"""


@pytest.fixture
def page() -> Iterator[Child]:
    """An app that paints its page again (a), counts (s), writes something wide (w), or has its screen erased (e)."""
    with child([sys.executable, "-c", APP], os.environ | {"TERM": "xterm-256color"}, (80, 24)) as opened:
        opened.until(lambda text: "said 0 times" in text and text.count("word") == 14 * 9, "its page")
        counts = iter(range(1, 10_000))
        while sent_for(opened, b"s", f"said {next(counts)} times") > 60:
            pass  # Textual paints its first page more than once, and the last time may come late
        sent_for(opened, b"zs", "said 1 times")
        yield opened


def sent_for(page: Child, keys: bytes, shows: str) -> int:
    """Bytes that keys cause, up to what the last of them shows."""
    before = page.received
    page.press(keys)
    page.until(lambda text: shows in text, shows)
    return page.received - before


def test_what_is_painted_again_and_looks_the_same_is_not_sent(page: Child) -> None:
    tries = [sent_for(page, b"aaaas", f"said {count} times") for count in (2, 3, 4)]
    assert min(tries) < 60, (
        "one digit, its place and its style; the page has 700 letters, and once may be Textual's own"
    )
    assert page.glass.text.count("word") == 14 * 9


def test_wide_letters_and_what_follows_them_are_shown(page: Child) -> None:
    sent_for(page, b"w", "wide \u56f3 here")
    sent_for(page, b"s", "said 2 times")
    assert "here" not in page.glass.text


def test_a_screen_that_was_erased_is_sent_again(page: Child) -> None:
    assert sent_for(page, b"es", "said 2 times") > 14 * 9 * 5, "every letter of the page"


def test_a_terminal_that_was_not_read_shows_all_of_the_present_once_it_is(page: Child) -> None:
    page.press(b"fews")  # what fills it comes first: what is drawn meanwhile finds no room
    page.until(lambda text: "said 2 times" in text and text.count("word") == 14 * 9, "its page again")


def test_other_drivers_stay_as_they_are() -> None:
    class Browser(Driver):
        """Draws somewhere else."""

    assert sparing(Browser) is Browser


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at a process in /proc")
@pytest.mark.parametrize("stop", [signal.SIGSTOP, signal.SIGTSTP])
def test_a_process_that_was_stopped_goes_on_as_one_reader_of_its_terminal(page: Child, stop: signal.Signals) -> None:
    """A batch system suspends by SIGSTOP, of which nobody hears; SIGTSTP gives the terminal back meanwhile."""
    process = Path(f"/proc/{page.pid}")

    def held() -> list[int]:
        """Its threads and open files."""
        return [len(list((process / kind).iterdir())) for kind in ("task", "fd")]

    def stands_still(_: str) -> bool:
        page.read(0.05)
        return ") T " in (process / "stat").read_text()

    said, counted = [""], re.compile(r"said \d+ times")

    def answered(text: str) -> bool:
        """Ask once more: what is pressed before the terminal is its own again goes to nobody."""
        page.press(b"s")
        page.read(0.02)
        return counted.findall(text) not in ([], said) and text.count("word") == 14 * 9

    before = held()
    for _ in range(2):
        os.kill(page.pid, stop)
        page.until(stands_still, "that it stands still")
        said = counted.findall(page.glass.text)
        os.kill(page.pid, signal.SIGCONT)
        page.until(answered, "another count on its page")
    assert held() == before
