"""Settings at the ends of their ranges: a run finishes, diverges or is refused in a sentence; nothing else happens."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from regtui.catalog import MODELS, REGULARIZERS
from regtui.engine import loop
from regtui.events import Checkpoint, Diverged, Evaluated, Finished, Started, Steps
from regtui.spec import DataSpec, ModelSpec, RunSpec, Scalar, StackEntry, TrainSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry, MakeRun, MakeSpec

IS_FULL = os.environ.get("REGTUI_FAULTS") == "full"
"""All cases; the suite takes every ninth."""

CASES = [
    (record.name, param.name, value)
    for record in REGULARIZERS.values()
    for param in record.params
    if param.kind in ("int", "float")
    for value in {param.low, param.ceiling, param.low + (param.ceiling - param.low) * 0.999}
    if param.kind == "float" or value == int(value)
]  # fmt: skip


def ended(make_run: MakeRun, spec: RunSpec) -> None:
    """The run ends as it should. A spec that cannot be built says so in one sentence."""
    try:
        made = make_run(spec)
    except ValueError as error:
        sentence = str(error.args[0])
        assert sentence.isprintable() and len(sentence) < 400, sentence
        return
    last = made.events[-1]
    assert isinstance(last, (Finished, Diverged)), last
    if isinstance(last, Finished):
        assert made.all(Evaluated) and math.isfinite(made.all(Evaluated)[-1].train.accuracy)


@pytest.mark.parametrize(("name", "param", "value"), [("dropout", "p", 0.999), *(CASES if IS_FULL else CASES[::9])])
def test_a_regularizer_at_the_ends_of_its_ranges(make_run: MakeRun, name: str, param: str, value: float) -> None:
    record = REGULARIZERS[name]
    kind = int if any(p.kind == "int" for p in record.params if p.name == param) else float
    params: dict[str, Scalar] = {p.name: p.default for p in record.params} | {param: kind(value)}
    is_image = "image" in record.kinds
    candidates = ("cnn", "mlp", *MODELS) if is_image else ("bert",)
    model = next(m for m in candidates if not record.sites or set(record.sites) & set(MODELS[m].sites))
    where = next((site for site in record.sites if site in MODELS[model].sites), "")
    small = {"cnn": {"width": 2}, "mlp": {"width": 4, "depth": 1}}.get(model, {})
    full = {p.name: p.default for p in MODELS[model].params} | small
    data = DataSpec(name="fashion-mnist" if is_image else "wordnet", train=40, validation=20, test=20)
    train = TrainSpec(epochs=1, batch_size=10, evaluations=1, probes=1)
    spec = RunSpec(scenario="s", arm="a", seed=1, data=data, model=ModelSpec(name=model, params=full), train=train,
                   stack=(StackEntry(name=name, where=where, params=params),))  # fmt: skip
    ended(make_run, spec)


@pytest.mark.parametrize(
    "train",
    [{"lr": 1e6}, {"lr": 1e9, "optimizer": "sgd"}, {"lr": 1e-300}, {"momentum": 0.9999, "optimizer": "sgd"},
     {"batch_size": 1}, {"batch_size": 80}, {"evaluations": 10_000, "probes": 10_000}, {"evaluation_batch": 1},
     {"evaluation_batch": 10_000_000}],
)  # fmt: skip
def test_a_training_at_the_ends_of_its_ranges(make_run: MakeRun, tiny: MakeSpec, train: dict[str, float]) -> None:
    ended(make_run, tiny(**({"epochs": 1} | train)))


def test_batch_size_one_with_batchnorm_trains_or_is_refused_with_the_reason(
    make_run: MakeRun, tiny: MakeSpec, entry: MakeEntry
) -> None:
    """A picture has many values a channel, a row of units only one."""
    made = make_run(tiny(entry("batchnorm"), epochs=1, batch_size=1))
    assert isinstance(made.events[-1], Finished)
    spec = tiny(entry("batchnorm"), epochs=1, batch_size=1)
    units = msgspec.structs.replace(spec, model=ModelSpec(name="mlp", params={"width": 4, "depth": 1}))
    stack = (StackEntry(name="batchnorm", where="linear", params=spec.stack[0].params),)
    with pytest.raises(ValueError, match=r"[Bb]atch"):
        make_run(msgspec.structs.replace(units, stack=stack))


def test_a_checkpoint_is_written_again_as_soon_as_it_is_old_enough(
    make_run: MakeRun, tiny: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an age of nothing: at every block boundary, so that none is older than that age and one block."""
    assert loop.CHECKPOINT_SECONDS <= 30
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    made = make_run(tiny(), store=tmp_path)
    assert isinstance(made.events[0], Started)
    saved = [event.step for event in made.all(Checkpoint)]
    assert max(b - a for a, b in zip([0, *saved], saved, strict=False)) <= 8 and saved[-1] == 30
    assert [event.step for event in made.all(Steps)][-1] == 30
