"""How own data are named: folder:PATH for pictures, text:PATH for a table of texts."""

from __future__ import annotations

import os
from pathlib import Path

PICTURES, TEXTS = "folder:", "text:"


class OwnDataError(ValueError):
    """Own data that cannot be used: a sentence that says what was found, where, and what to do."""


def is_own(name: object) -> bool:
    """Whether a name is that of own data, not of a data set of the catalog."""
    return isinstance(name, str) and name.startswith((PICTURES, TEXTS))


def located(name: str, root: Path) -> str:
    """The same name with an absolute path; a relative one is taken from `root`."""
    prefix, _, path = name.partition(":")
    if not path:
        raise OwnDataError(f"is {name!r}, which names nothing; write {prefix}:PATH")
    try:
        home = Path(os.path.expanduser(path))  # noqa: PTH111  # Path.expanduser raises for an unknown user
        located = f"{prefix}:{(root / home).resolve()}"
        located.encode()
    except (OSError, RuntimeError, ValueError):  # links in a circle; bytes that no name can have
        raise OwnDataError(f"is {name!r}, which is no path that can be followed or written down") from None
    return located


def path_of(name: str) -> Path:
    """Where own data lie."""
    return Path(name.partition(":")[2])


def label(name: str) -> str:
    """The name as a narrow place shows it: the last part of its path."""
    return path_of(name).name if is_own(name) else name
