"""Runs that two processes make together, as torchrun starts them, against the same runs made by one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
import pytest
from talking import DEADLINE, Talk

import regtui
from regtui import commands
from regtui.commands import Pause, Resume, RunRequest, SaveCheckpoint, Set, SetMode, Start, Stop
from regtui.engine import checkpoint, loop
from regtui.engine.control import Control
from regtui.engine.training import Training
from regtui.events import (
    AnyEvent,
    Checkpoint,
    Diverged,
    Evaluated,
    Event,
    Failed,
    Finished,
    Hello,
    Marker,
    Norms,
    Started,
    Steps,
    Stopped,
)
from regtui.spec import DataSpec, ModelSpec, RunSpec, StackEntry, TrainSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

E = TypeVar("E", bound=Event)
pytestmark = pytest.mark.timeout(300)
TRAIN = TrainSpec(epochs=3, batch_size=8, lr=2e-3, evaluations=3, probes=4)
PLAIN = RunSpec(
    scenario="test",
    arm="plain",
    seed=1,
    data=DataSpec(train=80, validation=20, test=40),
    model=ModelSpec(name="cnn", params={"width": 2}),
    train=TRAIN,
    device="cpu",
)
ENDLESS = msgspec.structs.replace(PLAIN, train=msgspec.structs.replace(TRAIN, epochs=100_000, evaluations=1, probes=0))


class Together(Talk):
    """Two processes that make each run together, and what they said."""

    def __init__(self, *command: str) -> None:
        """`command` is given to Python."""
        super().__init__(
            subprocess.Popen(
                [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                cwd=Path(regtui.__file__).parent.parent, start_new_session=True,
            )
        )  # fmt: skip

    def meet(self) -> None:
        """Wait for the hello of the two, or of the next two; what those before them said is dropped."""
        self.hello = self.wait_for(Hello)

    @property
    def ranks(self) -> list[int]:
        """Process ids, rank 0 first."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        other = [int(pid) for pid in children if int(pid) != self.hello.pid and b"regtui" in _command_line(pid)]
        return [self.hello.pid, *other]

    def clean_up(self) -> None:
        """To be called as often as one likes."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # the kernel then ends the ranks
        self.process.wait()
        self.reader.join()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream
            stream.close()


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Together]:
    """Two processes that make the runs of most tests."""
    store = str(tmp_path_factory.mktemp("runs"))
    run = ("-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "regtui", "worker", "--store", store)
    together = Together(*run)
    together.meet()
    yield together
    together.clean_up()


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Together]:
    """One group of two processes after another."""
    script = str(Path(__file__).parent / "forked_regtui_ranks.py")
    together = Together(script, str(tmp_path_factory.mktemp("runs")), "4")
    yield together
    together.clean_up()


@pytest.fixture
def mortal(groups: Together) -> Together:
    """Two processes of the test's own, which wait four seconds for each other."""
    groups.meet()
    return groups


def alone(spec: RunSpec, store: Path | None = None, run: str = "alone", *, resume: bool = False) -> list[AnyEvent]:
    """All events of the same run made by this process."""
    said: list[AnyEvent] = []
    loop.train(RunRequest(run=run, spec=spec, resume=resume), said.append, Control(), store)  # type: ignore[arg-type]
    return said


def losses(said: list[AnyEvent]) -> list[float]:
    return [bucket.mean for event in said if isinstance(event, Steps) for bucket in event.loss]


def accuracies(said: list[AnyEvent]) -> list[float]:
    return [bucket.mean for event in said if isinstance(event, Steps) for bucket in event.accuracy]


def of(kind: type[E], said: list[AnyEvent]) -> list[E]:
    return [event for event in said if isinstance(event, kind)]


def with_stack(*stack: StackEntry) -> RunSpec:
    return msgspec.structs.replace(PLAIN, stack=stack)


def test_without_norms_the_run_is_that_of_a_single_process(two: Together) -> None:
    said, expected = two.run("plain", PLAIN), alone(PLAIN)
    assert isinstance(said[-1], Finished) and said[-1].step == 30
    assert of(Started, said)[0].ranks == two.hello.ranks == 2 and of(Started, expected)[0].ranks == 1
    assert losses(said) == pytest.approx(losses(expected), rel=1e-4) and len(losses(said)) == 30
    assert accuracies(said) == accuracies(expected)
    for one, other in zip(of(Evaluated, said), of(Evaluated, expected), strict=True):
        assert one.step == other.step and one.test and other.test
        assert one.test.loss == pytest.approx(other.test.loss, rel=1e-4) and one.train.accuracy == other.train.accuracy


