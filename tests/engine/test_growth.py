"""A long run costs what a short one costs, step by step and byte by byte."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from regtui.engine.control import Control
from regtui.engine.loop import Loop
from regtui.engine.observer import Observer
from regtui.engine.training import Training
from regtui.events import AnyRunEvent, Evaluated, Event, Inside, Norms
from regtui.spec import DataSpec, ModelSpec, RunSpec
from regtui.store.history import KEPT_PROBES, RunHistory

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry, MakeSpec

EPOCHS = 100
"""1,000 steps."""
PIECES = 400
"""Memory blocks of Python by which two moments may differ: a cache here, a number beyond the small ones there. What is
kept of every step would be 700 more."""


@pytest.fixture
def long(tiny: MakeSpec, entry: MakeEntry) -> RunSpec:
    spec = tiny(
        entry("batchnorm", "linear"), entry("crop"), entry("mixup"), entry("weight_decay"), entry("ema"),
        data=DataSpec(train=80, validation=10, test=10), epochs=EPOCHS, evaluations=10, probes=20, schedule="constant",
    )  # fmt: skip
    return msgspec.structs.replace(spec, model=ModelSpec(name="mlp", params={"depth": 1, "width": 4}))


def make(spec: RunSpec, emit: Callable[[Event], None]) -> Loop:
    training = Training(spec)
    return Loop("r", training, Observer("r", training, emit), emit, Control(), None)


def train(loop: Loop) -> None:
    assert not any(loop.turns()), "nobody holds it"


def test_a_worker_holds_no_more_after_a_thousand_steps_than_after_two_hundred(long: RunSpec) -> None:
    held: list[int] = []

    def weigh(event: Event) -> None:
        if isinstance(event, Evaluated):
            gc.collect()
            held.append(sys.getallocatedblocks())

    loop = make(long, weigh)
    gc.freeze()  # what was there before need not be looked through each time
    train(loop)
    settled = held[2:]
    assert len(settled) == 8
    assert max(settled) - min(settled) < PIECES, settled


def test_a_late_step_does_what_an_early_one_does(long: RunSpec) -> None:
    loop = make(msgspec.structs.replace(long, train=msgspec.structs.replace(long.train, probes=0)), lambda _: None)

    def calls(steps: int) -> int:
        """Functions that so many steps call, of Python and of C."""
        count = 0

        def see(frame: Any, kind: str, argument: Any) -> None:  # noqa: ARG001  # what sys.setprofile hands over
            nonlocal count
            count += kind in ("call", "c_call")

        sys.setprofile(see)
        try:
            for _ in range(steps):
                loop.take_step(None)
        finally:
            sys.setprofile(None)
        loop.meter.take()
        return count

    calls(10)
    early = calls(10)  # an epoch
    for _ in range(EPOCHS - 4):
        for _ in range(10):
            loop.take_step(None)
        loop.meter.take()
    assert calls(10) == early


def test_what_a_screen_keeps_of_a_run_stops_growing(long: RunSpec) -> None:
    told: list[AnyRunEvent] = []
    train(make(long, told.append))  # type: ignore[arg-type]
    history = RunHistory("r", long)
    for _ in range(KEPT_PROBES):
        for event in told:
            if isinstance(event, (Inside, Norms)):
                history.apply(event)
    assert len(history.insides) <= KEPT_PROBES and len(history.norms) <= KEPT_PROBES
    assert history.insides[0].step == 1, "the first stays"


def test_a_run_that_is_over_leaves_nothing_behind_for_python_to_look_for(long: RunSpec) -> None:
    """On a GPU that would be memory which the next run does not get."""
    gc.collect()
    gc.disable()
    try:
        loop = make(msgspec.structs.replace(long, train=msgspec.structs.replace(long.train, epochs=1)), lambda _: None)
        train(loop)
        held = weakref.ref(loop.training)
        del loop
        assert held() is None
    finally:
        gc.enable()
