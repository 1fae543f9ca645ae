"""What is trained in the benchmark: the 6-conv CNN on the embedded pictures, cropped and flipped."""

from __future__ import annotations

from regtui.bench.protocol import Sizes
from regtui.catalog import REGULARIZERS
from regtui.scenario import Arm, Scenario, run_spec
from regtui.spec import DataSpec, ModelSpec, RunSpec, StackEntry, TrainSpec

CROP_FLIP = ("crop", "flip")
RANDAUGMENT = (*CROP_FLIP, "randaugment")
PICTURES = 2000
"""Training pictures that the package ships."""
STEPS_A_PROBE, STEPS_AN_EVALUATION = 10, 30
"""As in a run of 600 steps with the default 60 probes and 20 evaluation points."""


ENDLESS = 10**6
"""Passes that no benchmark comes to the end of."""


def step_spec(sizes: Sizes, stack: tuple[str, ...], device: str) -> RunSpec:
    """A run that does nothing but train."""
    return run_spec("bench", _training_only(sizes, "steps", ENDLESS, stack), 0, device=device)


def race(sizes: Sizes) -> Scenario:
    """Four arms that cost the same, crop and flip with four sizes of padding."""
    arm = _training_only(sizes, "arm", sizes.race_epochs, CROP_FLIP)
    arms = tuple(
        Arm(name=f"padding {pixels}", data=arm.data, model=arm.model, train=arm.train,
            stack=(_entry("crop", padding=pixels), _entry("flip")))
        for pixels in (1, 2, 3, 4)
    )  # fmt: skip
    return _scenario("race", *arms)


def watched(sizes: Sizes, *, probes: bool) -> Scenario:
    """One run with evaluation points of the usual size, and probes as dense as the default if they are wanted."""
    steps = sizes.live_epochs * sizes.steps_per_epoch
    train = TrainSpec(
        epochs=sizes.live_epochs, batch_size=sizes.batch_size, evaluations=max(steps // STEPS_AN_EVALUATION, 1),
        probes=max(steps // STEPS_A_PROBE, 1) if probes else 0,
    )  # fmt: skip
    data = DataSpec(train=sizes.samples, validation=min(500, PICTURES - sizes.samples))
    stack = tuple(_entry(name) for name in CROP_FLIP)
    return _scenario("live", Arm(name="live", data=data, model=_model(sizes), train=train, stack=stack))


def _training_only(sizes: Sizes, name: str, epochs: int, stack: tuple[str, ...]) -> Arm:
    return Arm(
        name=name, model=_model(sizes), data=DataSpec(train=sizes.samples, validation=0, test=100),
        train=TrainSpec(epochs=epochs, batch_size=sizes.batch_size, evaluations=1, probes=0),
        stack=tuple(_entry(name) for name in stack),
    )  # fmt: skip


def _model(sizes: Sizes) -> ModelSpec:
    return ModelSpec(name="cnn", params={"width": sizes.width})


def _entry(name: str, **params: int) -> StackEntry:
    defaults = {param.name: param.default for param in REGULARIZERS[name].params}
    return StackEntry(name=name, where="input", params=defaults | params)


def _scenario(name: str, *arms: Arm) -> Scenario:
    question = "How fast is this machine?"
    return Scenario(id=f"bench/{name}", title="Benchmark", section="review", question=question, arms=arms)