def test_what_drops_augments_mixes_and_clips_draws_for_the_whole_batch(two: Together, entry: MakeEntry) -> None:
    names = ("crop", "mixup", "label_smoothing", "l2", "gradient_clipping", "weight_decay", "ema")
    spec = with_stack(*map(entry, names), entry("dropout", "activation"), entry("dropout2d"), entry("dropout", "head"))
    assert losses(two.run("dropping", spec)) == pytest.approx(losses(alone(spec)), rel=1e-4)


def test_batchnorm_normalizes_what_each_process_has_as_ghost_batchnorm_says(two: Together, entry: MakeEntry) -> None:
    said, expected = two.run("batchnorm", with_stack(entry("batchnorm"))), alone(with_stack(entry("ghost_batchnorm")))
    assert losses(said) == pytest.approx(losses(expected), rel=1e-3)
    whole = losses(alone(with_stack(entry("batchnorm"))))
    assert losses(said) != pytest.approx(whole, rel=1e-2), "the statistics of a part are not those of the batch"
    seen, told = of(Norms, said)[-1].layers, of(Norms, expected)[-1].layers
    for one, other in zip(seen, told, strict=True):
        assert one.count == other.count and one.running_var == pytest.approx(other.running_var, rel=1e-2)


def test_synchronized_batchnorm_is_batchnorm_of_the_whole_batch(two: Together, entry: MakeEntry) -> None:
    said = two.run("synchronized", with_stack(entry("sync_batchnorm")))
    expected = alone(with_stack(entry("batchnorm")))
    assert losses(said) == pytest.approx(losses(expected), rel=1e-3)
    for one, other in zip(of(Norms, said)[-1].layers, of(Norms, expected)[-1].layers, strict=True):
        assert one.count == other.count and one.batch_var == pytest.approx(other.batch_var, rel=1e-2)
        assert one.running_var == pytest.approx(other.running_var, rel=1e-2)


def test_parts_that_two_processes_share_are_those_of_one(two: Together, entry: MakeEntry) -> None:
    spec = with_stack(entry("ghost_batchnorm", parts=4))
    said, expected = losses(two.run("ghost", spec)), losses(alone(spec))
    assert said[:8] == pytest.approx(expected[:8], rel=1e-4)
    assert said == pytest.approx(expected, rel=1e-2), "rounding grows where two samples make the statistics"
    (failed,) = two.run("odd-parts", with_stack(entry("ghost_batchnorm", parts=3)))
    assert isinstance(failed, Failed) and "parts is 3, which 2 processes cannot share evenly" in failed.message


def test_a_batch_that_cannot_be_shared_evenly_is_refused_and_the_next_run_is_made(two: Together) -> None:
    odd = msgspec.structs.replace(PLAIN, train=msgspec.structs.replace(TRAIN, batch_size=5))
    (failed,) = two.run("odd", odd)
    assert isinstance(failed, Failed) and not failed.ends_worker
    assert failed.message == (
        "train.batch_size is 5, which 2 processes cannot share evenly; allowed is a multiple of 2"
    )
    (failed,) = two.run("elsewhere", msgspec.structs.replace(PLAIN, device="cuda:1"))
    assert isinstance(failed, Failed) and "each on a GPU of its own" in failed.message
    assert isinstance(two.run("afterwards", PLAIN)[-1], Finished)


def test_a_run_that_diverges_ends_on_all_processes(two: Together) -> None:
    steep = msgspec.structs.replace(PLAIN, train=msgspec.structs.replace(TRAIN, lr=1e9, optimizer="sgd"))
    diverged, expected = two.run("steep", steep)[-1], alone(steep)[-1]
    assert isinstance(diverged, Diverged) and isinstance(expected, Diverged)
    assert (diverged.step, diverged.layer) == (expected.step, expected.layer)
    assert isinstance(two.run("after-steep", PLAIN)[-1], Finished)


