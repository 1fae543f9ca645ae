"""Where there is no terminal to draw on: said in a sentence, before anything that takes long."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from regtui.cli import main
from regtui.cli.screen import lacks_terminal


def test_what_a_terminal_lacks_is_named_with_what_works_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, SimpleNamespace(isatty=lambda: True))
    assert lacks_terminal("watch", "`regtui compare`") == ""
    monkeypatch.setenv("TERM", "dumb")
    assert lacks_terminal("watch", "`regtui compare`").endswith("this one is dumb; set TERM=xterm-256color if it can, "
                                                                "else `regtui compare` works without one")  # fmt: skip
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(isatty=lambda: False))
    assert lacks_terminal("watch", "`regtui compare`").startswith("watch needs a terminal, and standard output is none")


def test_own_data_are_not_looked_at_for_a_screen_that_cannot_be(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", "folder:nowhere"]) == 2
    assert capsys.readouterr().err.startswith("regtui: the explorer needs a terminal, and standard ")
