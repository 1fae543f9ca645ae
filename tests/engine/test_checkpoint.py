"""A resumed run is the run that was never stopped, and a checkpoint is whole or it is not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import torch
from safetensors import safe_open

from regtui import machine
from regtui.commands import RunRequest, Set, Stop
from regtui.engine import checkpoint, loop, threads
from regtui.engine.checkpoint import CheckpointError
from regtui.engine.control import Control
from regtui.engine.training import Training
from regtui.events import AnyRunEvent, Evaluated, Event, Finished, Inside, Marker, Started, Steps

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec


def stop_after(step: int) -> Any:
    """A listener that stops the run at the evaluation of that step."""

    def stop(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated) and event.step == step:
            made.control.send(Stop(run="r"))

    return stop


def assert_same(one: MadeRun, other: MadeRun) -> None:
    ours, theirs = one.weights(), other.weights()
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    assert [e.train for e in one.all(Evaluated)][-1] == [e.train for e in other.all(Evaluated)][-1]


@pytest.mark.parametrize("step", [15, 20])  # in the middle of an epoch and between two
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_resumed_run_ends_bit_for_bit_like_an_uninterrupted_one(
    tiny: MakeSpec, make_run: MakeRun, full: Any, tmp_path: Path, optimizer: str, step: int
) -> None:
    spec = tiny(*full, optimizer=optimizer, evaluations=6)
    whole = make_run(spec)
    first = make_run(spec, stop_after(step), store=tmp_path)
    assert first.training.step == step
    second = make_run(spec, store=tmp_path, resume=True)
    assert_same(whole, second)
    (started,) = second.all(Started)
    assert started.start_step == step
    assert second.all(Steps)[0].loss[0].first == step + 1
    assert second.all(Steps)[-1].seconds > first.all(Steps)[-1].seconds
    assert [e.layers for e in second.all(Inside)] == [e.layers for e in whole.all(Inside) if e.step > step]


def test_what_studies_found_at_the_start_is_there_after_a_resume(
    tiny: MakeSpec, make_run: MakeRun, tmp_path: Path
) -> None:
    spec = msgspec.structs.replace(tiny(), studies=("signal",))
    make_run(spec, stop_after(10), store=tmp_path)
    found = make_run(spec, store=tmp_path, resume=True).all(Evaluated)[-1].studied
    assert found == make_run(spec).all(Evaluated)[-1].studied and "signal.ratio" in found


def test_what_was_steered_before_the_stop_holds_after_it(
    tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry, tmp_path: Path
) -> None:
    spec = tiny(entry("dropout"), evaluations=6)
    steering = [
        Set(run="r", key="dropout.p", value=0.7),
        Set(run="r", key="train.lr", value=0.01),
    ]
    whole = make_run(spec, commands=steering)
    make_run(spec, stop_after(15), commands=steering, store=tmp_path)
    second = make_run(spec, store=tmp_path, resume=True)
    assert_same(whole, second)
    assert second.training.steered == {"dropout.p": 0.7, "train.lr": 0.01}


def test_a_finished_run_that_is_resumed_finishes_at_once(tiny: MakeSpec, make_run: MakeRun, tmp_path: Path) -> None:
    first = make_run(tiny(), store=tmp_path)
    second = make_run(tiny(), store=tmp_path, resume=True)
    assert second.all(Steps) == []
    assert all(torch.equal(second.weights()[name], value) for name, value in first.weights().items())


def test_the_json_beside_repeats_what_is_in_the_tensor_file(tiny: MakeSpec, make_run: MakeRun, tmp_path: Path) -> None:
    make_run(tiny(), stop_after(20), store=tmp_path)
    beside = json.loads((tmp_path / "r/checkpoint.json").read_text())
    with safe_open(tmp_path / "r/checkpoint.safetensors", framework="pt") as file:
        inside = json.loads(file.metadata()["rest"])
    assert beside == inside
    assert beside["step"] == 20
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == [
        "checkpoint.json",
        "checkpoint.safetensors",
    ]


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process gets longer than 300 bytes meanwhile, that of the test's own report neither."""
    resource = pytest.importorskip("resource", reason="this system cannot limit the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_write_that_fails_leaves_the_old_checkpoint(tiny: MakeSpec, tmp_path: Path) -> None:
    training = Training(tiny())
    checkpoint.save(training, 1.0, tmp_path)
    training.step = 7
    with full_disk(), pytest.raises(OSError, match=r"^File too large$"):
        checkpoint.save(training, 2.0, tmp_path)
    fresh = Training(tiny())
    assert checkpoint.restore(fresh, tmp_path) == 1.0
    assert fresh.step == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_full_disk_is_told_and_the_training_goes_on_to_its_end(
    tiny: MakeSpec, make_run: MakeRun, tmp_path: Path
) -> None:
    with full_disk():
        made = make_run(tiny(), store=tmp_path)
    assert isinstance(made.events[-1], Finished)
    (marker,) = made.all(Marker)
    assert marker.key == "checkpoint" and marker.text == "no checkpoint was written: File too large"


def test_a_missing_checkpoint_is_named(tiny: MakeSpec, make_run: MakeRun, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"r/checkpoint\.safetensors"):
        make_run(tiny(), store=tmp_path, resume=True)
    with pytest.raises(ValueError, match="run store"):
        make_run(tiny(), resume=True)


@pytest.mark.parametrize("content", [b"", b"no tensors", (9).to_bytes(8, "little") + b"{}"])
def test_a_damaged_checkpoint_is_an_error_that_names_the_file(tiny: MakeSpec, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint.safetensors").write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoint.restore(Training(tiny()), tmp_path)


def test_a_truncated_checkpoint_is_an_error(tiny: MakeSpec, tmp_path: Path) -> None:
    path = checkpoint.save(Training(tiny()), 0.0, tmp_path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="cannot be read"):
        checkpoint.restore(Training(tiny()), tmp_path)


def test_a_checkpoint_of_another_spec_is_refused(tiny: MakeSpec, tmp_path: Path) -> None:
    checkpoint.save(Training(tiny(lr=0.1)), 0.0, tmp_path)
    with pytest.raises(CheckpointError, match="another run"):
        checkpoint.restore(Training(tiny(lr=0.2)), tmp_path)


def test_buffers_that_are_parts_of_one_another_are_written_and_read(tiny: MakeSpec, tmp_path: Path) -> None:
    def with_buffers(first: float) -> Training:
        training, whole = Training(tiny()), torch.arange(6.0) + first
        for name, buffer in {"whole": whole, "part": whole[:3], "turned": whole.view(2, 3)}.items():
            training.model.register_buffer(name, buffer)
        return training

    checkpoint.save(with_buffers(1.0), 0.0, tmp_path)
    restored = with_buffers(0.0)
    checkpoint.restore(restored, tmp_path)
    assert restored.model.get_buffer("whole").tolist() == [1, 2, 3, 4, 5, 6]
    assert restored.model.get_buffer("part").tolist() == [1, 2, 3]


def test_a_run_that_left_its_threads_to_the_machine_goes_on_with_as_many(
    tiny: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = msgspec.structs.replace(tiny(), threads="auto", device="cpu")

    def settled(most: int, *, resume: bool) -> int:
        monkeypatch.setattr(machine, "cores", lambda: 1)
        monkeypatch.setattr(threads, "candidates", lambda _: (most,))
        events: list[Event] = []
        loop.train(RunRequest(run="r", spec=spec, resume=resume), events.append, Control(), tmp_path)
        assert isinstance(events[0], Started)
        return events[0].threads

    before = torch.get_num_threads()
    try:
        assert settled(2, resume=False) == 2
        assert settled(1, resume=True) == 2
    finally:
        torch.set_num_threads(before)
