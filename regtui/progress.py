"""How far the learner is, kept between two starts: quiz scores and seeds run, by scenario.

The file is read again before each change and replaced at once, so that two explorers do not undo each other. One that
cannot be read is moved aside, never overwritten. Nothing here is fatal: whatever goes wrong becomes a sentence.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from regtui.files import decoded

_Count = Annotated[int, Meta(ge=0)]


class Score(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The best result of a scenario's quiz."""

    right: _Count
    of: _Count

    def __post_init__(self) -> None:
        if self.right > self.of:
            raise ValueError(f"{self.right} right answers of {self.of}")


class Reached(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: by id of the scenario."""

    quiz: dict[str, Score] = {}
    seeds: dict[str, _Count] = {}
    """Seeds that all of a scenario's own arms were run with."""


Change = Callable[[Reached], Reached]
"""Gives the same however often it is made."""


class Progress:
    """The learner's progress in a file; without one it lasts as long as the process."""

    def __init__(self, path: Path | None = None, do: Callable[[Callable[[], object]], object] | None = None) -> None:
        """`do` makes the calls that may wait for a disk, all but this one; None: at once."""
        self.path = path
        self._do = do or (lambda call: call())
        self._unkept: list[Change] = []
        """Changes that are not in the file yet."""
        self._reached = Reached()
        self._told: list[str] = []
        self._news: list[str] = []
        self._reached = self._read() or self._reached

    def news(self) -> list[str]:
        """What went wrong with the file since this was last asked for, a sentence each; the same one only once."""
        news, self._news = self._news, []
        return news

    def score(self, scenario: str, questions: int) -> Score | None:
        """The best score; None where the quiz was not taken to its end, or had another number of questions then."""
        score = self._reached.quiz.get(scenario)
        return score if score is not None and score.of == questions else None

    def seeds(self, scenario: str) -> int:
        """Seeds that all arms of the scenario were run with, at most, now or at an earlier start."""
        return self._reached.seeds.get(scenario, 0)

    def answered(self, scenario: str, right: int, of: int) -> None:
        """Note the result of a whole quiz; the best one is kept."""

        def better(reached: Reached) -> Reached:
            before = reached.quiz.get(scenario)
            best = max(right, before.right) if before is not None and before.of == of else right
            return msgspec.structs.replace(reached, quiz=reached.quiz | {scenario: Score(best, of)})

        self._change(better)

    def ran(self, scenario: str, seeds: int) -> None:
        """Note that all arms of a scenario have run with so many seeds."""
        if seeds > self.seeds(scenario):
            self._change(lambda reached: msgspec.structs.replace(
                reached, seeds=reached.seeds | {scenario: max(seeds, reached.seeds.get(scenario, 0))}
            ))  # fmt: skip

    def _change(self, change: Change) -> None:
        self._unkept.append(change)
        self._reached = change(self._reached)
        self._do(self._keep)

    def _keep(self) -> None:
        """Bring the file up to date."""
        known, unkept = self._read(), list(self._unkept)
        if known is None:
            return
        for change in unkept:
            known = change(known)
        self._reached = known
        if self._write(known):
            del self._unkept[: len(unkept)]

    def _read(self) -> Reached | None:
        """What the file says; None where it must not be written to."""
        if self.path is None:
            return self._reached
        try:
            return decoded(self.path.read_bytes(), Reached)
        except FileNotFoundError:
            return self._reached
        except OSError as error:
            self._tell(f"Your progress cannot be read, so it is not kept: {error.strerror or error}: {self.path}.")
            return None
        except msgspec.DecodeError as error:
            return self._reached if self._move_aside(str(error)) else None

    def _write(self, reached: Reached) -> bool:
        """Replace the file as a whole; whether that went well."""
        if self.path is None:
            return True
        temporary = self.path.with_name(f"{self.path.name}.{os.getpid()}.tmp")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(reached)))
            temporary.replace(self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            self._tell(f"Your progress is kept only until you quit: {error.strerror or error}: {self.path}.")
            return False
        return True

    def _move_aside(self, why: str) -> bool:
        assert self.path is not None
        numbered = (self.path.with_suffix(f".broken-{i}.json") for i in range(1, 1000))
        aside = next(path for path in numbered if not path.exists())
        try:
            self.path.rename(aside)
        except OSError as error:
            self._tell(f"{self.path} is damaged ({why}) and stays as it is, so your progress is not kept: {error}.")
            return False
        self._tell(f"{self.path} is damaged ({why}). It is kept as {aside.name}, and your progress begins anew.")
        return True

    def _tell(self, sentence: str) -> None:
        if sentence not in self._told:
            self._told.append(sentence)
            self._news.append(sentence)
