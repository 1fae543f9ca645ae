"""How many rounds a test of faults takes, and the helpers that lie beside other tests.

The suite takes a few of each. `REGTUI_FAULTS=full` takes them all: some minutes, and the figures that are reported.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Helpers beside the tests, which importlib mode does not find.
sys.path[:0] = [str(Path(__file__).parents[1] / "ui"), str(Path(__file__).parent)]


@pytest.fixture(scope="session")
def rounds() -> Callable[[int, int], int]:
    """`rounds(few, all)`: how many to take here."""
    is_full = os.environ.get("REGTUI_FAULTS") == "full"
    return lambda few, everything: everything if is_full else few
