"""Where things live on disk."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).parent


def runs_dir() -> Path:
    """The run store: $XDG_DATA_HOME/regtui/runs, by default under ~/.local/share."""
    return _base("XDG_DATA_HOME", ".local/share") / "runs"


def progress_file() -> Path:
    """Quiz scores and what was run: $XDG_DATA_HOME/regtui/progress.json."""
    return _base("XDG_DATA_HOME", ".local/share") / "progress.json"


def state_file() -> Path:
    """What the explorer remembers between two starts: $XDG_STATE_HOME/regtui/session.json."""
    return _base("XDG_STATE_HOME", ".local/state") / "session.json"


def scenarios_dir() -> Path:
    """The preset scenarios: inside an installed package, at the top of a checkout."""
    inside = PACKAGE / "scenarios"
    return inside if inside.is_dir() else PACKAGE.parent / "scenarios"


def _base(variable: str, fallback: str) -> Path:
    # The XDG specification: a relative path in these variables must be ignored.
    named = os.environ.get(variable, "")
    root = Path(named) if Path(named).is_absolute() else Path.home() / fallback
    return root / "regtui"
