"""A sweep as those see it who watch its folder: read on from where one was, as often as one likes.

Free of screens and of Optuna. What the folder says may be older than what its process knows, never newer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from regtui.files import decoded, open_file
from regtui.sweep.record import (
    Plan,
    Standing,
    Told,
    Trial,
    is_worked_on,
    read_plan,
    read_standing,
    read_told,
)

ENDED = ("complete", "pruned")
"""Trials that count."""


class SweepFolderError(Exception):
    """A sentence: why a folder is no sweep."""


def is_sweep(folder: Path) -> bool:
    """Whether a folder is that of a sweep."""
    return (folder / "sweep.json").is_file()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at the folder has found."""

    is_alive: bool
    standing: Standing
    told: Told | None
    trials: list[Trial]
    """Those of the lines that came since the look before."""


class Following:
    """The trials of a sweep by number, in the order in which they ended, and where its process is."""

    def __init__(self, folder: Path) -> None:
        """Raises SweepFolderError."""
        try:
            self.plan: Plan = read_plan(folder)
        except OSError as error:
            raise SweepFolderError(f"{folder} is no sweep: sweep.json cannot be read: {error.strerror}") from None
        except msgspec.DecodeError as error:
            raise SweepFolderError(f"{folder / 'sweep.json'} is not the plan of a sweep: {error}") from None
        self.folder = folder
        self.trials: dict[int, Trial] = {}
        self.ended: list[int] = []
        """Numbers of those that count, the first to end first."""
        self.standing = Standing(wanted=0)
        self.told: Told | None = None
        """What came out, once the sweep is done."""
        self.is_alive = False
        """A process works on it."""
        self.version = 0
        """Grows with every change."""
        self._read = 0
        """Bytes of trials.jsonl that are known."""
        self.poll()

    @property
    def wanted(self) -> int:
        """Trials that are to count, as far as anybody said."""
        return max(self.standing.wanted, len(self.ended))

    @property
    def running(self) -> list[Trial]:
        """Trials under way; those of a process that is gone are not."""
        return [trial for trial in self.trials.values() if trial.state == "running"] if self.is_alive else []

    @property
    def best(self) -> Trial | None:
        """The complete trial with the highest validation accuracy, the earlier one where two have it."""
        complete = [trial for trial in self.trials.values() if trial.state == "complete"]
        return max(complete, key=lambda trial: (trial.validation or 0.0, -trial.number), default=None)

    def best_so_far(self) -> list[float]:
        """Percent: the highest validation accuracy after each trial that counts; NaN before the first complete one."""
        best, found = float("nan"), []
        for number in self.ended:
            trial = self.trials[number]
            if trial.state == "complete" and trial.validation is not None and not trial.validation <= best:
                best = trial.validation
            found.append(best)
        return found

    def ranked(self) -> list[Trial]:
        """Those under way, then the complete ones, the best first, then pruned and failed ones."""
        order = {"running": 0, "complete": 1, "pruned": 2, "failed": 3, "interrupted": 4}
        shown = [trial for trial in self.trials.values() if self.is_alive or trial.state != "running"]
        return sorted(shown, key=lambda trial: (order[trial.state], -(trial.validation or 0.0), trial.number))

    def poll(self) -> bool:
        """Read what is new and take it in; whether anything is."""
        return self.take(self.look())

    def look(self) -> Seen:
        """Read what is new, which may wait for the disk: on any one thread."""
        alive, standing = is_worked_on(self.folder), read_standing(self.folder)
        told = read_told(self.folder) if standing.phase == "done" else None
        return Seen(alive, standing, told, self._read_trials())

    def take(self, seen: Seen) -> bool:
        """Take in what a look has found; whether anything of it is new."""
        now = (seen.is_alive, seen.standing, seen.told)
        changed = bool(seen.trials) or now != (self.is_alive, self.standing, self.told)
        self.is_alive, self.standing, self.told = now
        for trial in seen.trials:
            self._take(trial)
        self.version += changed
        return changed

    def _read_trials(self) -> list[Trial]:
        try:
            with open_file(self.folder / "trials.jsonl") as file:
                file.seek(self._read)
                text = file.read()
        except OSError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._read += len(whole)
        found = []
        for line in whole.splitlines():
            try:
                found.append(decoded(line, Trial))
            except msgspec.DecodeError:
                continue
        return found

    def _take(self, trial: Trial) -> None:
        self.trials[trial.number] = trial
        if trial.state in ENDED and trial.number not in self.ended:
            self.ended.append(trial.number)
