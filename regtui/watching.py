"""Stored runs as a comparison that can be looked at as of any time, and followed while others write them.

Free of screens. Logs are followed, cut at the cursor and put into a session, which the explorer's own panes show:
nothing here is a second way from events to a picture.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from regtui.catalog.norms import NORMS
from regtui.compare.library import SECOND, Entry, grouped
from regtui.recorded import recorded_scenario
from regtui.session import Session
from regtui.spec import StackEntry
from regtui.store import RunHistory
from regtui.store.following import Condition, Follower, Piece
from regtui.store.moment import as_of

_NORMS = frozenset(record.name for record in NORMS)

BATCH_GAP = 5
"""Seconds within which runs of one scenario were asked for together."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Runs of one scenario that were asked for together."""

    scenario: str
    entries: tuple[Entry, ...]
    """In the order in which they were asked for."""

    @property
    def when(self) -> str:
        """UTC, as ids have it: 20260102-030405."""
        return self.entries[0].run[:SECOND]

    @property
    def arms(self) -> list[str]:
        return list(dict.fromkeys(entry.spec.arm for entry in self.entries))

    @property
    def seeds(self) -> list[int]:
        return sorted({entry.spec.seed for entry in self.entries})


def batches(entries: Iterable[Entry]) -> list[Batch]:
    """All runs by what they were asked for together with; the latest batch first."""
    found: list[list[Entry]] = []
    last: dict[str, list[Entry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.order):
        before = last.get(entry.spec.scenario)
        if before is None or _seconds(entry.run) - _seconds(before[-1].run) > BATCH_GAP:
            before = last[entry.spec.scenario] = []
            found.append(before)
        before.append(entry)
    return [Batch(some[0].spec.scenario, tuple(some)) for some in reversed(found)]


def _seconds(run: str) -> int:
    """Seconds of an id, good for differences within a day; 0 for an id of another form."""
    digits = run[9:SECOND]
    if not digits.isdecimal() or len(digits) != 6 or not run[:8].isdecimal():
        return 0
    return int(run[:8]) * 86_400 + int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at one run has found."""

    key: tuple[str, int]
    """Arm and seed."""
    pieces: tuple[Piece, ...]
    condition: Condition


class Watch:
    """Some stored runs of one scenario, at a cursor in their training."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        """Raises ReadingError where a run cannot be read any more, ValueError for runs of several scenarios."""
        if len({entry.spec.scenario for entry in entries}) != 1:
            raise ValueError("runs of one scenario can be watched together")
        arms = grouped(entries)
        self._followers: dict[tuple[str, int], Follower] = {}
        for arm in arms:
            for seed, entry in arm.latest.items():
                self._followers[arm.name, seed] = Follower(entry.folder)
        self.session = Session(recorded_scenario(arms))
        self.position: float | None = None
        """Epochs up to which is shown; None: all there is, and what comes."""
        self._conditions = dict.fromkeys(self._followers, Condition("live"))
        self._shown: dict[tuple[str, int], tuple[object, ...]] = {}
        self._versions = 0

    # -- following -----------------------------------------------------------------------------------------------

    def look(self, pieces: int = 1) -> list[Seen]:
        """The next pieces of each log, and who is there. Waits for the disk: beside the event loop, one at a time."""
        found = []
        for key, follower in self._followers.items():
            new: list[Piece] = []
            while len(new) < pieces and (piece := follower.look()) is not None:
                new.append(piece)
            found.append(Seen(key, tuple(new), follower.condition()))
        return found

    def take(self, seen: Sequence[Seen]) -> bool:
        """Take in what a look has found; whether there was anything new in the logs."""
        for one in seen:
            self._conditions[one.key] = one.condition
            for piece in one.pieces:
                self._followers[one.key].take(piece)
        return any(one.pieces for one in seen)

    def read(self) -> None:
        """Take in all that there is. May run beside the event loop: what is shown changes with `show` alone."""
        for key, follower in self._followers.items():
            follower.catch_up()
            self._conditions[key] = follower.condition()

    def conditions(self) -> dict[tuple[str, int], Condition]:
        """Of each (arm, seed): whether it goes on, as of the last look."""
        return {
            key: self._conditions[key] if follower.run.is_live else Condition("ended")
            for key, follower in self._followers.items()
        }

    def condition(self) -> Condition:
        """Of all of them: live as long as one is; then silent, crashed, ended."""
        found = list(self.conditions().values())
        for pulse in ("live", "silent", "crashed"):
            some = [one for one in found if one.pulse == pulse]
            if some:
                return min(some, key=lambda one: one.silence)
        return Condition("ended")

    # -- the cursor ----------------------------------------------------------------------------------------------

    @property
    def end(self) -> float:
        """Epochs that the farthest run has done."""
        return max((follower.run.epoch for follower in self._followers.values()), default=0.0)

    @property
    def planned(self) -> float:
        """Epochs of the longest arm."""
        return float(max(arm.train.epochs for arm in self.session.arms))

    @property
    def now(self) -> float:
        """Where the cursor stands."""
        return self.end if self.position is None else min(self.position, self.end)

    @property
    def stops(self) -> list[float]:
        """Epochs at which something was measured: where the cursor rests."""
        return sorted({event.step / run.steps_per_epoch for run in self.histories for event in run.evaluations})

    @property
    def histories(self) -> list[RunHistory]:
        """The runs as far as they have come."""
        return [follower.run for follower in self._followers.values()]

    def seek(self, epoch: float) -> None:
        """Put the cursor at an epoch; at the end or beyond it follows."""
        self.position = None if epoch >= self.end else max(0.0, epoch)
        self.show()

    def move(self, by: int) -> None:
        """Move the cursor by so many evaluations."""
        stops = [0.0, *self.stops]
        if by < 0:
            before = [stop for stop in stops if stop < self.now - 1e-9]
            self.seek(before[max(len(before) + by, 0)] if before else 0.0)
        else:
            after = [stop for stop in stops if stop > self.now + 1e-9]
            self.seek(after[by - 1] if by <= len(after) else self.end)

    def show(self) -> bool:
        """Bring the session to the cursor; whether anything changed."""
        changed, conditions = self._learn_of_arms(), self.conditions()
        for key, follower in self._followers.items():
            run, pulse = follower.run, conditions[key].pulse
            step = run.step if self.position is None else int(self.position * run.steps_per_epoch + 1e-6)
            shown = (run.run, run.version, min(step, run.step), self.position is None, pulse == "crashed")
            if self._shown.get(key) == shown:
                continue
            self._shown[key], changed = shown, True
            past = as_of(run, step) if self.position is not None else run
            why = conditions[key].sentence if pulse == "crashed" and past is run else ""
            self.session.current[key] = self.session.runs[run.run] = self._as_shown(past, why)
        return changed

    def _learn_of_arms(self) -> bool:
        """What only the log says of somebody else's loop: that it has norm layers, and how long it is."""
        learnt = False
        for i, arm in enumerate(self.session.arms):
            runs = [follower.run for (name, _), follower in self._followers.items() if name == arm.name]
            kinds = [run.norms[-1].layers[0].kind for run in runs if run.norms and run.norms[-1].layers]
            far = max(run.epoch for run in runs)
            if kinds and kinds[0] in _NORMS and not any(entry.name in _NORMS for entry in arm.stack):
                arm = msgspec.structs.replace(arm, stack=(*arm.stack, StackEntry(name=kinds[0], where="")))
            if far > arm.train.epochs:
                train = msgspec.structs.replace(arm.train, epochs=_rounded_up(far))
                arm = msgspec.structs.replace(arm, train=train)
            learnt = learnt or arm is not self.session.arms[i]
            self.session.arms[i] = arm
        return learnt

    def _as_shown(self, run: RunHistory, crashed: str) -> RunHistory:
        """A copy with a version of its own: what a chart drew at one cursor is not what it shows at another.

        crashed  why it goes on no more; "": it does
        """
        shown = copy.copy(run)
        self._versions += 1
        shown.version = self._versions
        if crashed:
            shown.lose(crashed)
        return shown


_ROUND = tuple(factor * int(10**power) for power in range(18) for factor in (1, 2, 5))


def _rounded_up(epochs: float) -> int:
    """The next of 1, 2, 5, 10, 20, 50 ...: an axis that grew with each epoch would never stand still."""
    return next(round_number for round_number in _ROUND if round_number >= epochs)
