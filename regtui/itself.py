"""How this program starts itself once more: as a worker, detached from its terminal, behind a page of a browser."""

from __future__ import annotations

import sys
from pathlib import Path

from regtui.paths import PACKAGE


def command(*words: str) -> list[str]:
    """`regtui WORDS`."""
    return module("regtui", *words)


def module(name: str, *words: str) -> list[str]:
    """A module of ours as a program, which takes no module from the current directory but where regtui itself is there.

    Python looks there first for every module of a program that is started with -m: a random.py among the user's own
    scripts would be run in the place of the library's (https://docs.python.org/3/using/cmdline.html#cmdoption-P).
    """
    is_from_here = PACKAGE.parent == Path.cwd()  # a checkout that is not installed
    return [sys.executable, *([] if is_from_here else ["-P"]), "-m", name, *words]
