"""The step as a CUDA graph: when it is captured, what stands in for it where it cannot be, and that it trains the same.

Without a GPU a stand-in for PyTorch's graphs shows the order of things; the rest needs a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from regtui.commands import Set
from regtui.engine import graphs
from regtui.engine.cost import steps_before
from regtui.engine.graphs import WARM_UP, GraphedStep
from regtui.engine.models.cnn import Cnn
from regtui.engine.probes import StepProbe
from regtui.engine.regularizers.erasing import RandomErasing
from regtui.engine.training import Training
from regtui.events import AnyRunEvent, Evaluated, Inside, Marker, Started, Steps

if TYPE_CHECKING:
    from regtui.spec import RunSpec
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec


class Recorder:
    """A step and a graph in one that notes what is asked of it."""

    def __init__(self, training: Training) -> None:
        self.training = training
        self.inputs: Tensor | None = None
        self.done: list[str] = []
        self.capturing = False
        self.trouble: Exception | None = None
        self.waits: list[int] = []
        """After how many calls the stream was waited for."""
        self.end_trouble: Exception | None = None
        """What the end of a capture raises that was broken off."""
        self.graphs: list[Any] = []
        self.generator: Any = None

    def __call__(self, samples: Tensor, probe: StepProbe | None) -> bool:
        self.inputs = torch.zeros(len(self.done))
        self.done.append(f"{'capture' if self.capturing else 'step'}{'+probe' if probe else ''} {samples[0]:g}")
        with probe.watching() if probe else nullcontext(), torch.no_grad():
            self.training.model(self.training.task.train.inputs[:2])
        if self.capturing and self.trouble:
            raise self.trouble
        return True


@pytest.fixture
def recorder(tiny: MakeSpec, entry: MakeEntry, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    made = Recorder(Training(tiny(entry("crop"))))

    class Graph:
        def __init__(self) -> None:
            self.generators: list[torch.Generator] = []
            made.graphs.append(self)

        def register_generator_state(self, generator: torch.Generator) -> None:
            self.generators.append(generator)

        def replay(self) -> None:
            made.done.append(f"replay {made.graphs.index(self)}")

    class Generator:
        def __init__(self) -> None:
            self.put_back: list[Any] = []

        def clone_state(self) -> str:
            return "before"

        def graphsafe_set_state(self, state: str) -> None:
            self.put_back.append(state)

    @contextmanager
    def capture(*_: object, **__: object) -> Iterator[None]:
        made.capturing = True
        try:
            yield
        finally:
            made.capturing = False
            if made.trouble and made.end_trouble:
                raise made.end_trouble

    made.generator = Generator()
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Graph)
    monkeypatch.setattr(torch.cuda, "graph", capture)
    waited = SimpleNamespace(synchronize=lambda: made.waits.append(len(made.done)))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: waited)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "default_generators", [Generator()])
    monkeypatch.setattr(made.training.randomness, "on_device", lambda: [made.generator])
    return made


def batch(first: int) -> Tensor:
    return torch.full((8,), first)


def test_a_step_is_captured_once_all_is_warm_and_then_replayed(recorder: Recorder) -> None:
    step = GraphedStep(recorder, pytest.fail)
    for number in range(WARM_UP + 2):
        assert step(batch(number), None)
    assert recorder.done == ["step 0", "step 1", "step 2", "capture 3", "replay 0", "replay 0"]
    assert recorder.graphs[0].generators == [recorder.generator]
    assert step.preparing > 0


def test_a_probed_step_has_a_graph_of_its_own_and_each_leaves_its_own_batch(recorder: Recorder) -> None:
    step, probe = GraphedStep(recorder, pytest.fail), StepProbe(recorder.training.model)
    for first in (probe, None, None):
        step(batch(0), first)
    for probed in (probe, None, probe, None):
        step(batch(7), probed)
        assert step.inputs is not None and len(step.inputs) == (3 if probed else 5)
    assert recorder.done[WARM_UP:] == ["capture+probe 7", "replay 0", "capture 7", "replay 1", "replay 0", "replay 1"]


def test_eval_mode_has_a_graph_of_its_own_and_the_way_back_needs_no_new_one(recorder: Recorder) -> None:
    step, model = GraphedStep(recorder, pytest.fail), recorder.training.model
    for training in (True, True, True, True, False, False, False, True):
        model.train(training)
        step(batch(0), None)
    assert recorder.done[WARM_UP:] == [
        "capture 0", "replay 0", "step 0", "capture 0", "replay 1", "replay 1", "replay 0",
    ]  # fmt: skip


def test_a_probe_shows_what_the_latest_step_left_whatever_way_it_took(recorder: Recorder) -> None:
    probe, model = StepProbe(recorder.training.model), recorder.training.model
    step = GraphedStep(recorder, pytest.fail)
    shown = []
    for training in (True, True, True, True, False, True, False, True):
        model.train(training)
        step(batch(0), probe)
        shown.append(probe.seen()[0]["conv1"])  # of an output, in the tensor that a replay writes into
    captured, in_eval, again, captured_in_eval, at_last = shown[3:]
    assert recorder.done[3:] == [
        "capture+probe 0", "replay 0", "step+probe 0", "replay 0", "capture+probe 0", "replay 1", "replay 0"
    ]  # fmt: skip
    assert again is captured and at_last is captured
    assert len({id(one) for one in (captured, in_eval, captured_in_eval)}) == 3


def test_a_capture_that_fails_has_earlier_graphs_captured_anew_for_they_know_nothing_of_the_new_states(
    recorder: Recorder,
) -> None:
    said: list[str] = []
    step, probe = GraphedStep(recorder, said.append), StepProbe(recorder.training.model)
    for first in (probe, None, None, None):
        step(batch(0), first)
    recorder.trouble = RuntimeError("no")
    step(batch(1), probe)
    recorder.trouble = None
    for probed in (None, probe, None):
        step(batch(2), probed)
    assert recorder.done[WARM_UP:] == [
        "capture 0", "replay 0", "capture+probe 1", "step+probe 1", "capture 2", "replay 2", "step+probe 2", "replay 2",
    ]  # fmt: skip
    assert len(said) == 1


def test_what_cannot_be_captured_goes_on_eagerly_with_its_generators_where_they_were(recorder: Recorder) -> None:
    said: list[str] = []
    recorder.trouble = RuntimeError("operation not permitted when stream is capturing\nmore")
    recorder.end_trouble = RuntimeError("operation failed due to a previous error during capture")
    step = GraphedStep(recorder, said.append)
    for number in range(WARM_UP + 2):
        assert step(batch(number), None)
    assert recorder.done == ["step 0", "step 1", "step 2", "capture 3", "step 3", "step 4"]
    assert recorder.generator.put_back == ["before"]
    assert len(said) == 1 and said[0].endswith("operation not permitted when stream is capturing")


def test_a_run_that_has_no_graph_waits_as_well_until_what_all_runs_share_is_there(recorder: Recorder) -> None:
    step = GraphedStep(recorder, pytest.fail, captures=False)
    for number in range(WARM_UP + 2):
        step(batch(number), None)
    assert recorder.done == ["step 0", "step 1", "step 2", "step 3", "step 4"]
    assert recorder.waits == [1, 2, 3]


def test_the_steps_that_an_estimate_of_the_cost_times_are_replays(recorder: Recorder) -> None:
    step = GraphedStep(recorder, pytest.fail)
    for _ in range(steps_before(torch.device("cuda"))):
        step(batch(0), None)
    recorder.done.clear()
    step(batch(0), None)
    assert recorder.done == ["replay 0"]


def test_a_stack_or_a_model_can_say_that_it_cannot_be_captured(
    tiny: MakeSpec, entry: MakeEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = Training(tiny(entry("crop"), entry("random_erasing")))
    assert graphs.obstacle(training) == ""
    monkeypatch.setattr(RandomErasing, "uncapturable", "asks the host for its boxes")
    assert graphs.obstacle(training) == "random_erasing@input asks the host for its boxes"
    monkeypatch.setattr(Cnn, "uncapturable", "The cnn looks at its own values.")
    assert graphs.obstacle(training) == "The cnn looks at its own values."


# On a GPU.


@pytest.fixture
def on_gpu(cuda: torch.device, tiny: MakeSpec, full: Any) -> RunSpec:
    """Thirty steps with everything that can act on pictures, but for what ends or averages a run."""
    stack = [one for one in full if one.name not in ("early_stopping", "swa")]
    return msgspec.structs.replace(tiny(*stack), device=str(cuda))


@pytest.fixture
def both(make_run: MakeRun, monkeypatch: pytest.MonkeyPatch) -> Callable[[RunSpec], tuple[MadeRun, MadeRun]]:
    """Makes a run with a graph and the same without one."""

    def made(spec: RunSpec) -> tuple[MadeRun, MadeRun]:
        monkeypatch.setattr(Cnn, "uncapturable", "")
        graphed = make_run(spec)
        monkeypatch.setattr(Cnn, "uncapturable", "The test wants to compare.")
        eager = make_run(spec)
        assert graphed.all(Started)[0].uncaptured == "" and eager.all(Started)[0].uncaptured
        assert not [marker.text for marker in graphed.all(Marker) if marker.kind == "uncaptured"]
        return graphed, eager

    return made


Both = Callable[["RunSpec"], tuple["MadeRun", "MadeRun"]]


def losses(made: MadeRun) -> list[float]:
    return [bucket.mean for event in made.all(Steps) for bucket in event.loss]


@pytest.mark.gpu
def test_a_graph_trains_what_the_eager_step_trains(on_gpu: RunSpec, both: Both) -> None:
    graphed, eager = both(on_gpu)
    assert_close(losses(graphed), losses(eager), rtol=1e-3, atol=1e-4)
    for name, value in graphed.weights().items():
        assert_close(value, eager.weights()[name], rtol=1e-2, atol=1e-3, msg=name)
    for ours, theirs in zip(graphed.all(Inside), eager.all(Inside), strict=True):
        assert [layer.std for layer in ours.layers] == pytest.approx([layer.std for layer in theirs.layers], rel=1e-2)


@pytest.mark.gpu
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_replays_draw_the_masks_that_eager_steps_draw(
    optimizer: str, cuda: torch.device, tiny: MakeSpec, entry: MakeEntry, both: Both
) -> None:
    runs = both(msgspec.structs.replace(tiny(entry("dropout"), entry("crop"), optimizer=optimizer), device=str(cuda)))
    ours, theirs = ({k: v.tolist() for k, v in made.training.randomness.state().items()} for made in runs)
    assert ours == theirs
    assert_close(losses(runs[0]), losses(runs[1]), rtol=1e-3, atol=1e-4)


@pytest.mark.gpu
def test_steering_reaches_a_captured_step(on_gpu: RunSpec, make_run: MakeRun) -> None:
    before: dict[str, Tensor] = {}

    def steer(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated) and event.step == 20:
            made.control.send(Set(run="r", key="train.lr", value=1e-12))
            before.update(made.weights())

    for name, value in make_run(msgspec.structs.replace(on_gpu, stack=()), steer).weights().items():
        assert_close(value, before[name], msg=name)


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["swa", "early_stopping", "ema", "batchnorm"])
def test_entries_that_change_with_the_epoch_do_so_between_replays(
    name: str, cuda: torch.device, tiny: MakeSpec, entry: MakeEntry, both: Both
) -> None:
    params = {"frozen_after": 0.4} if name == "batchnorm" else {}
    graphed, eager = both(msgspec.structs.replace(tiny(entry(name, **params)), device=str(cuda)))
    for ours, theirs in zip(graphed.all(Evaluated), eager.all(Evaluated), strict=True):
        assert ours.train.loss == pytest.approx(theirs.train.loss, rel=1e-2)
