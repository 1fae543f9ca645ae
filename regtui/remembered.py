"""What the explorer remembers between two starts: the scenario, what is shown of it, the theme.

Nothing depends on it. A file that is damaged, or of another version, is ignored with a notice, and the next end of the
explorer replaces it.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from regtui.files import decoded

MOST_BYTES = 64 * 1024
"""A larger file is something else."""


class Remembered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The file, $XDG_STATE_HOME/regtui/session.json."""

    scenario: str = ""
    """The id of a preset or the path of a file; "" for the first preset."""
    theme: str = ""
    """The name of a theme; "" for the default one."""
    pane: Annotated[int, Meta(ge=1, le=9)] | None = None
    """The number of the tab that was chosen, where there was room for one, or one was wanted large; else None."""
    large: bool = False
    """It was wanted large."""
    statistic: Literal["variance", "mean"] = "variance"
    """In the chart of the norm layers."""
    layer: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """Which norm layer is shown, as the view counts them."""
    inside: Annotated[int, Meta(ge=0, le=100_000)] = 0
    """Which look inside the network is shown, as the view counts them."""


def recall(path: Path) -> tuple[Remembered, str]:
    """What was remembered, and a notice for a file that cannot be read; never raises."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            return Remembered(), _ignored(path, f"it has more than {MOST_BYTES >> 10} KiB")
        return decoded(raw, Remembered), ""
    except FileNotFoundError:
        return Remembered(), ""
    except OSError as error:
        return Remembered(), _ignored(path, error.strerror or str(error))
    except msgspec.DecodeError as error:
        return Remembered(), _ignored(path, f"it is damaged: {error}")


def remember(path: Path, state: Remembered) -> None:
    """Replace the file as a whole. Where that is not possible the next start begins afresh, and nothing is said."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(state)))
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _ignored(path: Path, why: str) -> str:
    return f"Where you were is forgotten: {path} was ignored ({why})."
