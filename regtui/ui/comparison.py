"""What the comparison of stored runs shows: which arms, which metric, over what, where the cursor stands.

Free of Textual. The screen changes it and draws from it; logs are read elsewhere and handed in.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from regtui.compare.curves import AXES, METRICS, Axis, Curve, Metric, curve_of
from regtui.compare.library import Entry, StoredArm, grouped
from regtui.compare.query import Query, QueryError, keys
from regtui.compare.results import Standing, pair
from regtui.store import RunHistory
from regtui.ui.charts import GLYPHS
from regtui.ui.palette import ArmLook
from regtui.ui.standing import drawn

Key = tuple[str, str, str]
"""Of an arm, as `StoredArm.key`."""

YAxis = Literal["end", "whole", "log"]
Y_AXES: tuple[YAxis, ...] = ("end", "whole", "log")
"""end: what was measured in the second half of the training, where the arms are told apart."""

SMOOTHINGS = (0.0, 0.6, 0.8, 0.9, 0.95)
MOST = 8
"""Arms that are drawn at once: as many as there are hues."""


@dataclass
class Comparison:
    """The state; every method answers with the sentence that the user is told, "" where the screen says it."""

    arms: list[StoredArm] = field(default_factory=list)
    """All stored ones: first those of the scenario that is open, then the latest."""
    shown: list[StoredArm] = field(default_factory=list)
    """Those that the filter lets through, with their runs that it does."""
    keys: list[str] = field(default_factory=list)
    """What the filter may ask for."""
    problem: str = ""
    """Why the filter cannot be used."""
    row: int = 0
    """The marked one of `shown`."""
    picked: dict[Key, StoredArm] = field(default_factory=dict)
    looks: dict[Key, ArmLook] = field(default_factory=dict)
    """Of the picked arms; a look is free again when its arm is dropped."""
    runs: dict[Key, Mapping[int, RunHistory]] = field(default_factory=dict)
    """By seed, of the picked arms whose logs are read."""
    standings: dict[Key, Standing] = field(default_factory=dict)
    """Figures of the arms whose logs are read."""
    metric: Metric = METRICS[0]
    axis: Axis = AXES[0]
    smoothing: float = 0.0
    y_axis: YAxis = "end"
    cursor: float | None = None
    """Where on the x axis curves are read; None: at their ends."""
    reference: Key | None = None
    is_loaded: bool = False
    changes: int = 0
    """Grows with everything that the chart depends on."""
    _instead: dict[Key, list[StoredArm]] = field(default_factory=dict)
    """Of the arms picked at the beginning: the same arm with earlier settings, where it turns out to have no result."""
    _asked: tuple[object, ...] = ()
    _curves: dict[Key, tuple[object, Curve]] = field(default_factory=dict)
    """Of what was asked for last, with the runs that they were made of."""

    # -- which arms ----------------------------------------------------------------------------------------------

    def load(self, entries: Sequence[Entry], scenario: str) -> None:
        """The stored runs; the latest arms of a scenario are picked, where none are yet."""
        self.standings, self.runs = {}, {}
        self.keys = keys(entries)
        self.arms, self.is_loaded = sorted(grouped(entries), key=lambda arm: arm.scenario != scenario), True
        self.filter("")
        own = [arm for arm in self.arms if arm.scenario == scenario] or self.arms[:1]
        # Of each name the latest settings; those before in case that these came to nothing.
        by_age = sorted(own, key=lambda arm: arm.entries[-1].order, reverse=True)
        namesakes = {arm.arm: [other for other in by_age if other.arm == arm.arm] for arm in own}
        batch = [arm for arm in own if namesakes[arm.arm][0] is arm][: len(GLYPHS)]
        if not self.picked:
            for arm in batch or own[:1]:
                self._pick(arm)
                self._instead[arm.key] = [*namesakes[arm.arm][1:], arm]
            self.row = self.shown.index((batch or own)[0]) if own else 0

    def filter(self, text: str) -> None:
        """Show only the arms and runs that are asked for; a filter that cannot be used leaves them as they are."""
        try:
            query = Query(text, self.keys)
        except QueryError as error:
            self.problem = str(error)
            return
        marked = self.marked.key if self.marked else None
        self.problem, self.shown = "", query.of(self.arms) if query else list(self.arms)
        at = [arm.key for arm in self.shown]
        self.row = at.index(marked) if marked in at else 0
        for arm in self.shown:
            if arm.key in self.picked and self.picked[arm.key].entries != arm.entries:
                self._pick(arm)

    @property
    def entries(self) -> list[Entry]:
        return [entry for arm in self.arms for entry in arm.entries]

    @property
    def marked(self) -> StoredArm | None:
        return self.shown[self.row] if 0 <= self.row < len(self.shown) else None

    def choose(self, by: int) -> None:
        """Mark the row so many below."""
        self.row = min(max(self.row + by, 0), max(len(self.shown) - 1, 0))

    def toggle(self) -> str:
        """Pick the marked arm, or drop it."""
        arm = self.marked
        if arm is None:
            return ""
        if arm.key in self.picked:
            self._drop(arm.key)
            return ""
        if len(self.picked) >= MOST:
            return f"{MOST} arms are as many as can be told apart: drop one first."
        self._pick(arm)
        return ""

    def toggle_all(self) -> str:
        """Pick everything that is shown, or drop all where that is so already."""
        wanted = self.shown[:MOST]
        if all(arm.key in self.picked for arm in wanted):
            for key in list(self.picked):
                self._drop(key)
            return ""
        for key in list(self.picked):
            if all(arm.key != key for arm in wanted):
                self._drop(key)
        for arm in wanted:
            if arm.key not in self.picked:
                self._pick(arm)
        left = len(self.shown) - len(wanted)
        return f"The first {MOST} are picked; {left} more are not: a filter narrows them." if left > 0 else ""

    def refer(self) -> str:
        """Pair all others of its scenario with the marked arm."""
        arm = self.marked
        if arm is None or arm.key not in self.picked:
            return "Pick the arm first (space): only picked arms are paired."
        self.reference = None if self.reference == arm.key else arm.key
        self._pair()
        return ""

    def take(self, standing: Standing, runs: Mapping[int, RunHistory]) -> None:
        """The logs of an arm are read."""
        key = standing.arm.key
        self.standings[key] = standing
        instead = self._instead.pop(key, [])
        if key in self.picked and not standing.results and instead and instead[0].key != key:
            self._replace(key, instead)
        elif key in self.picked:
            self.runs[key] = runs
            if len(self.runs) == 1 and not self._has_data(self.metric):
                self.next_metric()  # own data shows its test set only on request
            self.changes += 1
            self._pair()

    def unread(self, rows: range) -> StoredArm | None:
        """The arm whose logs are wanted next: a picked one, else one of the rows in sight."""
        for key, arm in self.picked.items():
            if key not in self.runs:
                return arm
        visible = (self.shown[i] for i in rows if i < len(self.shown))
        return next((arm for arm in visible if not self._is_read(arm)), None)

    def standing(self, arm: StoredArm) -> Standing | None:
        """Its figures, once its logs are read."""
        return self.standings.get(arm.key) if self._is_read(arm) else None

    def _is_read(self, arm: StoredArm) -> bool:
        known = self.standings.get(arm.key)
        return known is not None and known.arm.entries == arm.entries

    def _pick(self, arm: StoredArm) -> None:
        self.picked[arm.key] = arm
        self.runs.pop(arm.key, None)
        if arm.key not in self.looks:
            taken = {look.number for look in self.looks.values()}
            self.looks[arm.key] = ArmLook(next(i for i in range(MOST + 1) if i not in taken))
        self.changes += 1

    def _replace(self, key: Key, instead: list[StoredArm]) -> None:
        """Pick the first of `instead` in the place of an arm, in its look; the others in case it is no better."""
        arm = instead[0]
        kept = [arm if one.key == key else one for one in self.picked.values()]
        self.picked = {one.key: one for one in kept}
        self.looks[arm.key] = self.looks.pop(key)
        self._instead[arm.key] = instead[1:]
        if self.marked is not None and self.marked.key == key and arm in self.shown:
            self.row = self.shown.index(arm)
        self.changes += 1

    def _drop(self, key: Key) -> None:
        del self.picked[key], self.looks[key]
        self.runs.pop(key, None)
        self.reference = None if self.reference == key else self.reference
        self.changes += 1
        self._pair()

    def _pair(self) -> None:
        read = [self.standings[key] for key in self.picked if key in self.runs]
        for one in self.standings.values():
            one.against, one.paired = None, {}
        if read:
            pair(sorted(read, key=lambda one: one.arm.key != self.reference), self.reference)

    # -- which curves --------------------------------------------------------------------------------------------

    def curves(self) -> dict[Key, Curve]:
        """Of the picked arms whose logs are read, steered runs only where there are no others."""
        asked = (self.metric.name, self.axis, self.smoothing)
        if asked != self._asked:
            self._asked, self._curves = asked, {}
        for key in self.picked:
            runs = self.runs.get(key)
            if runs is not None and (key not in self._curves or self._curves[key][0] is not runs):
                self._curves[key] = runs, curve_of(drawn(runs), self.metric, self.axis, self.smoothing)
        return {key: self._curves[key][1] for key in self.picked if key in self.runs}

    def next_metric(self, by: int = 1) -> None:
        """The next metric that any picked run has."""
        at = METRICS.index(self.metric)
        for i in range(1, len(METRICS)):
            metric = METRICS[(at + by * i) % len(METRICS)]
            if self._has_data(metric):
                self.metric = metric
                break
        self.changes += 1

    def _has_data(self, metric: Metric) -> bool:
        return any(curve_of(list(runs.values()), metric).x for runs in self.runs.values())

    def next_axis(self) -> None:
        self.axis, self.cursor = AXES[(AXES.index(self.axis) + 1) % len(AXES)], None
        self.changes += 1

    def smooth(self) -> None:
        """More, and after the most none."""
        self.smoothing = SMOOTHINGS[(SMOOTHINGS.index(self.smoothing) + 1) % len(SMOOTHINGS)]
        self.changes += 1

    def next_y_axis(self) -> None:
        self.y_axis = Y_AXES[(Y_AXES.index(self.y_axis) + 1) % len(Y_AXES)]
        self.changes += 1

    def move(self, by: int) -> None:
        """Move the cursor by so many measured points; past the last one there is none."""
        places = self._places()
        if not places:
            return
        at = bisect_left(places, self.cursor) if self.cursor is not None else len(places) if by < 0 else len(places) - 1
        to = max(at + by, 0)
        self.cursor = places[to] if to < len(places) else None
        self.changes += 1

    def move_to(self, x: float) -> None:
        """Put the cursor at the measured point that is nearest to a place of the x axis."""
        places = self._places()
        if places:
            self.cursor = min(places, key=lambda place: abs(place - x))
            self.changes += 1

    def _places(self) -> list[float]:
        """Where anything was measured, ascending."""
        curves = self.curves().values()
        return sorted({x for one in curves for x, y in zip(one.x, one.raw, strict=True) if math.isfinite(y)})