def test_commands_hold_at_block_boundaries_and_waiting_costs_no_cpu_time(two: Together) -> None:
    two.start("steered", ENDLESS)
    two.wait_for(Steps)
    two.send(Set(run="steered", key="train.lr", value=1e-9))
    assert two.wait_for(Marker).kind == "set"
    two.send(Pause(run="steered"))
    held = two.wait_for(Marker)
    assert held.kind == "paused"
    before = [_cpu_seconds(pid) for pid in two.ranks]
    time.sleep(1.0)  # what is measured is a time in which nothing happens
    assert max(_cpu_seconds(pid) - earlier for pid, earlier in zip(two.ranks, before, strict=True)) < 0.3
    two.send(SetMode(run="steered", mode="eval"))
    assert two.wait_for(Marker).value == "eval"
    two.send(commands.Step(run="steered", count=3))
    assert two.wait_for(Marker, lambda marker: marker.kind == "stepped").step == held.step + 3
    two.send(Resume(run="steered"))
    later = two.wait_for(Steps, lambda steps: steps.step > held.step + 10)
    assert later.lr < 1e-8
    two.send(Stop(run="steered"))
    assert two.wait_for(Stopped).step >= later.step


def test_a_checkpoint_of_two_goes_on_in_two_to_the_last_bit_and_is_refused_by_one(
    two: Together, entry: MakeEntry, tmp_path: Path
) -> None:
    spec = with_stack(entry("dropout", "activation"), entry("batchnorm"), entry("ema"))
    expected = losses(two.run("whole", spec))
    two.send(Start(runs=[RunRequest(run="saved", spec=spec)], paused=True))
    two.send(commands.Step(run="saved", count=12))
    two.wait_for(Marker, lambda marker: marker.kind == "stepped")
    two.send(SaveCheckpoint(run="saved"))
    folder = Path(two.wait_for(Checkpoint).path).parent
    content = (folder / "checkpoint.safetensors").read_bytes()
    two.send(Stop(run="saved"))
    two.wait_for(Stopped)
    assert losses(two.run("saved", spec, resume=True)) == expected[12:]
    (failed,) = two.run("never-saved", spec, resume=True)
    assert isinstance(failed, Failed) and "there is no checkpoint to go on from" in failed.message

    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "checkpoint.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"was made by 2 processes together, .*--nproc-per-node 2 -m regtui worker"):
        alone(spec, tmp_path, "saved", resume=True)
    training = Training(spec)
    checkpoint.restore(training, tmp_path / "saved")
    assert training.step == 12, "one process measures what two have trained"
    (folder.parent / "of-one").mkdir()
    checkpoint.save(Training(spec), 0.0, folder.parent / "of-one")
    (failed,) = two.run("of-one", spec, resume=True)
    assert isinstance(failed, Failed) and "was made by a single process, and this worker is 2" in failed.message


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the processes in /proc")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_a_process_that_dies_or_hangs_ends_the_run_with_a_sentence(mortal: Together, end: signal.Signals) -> None:
    mortal.start("doomed", ENDLESS)
    mortal.wait_for(Steps)
    ranks = mortal.ranks
    os.kill(ranks[1], end)
    failed = mortal.wait_for(Failed)
    assert failed.run == "doomed" and failed.kind == "rank-lost" and failed.ends_worker
    assert failed.message == "another of the 2 processes of this run is gone, or did not answer within 4 s"
    assert "last checkpoint" in failed.hint
    _expect_none_of(ranks)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the processes in /proc")
def test_the_end_of_input_ends_all_processes(mortal: Together) -> None:
    ranks = mortal.ranks
    assert len(ranks) == 2 and mortal.process.stdin
    mortal.process.stdin.close()
    _expect_none_of(ranks)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the processes in /proc")
def test_a_process_that_dies_while_the_run_is_held_fails_it_too_and_none_is_left(two: Together) -> None:
    """The last of theirs: it is torchrun that sees what no exchange would."""
    two.start("held", ENDLESS)
    two.wait_for(Steps)
    two.send(Pause(run="held"))
    two.wait_for(Marker)
    ranks = two.ranks
    os.kill(ranks[1], signal.SIGKILL)
    failed = two.wait_for(Failed)
    assert failed.kind == "ranks-lost" and failed.message.startswith("torchrun has ended the processes of this run")
    assert two.process.wait(DEADLINE) == 1
    _expect_none_of(ranks)


def _command_line(pid: str) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _expect_none_of(pids: list[int]) -> None:
    end = time.monotonic() + DEADLINE
    while any(_is_alive(pid) for pid in pids):
        assert time.monotonic() < end, "a process was left behind"
        time.sleep(0.01)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
