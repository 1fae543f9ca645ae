"""The screen as a file."""

from __future__ import annotations

import time
from pathlib import Path


def save_picture(svg: str) -> tuple[str, bool]:
    """Write an SVG into the current directory under the time's name; a sentence, and whether it went wrong."""
    path = Path.cwd() / time.strftime("regtui-%Y%m%d-%H%M%S.svg")
    try:
        path.write_text(svg, encoding="utf-8")
    except OSError as error:
        return f"The picture could not be saved: {error.strerror}: {path}", True
    return f"Saved {path.name} in {told(path.parent)}", False


def told(folder: Path) -> str:
    """A folder as people write it: ~ for their own."""
    home = Path.home()
    return f"~/{folder.relative_to(home)}".removesuffix("/.") if folder.is_relative_to(home) else str(folder)
