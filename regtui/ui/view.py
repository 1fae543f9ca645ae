"""What the user looks at: everything that panes show besides the session itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from regtui.events import Hello
from regtui.scenario import Arm
from regtui.session import Session
from regtui.store import RunHistory
from regtui.ui.palette import Looks
from regtui.ui.racing import Race
from regtui.ui.unfinished import Offer

SILENT_AFTER = 5.0
"""Seconds without a word from a running worker that are worth a remark."""

Statistic = Literal["variance", "mean"]


def place_name(hello: Hello, wanted: str) -> str:
    """Where a worker trains, in few cells: cpu, cuda:0, 8 × cuda where that many processes train together."""
    name = hello.devices[-1].name if wanted == "auto" else wanted
    return f"{hello.ranks} × {name.partition(':')[0]}" if hello.ranks > 1 else name


@dataclass
class View:
    """The state of the explorer. Handlers of the app own it; panes and figures read it."""

    race: Race
    arm: str
    """Name of the selected arm."""
    layer: int = 0
    """Which norm layer is shown, counted over those of the selected arm, wrapping around."""
    statistic: Statistic = "variance"
    inside: int = 0
    """Which look inside the network is shown: the studies of the scenario, then the layers, wrapping around."""
    picked: str = ""
    """Name of the layer that the charts of the inside follow over time; "" for all layers beside each other."""
    dark: bool = True
    heard: float = 0.0
    """When the runner last said something, by `clock`."""
    warning: str = ""
    """Why something is not recorded, "" while all is well."""
    is_new: bool = False
    """Nothing was run to its end on this machine yet: the first steps are told."""
    offer: Offer | None = None
    """Runs of the last session to go on with, until something is run."""
    ready: str = ""
    """Where training happens, once a worker has said hello: cpu, cuda:0 NVIDIA H100."""
    cost: str = ""
    """How long and how large a run on own data or an own model is, once a worker has tried; "" for all others."""
    clock: Callable[[], float] = time.monotonic
    has_ghost: bool = False
    """Whether the previous run of the selected arm stands behind its curve."""
    stored_ghosts: dict[tuple[str, str, int], RunHistory] = field(default_factory=dict)
    """By scenario, arm and seed: the latest stored run from before this session."""
    _looks: dict[str, Looks] = field(default_factory=dict)
    """By scenario, so that an arm keeps its look when one comes back to it."""

    def open(self, race: Race) -> None:
        """Look at another race from its first arm on."""
        self.race, self.arm, self.layer, self.inside, self.picked = race, race.session.arms[0].name, 0, 0, ""

    @property
    def session(self) -> Session:
        return self.race.session

    @property
    def selected(self) -> Arm:
        """The selected arm; the first one where it is gone."""
        for arm in self.session.arms:
            if arm.name == self.arm:
                return arm
        return self.session.arms[0]

    @property
    def studies(self) -> tuple[str, ...]:
        """What the scenario asks to be measured beside the usual."""
        return self.session.scenario.arms[0].studies

    @property
    def looks(self) -> Looks:
        """Those of the present scenario's arms."""
        session = self.session
        return self._looks.setdefault(session.scenario.id, Looks(arm.name for arm in session.scenario.arms))

    @property
    def is_silent(self) -> bool:
        """A running worker should have said something by now."""
        return self.clock() - self.heard > SILENT_AFTER

    def color(self, arm: str) -> str:
        """Hex of an arm's hue on the present ground."""
        return self.looks.of(arm).color(self.dark)

    def sign(self, arm: str) -> str:
        return self.looks.of(arm).sign

    def shown_run(self, arm: str) -> RunHistory | None:
        """The run that stands for an arm where only one can be shown: that of the first seed with data.

        It stays the same while more seeds run, so that a curve never jumps from one run to another.
        """
        runs = list(self.session.of_arm(arm).values())
        return next((run for run in runs if run.step), runs[0] if runs else None)
