"""Where things live on disk."""

from __future__ import annotations

import os
from pathlib import Path

DATA_ROOT, DOWNLOAD = "REGTUI_DATA_ROOT", "REGTUI_DOWNLOAD"
"""How --data-root and --download reach the workers of this machine."""

PACKAGE = Path(__file__).parent


def runs_dir() -> Path:
    """The run store: $XDG_DATA_HOME/regtui/runs, by default under ~/.local/share."""
    return _base("XDG_DATA_HOME", ".local/share") / "runs"


def progress_file() -> Path:
    """Quiz scores and what was run: $XDG_DATA_HOME/regtui/progress.json."""
    return _base("XDG_DATA_HOME", ".local/share") / "progress.json"


def detached_dir() -> Path:
    """What detached runs print: $XDG_STATE_HOME/regtui/detached, a log file for each `regtui run --detach`."""
    return _base("XDG_STATE_HOME", ".local/state") / "detached"


def state_file() -> Path:
    """What the explorer remembers between two starts: $XDG_STATE_HOME/regtui/session.json."""
    return _base("XDG_STATE_HOME", ".local/state") / "session.json"


def datasets_dir() -> Path:
    """Where torchvision's data sets are looked for: $REGTUI_DATA_ROOT, else $XDG_DATA_HOME/regtui/datasets."""
    named = os.environ.get(DATA_ROOT)
    return Path(named).expanduser().resolve() if named else _base("XDG_DATA_HOME", ".local/share") / "datasets"


def set_datasets(root: str | None, *, download: bool) -> None:
    """Say to this process and those that it starts where torchvision's data sets are and whether to fetch them."""
    if root:
        os.environ[DATA_ROOT] = root
    if download:
        os.environ[DOWNLOAD] = "1"


def may_download() -> bool:
    """Whether torchvision may fetch a data set that is not there."""
    return os.environ.get(DOWNLOAD) == "1"


def prepared_dir() -> Path:
    """Pictures of the user's own, resized: $XDG_CACHE_HOME/regtui/pictures. May be deleted at any time."""
    return _base("XDG_CACHE_HOME", ".cache") / "pictures"


def scenarios_dir() -> Path:
    """The preset scenarios: inside an installed package, at the top of a checkout."""
    inside = PACKAGE / "scenarios"
    return inside if inside.is_dir() else PACKAGE.parent / "scenarios"


def _base(variable: str, fallback: str) -> Path:
    # The XDG specification: a relative path in these variables must be ignored.
    named = os.environ.get(variable, "")
    root = Path(named) if Path(named).is_absolute() else Path.home() / fallback
    return root / "regtui"
