"""What the explorer exports: which of the recorded runs, and the sentence that says where they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from regtui.export.errors import ExportError
from regtui.export.save import SINGLE, name_of, save
from regtui.export.stored import read
from regtui.session import Session
from regtui.store import RunHistory

FORMATS = {
    "html": ("HTML report", "all arms and seeds: curves, verdicts, differing settings"),
    "python": ("PyTorch script", "one run of this arm, free of regtui, the same numbers"),
    "csv": ("CSV table", "all seeds of this arm: evaluations and training steps"),
    "json": ("JSON", "one run of this arm with all that was recorded"),
    "tensorboard": ("TensorBoard", "all seeds of this arm as event files"),
}
"""By the name of the format: what it is called, and what is exported."""


@dataclass(frozen=True)
class Order:
    """What to export, so that it can be read and written beside the event loop."""

    kind: str
    folders: tuple[Path, ...]


def order(session: Session, arm: str, kind: str) -> Order | str:
    """The runs of a format, or why there are none in a sentence.

    Of one run the first seed that finished is taken, else the first that was measured.
    """
    if session.recorder is None:
        return "These runs are not recorded, so there is nothing to export."
    if session.recorder.warning:
        return session.recorder.warning
    arms = [each.name for each in session.arms] if kind == "html" else [arm]
    runs = [run for name in arms for run in _measured(session.of_arm(name).values())]
    if not runs:
        return f"Nothing to export: {arm if kind != 'html' else 'no arm'} has been measured yet; space runs it."
    if kind in SINGLE:
        runs = [next((run for run in runs if run.state == "finished"), runs[0])]
    return Order(kind, tuple(session.recorder.root / run.run for run in runs))


def carry_out(given: Order, folder: Path) -> tuple[str, bool]:
    """Write into a folder; a sentence, and whether it went wrong."""
    try:
        runs = [read(each) for each in given.folders]
        path = folder / name_of(given.kind, runs[0].run)
        return f"Saved {save(given.kind, runs, path)}", False
    except ExportError as error:
        return f"Nothing was exported: {error}", True


def _measured(runs: Iterable[RunHistory]) -> list[RunHistory]:
    return [run for run in runs if run.last is not None]
