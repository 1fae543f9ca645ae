"""Runs on own data: sealed test part, one reveal, streaming, determinism, identity of the spec."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch

from regtui.claims import read
from regtui.commands import Probe, ProbeKind, RunRequest
from regtui.engine import answers, datasets, loop, own_data
from regtui.engine import training as training_module
from regtui.engine.control import Control
from regtui.engine.metrics import evaluate
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.streaming import StreamedSplit
from regtui.events import Evaluated, Event, Recalibrated, Revealed, RunEvent, Started, Subnetworks
from regtui.scenario import ScenarioError, run_spec
from regtui.scenario.errors import Problems
from regtui.scenario.resolve import resolve_entry
from regtui.session import Session
from regtui.spec import RunSpec, spec_hash
from regtui.store import Recorder
from regtui.store.rundir import replay

if TYPE_CHECKING:
    from tests.own.conftest import MakeFolder, MakeScenario

COUNTS = {"cat": 20, "dog": 40, "owl": 20}


def made(spec: RunSpec, store: Path | None = None, run: str = "r", *, reveal: bool = False) -> list[RunEvent]:
    events: list[Event] = []
    loop.train(RunRequest(run=run, spec=spec, reveal=reveal), events.append, Control(), store)
    return [event for event in events if isinstance(event, RunEvent)]


@pytest.fixture
def spec(make_folder: MakeFolder, scenario: MakeScenario) -> RunSpec:
    return run_spec("x/own", scenario(f"folder:{make_folder(COUNTS)}", "size = 16").arms[0], 0)


def test_a_relative_path_begins_at_the_scenario_file(make_folder: MakeFolder, scenario: MakeScenario) -> None:
    root = make_folder(COUNTS)
    data = scenario("folder:pets", root=root.parent).arms[0].data
    assert data.name == f"folder:{root}"
    assert (data.train, data.validation, data.test, data.size) == (51, 13, 16, 64)


def test_runs_show_validation_and_no_test(spec: RunSpec) -> None:
    evaluated = [event for event in made(spec) if isinstance(event, Evaluated)]
    assert len(evaluated) == 2
    for event in evaluated:
        assert event.test is None and event.validation is not None
        assert event.gap == pytest.approx(event.train.accuracy - event.validation.accuracy)
        assert read("test_accuracy", event) == event.validation.accuracy


def test_the_same_spec_gives_the_same_numbers(spec: RunSpec) -> None:
    def figures(events: list[RunEvent]) -> list[tuple[object, object]]:
        return [(event.train, event.validation) for event in events if isinstance(event, Evaluated)]

    assert figures(made(spec)) == figures(made(spec))


def test_streamed_pictures_give_the_numbers_of_resident_ones(spec: RunSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    resident = made(spec)
    monkeypatch.setattr(own_data, "free_memory", lambda _: 0)
    streamed = made(spec)
    told = [[e.is_streamed for e in events if isinstance(e, Started)] for events in (resident, streamed)]
    assert told == [[False], [True]]
    assert [e.train for e in resident if isinstance(e, Evaluated)] == [
        e.train for e in streamed if isinstance(e, Evaluated)
    ]
    task = datasets.load(spec.data, Randomness(0, CPU))
    assert isinstance(task.train, StreamedSplit)


@pytest.mark.parametrize("kind", ["modes", "norms", "recalibrated", "subnetworks"])
def test_looks_at_streamed_pictures_see_what_they_see_of_resident_ones(
    spec: RunSpec, kind: ProbeKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = (resolve_entry(given, spec.model, "s", Problems()) for given in ({"batchnorm": {}}, {"dropout": {}}))
    spec = msgspec.structs.replace(spec, stack=tuple(entry for entry in entries if entry is not None))
    probe = Probe(ask="?", kind=kind, spec=spec)
    resident = answers.answer(probe)
    monkeypatch.setattr(own_data, "free_memory", lambda _: 0)
    assert not resident.trouble and answers.answer(probe) == resident
    if isinstance(resident, (Recalibrated, Subnetworks)):
        assert resident.split == "validation", "the test part of own data is sealed, whoever looks"
    if isinstance(resident, Subnetworks):
        assert resident.samples == spec.data.validation


def test_validation_and_training_are_disjoint_and_stratified(spec: RunSpec) -> None:
    task = datasets.load(spec.data, Randomness(0, CPU))
    assert task.validation is not None and task.test is None
    assert torch.bincount(task.validation.labels).tolist() == [3, 7, 3]
    assert len(task.train.labels) + len(task.validation.labels) == 64


def test_a_reveal_measures_the_weights_that_the_run_ended_with(
    spec: RunSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[training_module.Training] = []
    original = loop.Training

    def noted(spec: RunSpec) -> training_module.Training:
        built.append(original(spec))
        return built[-1]

    monkeypatch.setattr(loop, "Training", noted)
    made(spec, tmp_path)
    (revealed,) = made(spec, tmp_path, reveal=True)
    assert isinstance(revealed, Revealed) and revealed.samples == 16
    ended = copy.deepcopy(built[0].model).eval()
    test = own_data.revealed(spec.data, built[0].task)  # type: ignore[arg-type]
    assert revealed.test == evaluate(ended, test.inputs, (test.labels,), spec.train.evaluation_batch)[0]


def test_only_a_finished_run_of_own_data_is_revealed(spec: RunSpec, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no checkpoint"):
        made(spec, tmp_path, reveal=True)
    shown = RunSpec(scenario="s", arm="a", seed=0, model=spec.model)
    with pytest.raises(ValueError, match="fashion-mnist shows its test"):
        made(shown, tmp_path, reveal=True)


def test_a_reveal_stays_in_the_record_and_verdicts_change_part_only_as_a_whole(
    make_folder: MakeFolder, scenario: MakeScenario, tmp_path: Path
) -> None:
    session = Session(scenario(f"folder:{make_folder(COUNTS)}", "size = 16"), recorder=Recorder(tmp_path / "store"))
    requests = session.request(["a"], [0, 1])
    for request in requests:
        for event in made(request.spec, tmp_path / "store", request.run):
            session.take(event)
    assert session.held_out == "validation" and all(e.test is None for e in session.results()["a"].values())
    reveals = session.reveal()
    assert [r.reveal for r in reveals] == [True, True] and session.is_busy
    session.take(*made(reveals[0].spec, tmp_path / "store", reveals[0].run, reveal=True))
    assert session.held_out == "validation" and all(e.test is None for e in session.results()["a"].values())
    session.take(*made(reveals[1].spec, tmp_path / "store", reveals[1].run, reveal=True))
    assert session.held_out == "test" and not session.is_busy
    assert all(e.test is not None for e in session.results()["a"].values())
    assert session.reveal() == []
    again = replay(tmp_path / "store" / requests[0].run)
    assert again.state == "finished" and again.revealed is not None and again.revealed.at.endswith("Z")


def test_texts_of_ones_own_are_trained_on(table: Path, scenario: MakeScenario) -> None:
    arm = scenario(f"text:{table}", model='name = "bert", layers = 1, width = 16, heads = 2').arms[0]
    assert arm.data.length == 16
    last = [event for event in made(run_spec("x", arm, 0)) if isinstance(event, Evaluated)][-1]
    assert last.test is None and last.validation is not None


def test_the_hash_covers_the_content_not_the_place(spec: RunSpec) -> None:
    moved = msgspec.structs.replace(spec, data=msgspec.structs.replace(spec.data, name="folder:/elsewhere"))
    other = msgspec.structs.replace(spec, data=msgspec.structs.replace(spec.data, content="0"))
    larger = msgspec.structs.replace(spec, data=msgspec.structs.replace(spec.data, size=24))
    assert spec_hash(moved) == spec_hash(spec)
    assert len({spec_hash(spec), spec_hash(other), spec_hash(larger)}) == 3


def test_data_that_have_changed_since_are_refused(spec: RunSpec) -> None:
    stale = msgspec.structs.replace(spec.data, content="0" * 64)
    with pytest.raises(ValueError, match="holds other data on this machine"):
        datasets.load(stale, Randomness(0, CPU))


def test_a_scenario_is_told_what_own_data_cannot_do(make_folder: MakeFolder, scenario: MakeScenario) -> None:
    root = make_folder(COUNTS)
    with pytest.raises(ScenarioError, match=r"data.validation: is 0, but data of your own show validation"):
        scenario(f"folder:{root}", "validation = 0")
    with pytest.raises(ScenarioError, match=r"train \+ validation is 113; allowed is at most 64"):
        scenario(f"folder:{root}", "train = 100")
    with pytest.raises(ScenarioError, match=r"data.size: is 32; only pictures of your own are resized"):
        scenario("fashion-mnist", "size = 32")
    with pytest.raises(ScenarioError, match=r"data.name: .*not there"):
        scenario("folder:nowhere", root=root.parent)
    with pytest.raises(ScenarioError, match=r"base.data.content: is not a key here"):
        scenario(f"folder:{root}", 'content = "x"')
