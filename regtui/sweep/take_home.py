"""The winner as plain PyTorch: a folder in that of the sweep, made from one of its runs, or the sentence why not."""

from __future__ import annotations

import shutil
from pathlib import Path

from regtui.export.errors import ExportError
from regtui.export.script import write_script
from regtui.export.stored import read

SCRIPT = "winner-script"


def write_winner_script(folder: Path, run: Path) -> tuple[Path | None, str]:
    """Write <folder>/winner-script of a stored run of the winner, instead of an earlier one.

    Gives where it is and "", or None and one sentence: what of the run no script can say.
    """
    path = folder / SCRIPT
    try:
        stored = read(run)
        shutil.rmtree(path, ignore_errors=True)
        write_script(stored, path)
    except ExportError as error:
        return None, str(error)
    return path, ""
