"""The loops that the engine is compared with do the work that they stand for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import msgspec
import pytest
import torch
from torch.testing import assert_close

from regtui.bench.arms import step_spec
from regtui.bench.graphed import PADDING, GraphedStep, PlainStep, crop_flip
from regtui.bench.history import History
from regtui.bench.own import Engine
from regtui.bench.plain import WARM_UP, Bare, Endless, LoaderLoop, setups
from regtui.bench.protocol import BenchError, Loader, Sizes
from regtui.engine.devices import prepare
from regtui.spec import RunSpec

TINY = Sizes(rounds=1, width=2, batch_size=20, samples=100, trial_steps=1, slice_steps=3, slices=1, race_epochs=1,
             races=1, live_epochs=1, looks=1, history_steps=1000, draws=1)  # fmt: skip


@pytest.fixture(autouse=True)
def as_the_engine_wants_it() -> Iterator[None]:
    yield
    prepare(threads=1)


@pytest.fixture
def spec() -> RunSpec:
    return step_spec(TINY, (), "cpu")


def learning(device: str) -> RunSpec:
    """Wide and fast enough to learn within 60 steps."""
    spec = step_spec(msgspec.structs.replace(TINY, width=8), (), device)
    return msgspec.structs.replace(spec, train=msgspec.structs.replace(spec.train, lr=0.01))


def test_a_cropped_picture_is_the_picture_shifted_with_zeros_around_it_mirrored_half_the_time() -> None:
    picture = torch.arange(1.0, 6 * 7 + 1).reshape(1, 6, 7)
    padded = torch.nn.functional.pad(picture, [PADDING] * 4)
    shifts = {(top, left): padded[:, top : top + 6, left : left + 7]
              for top, left in itertools.product(range(2 * PADDING + 1), repeat=2)}  # fmt: skip
    torch.manual_seed(0)
    mirrored = 0
    for one in crop_flip(picture.expand(400, -1, -1, -1)):
        plain = any(torch.equal(one, shift) for shift in shifts.values())
        mirrored += not plain
        assert plain or any(torch.equal(one.flip(2), shift) for shift in shifts.values())
    assert 150 < mirrored < 250


def test_the_step_that_is_captured_on_a_gpu_trains() -> None:
    torch.manual_seed(0)
    step = PlainStep(learning("cpu"))
    losses = []
    for _ in range(60):
        before = step.loss.item()
        step()
        losses.append(step.loss.item() - before)
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])


@pytest.mark.gpu
def test_replays_of_the_graph_go_on_training() -> None:
    if not torch.cuda.is_available():
        pytest.skip("this machine has no CUDA device")
    graphed = GraphedStep(learning("cuda"))
    losses = []
    for _ in range(60):
        before = graphed.step.loss.item()
        assert graphed.slice(1).wall > 0
        losses.append(graphed.step.loss.item() - before)
    assert sum(losses[-10:]) < 0.9 * sum(losses[:10])
    assert len(set(losses)) > 50, "each replay draws a batch of its own"


def test_loops_take_the_steps_they_are_asked_for_after_some_that_are_not_timed(spec: RunSpec) -> None:
    loader, bare = LoaderLoop(spec, Loader(workers=0, threads=1), randaugment=True), Bare(spec)
    for loop in (loader, bare):
        before = [parameter.clone() for parameter in loop.model.parameters()]
        spent = loop.slice(3)
        assert spent.steps == 3 and spent.wall > 0 and (spent.cpu is None or spent.cpu > 0)
        changed = [not torch.equal(old, new) for old, new in zip(before, loop.model.parameters(), strict=True)]
        assert all(changed)
        (state,) = {int(state["step"]) for state in loop.optimizer.state.values()}
        assert state == 3 + WARM_UP
    images, _ = next(loader.batches)
    assert images.shape == (20, 1, 28, 28) and images.min() >= 0 and images.max() <= 1


def test_the_engine_goes_on_from_slice_to_slice(spec: RunSpec) -> None:
    engine = Engine(spec)
    first, second = engine.slice(7), engine.slice(7)
    assert min(first.steps, second.steps) >= 7, "whole blocks"
    assert engine.training.step >= first.steps + second.steps + 2 * WARM_UP > spec.steps_per_epoch


def test_a_run_of_the_engine_that_ends_is_a_sentence(spec: RunSpec) -> None:
    short = msgspec.structs.replace(spec, train=msgspec.structs.replace(spec.train, epochs=1))
    with pytest.raises(BenchError, match="did not finish"):
        Engine(short).slice(99)


def test_a_loader_reads_every_sample_before_it_reads_one_again() -> None:
    drawn = list(itertools.islice(Endless(7), 21))
    assert all(sorted(drawn[first : first + 7]) == list(range(7)) for first in (0, 7, 14))


def test_set_ups_range_from_none_to_as_many_workers_as_there_are_cores() -> None:
    assert setups(1) == [Loader(0, 1), Loader(1, 1)]
    assert {setup.workers for setup in setups(12)} == {0, 1, 2, 4, 8, 12}
    assert {setup.threads for setup in setups(12)} == {1, 12}


async def test_a_long_history_is_as_bounded_as_it_is_on_the_screen() -> None:
    long = History(20_000)
    run = long.view.session.current["long", 0]
    assert run.step == 20_000 and len(run.loss) <= run.loss.capacity
    assert len(run.evaluations) == run.spec.train.evaluations
    assert_close(run.epoch, 2000.0)
    assert (await long.slice()).wall > 0
