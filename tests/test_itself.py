"""Started once more, the program takes no module of the directory that it is in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from regtui import itself

ROOT = Path(__file__).parents[1]


def test_a_script_of_the_user_is_not_taken_for_a_module_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "argparse.py").write_text("raise SystemExit('run instead')")
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        itself.command("--version"), env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout[:7]) == (0, "regtui "), done.stderr


def test_a_checkout_that_is_not_installed_finds_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert "-P" not in itself.command("--version")
