"""The worker as the explorer meets it: a real process, its pipes, and every way in which it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from forked_worker import ForkedWorker
from talking import DEADLINE, Talk

import regtui
from regtui import events
from regtui.catalog import MODELS, REGULARIZERS
from regtui.commands import Pause, Probe, Resume, RunRequest, SaveCheckpoint, Set, SetMode, Start, Step, Stop
from regtui.events import (
    AnyEvent,
    Checkpoint,
    Evaluated,
    Failed,
    Finished,
    Hello,
    Marker,
    Modes,
    NormTruth,
    Preview,
    Recalibrated,
    Started,
    Steps,
    Stopped,
    Subnetworks,
)
from regtui.spec import DataSpec, ModelSpec, RunSpec, StackEntry, TrainSpec

pytestmark = pytest.mark.timeout(300)  # more than one such wait
ROOT = Path(regtui.__file__).parent.parent


def entry(name: str) -> StackEntry:
    record = REGULARIZERS[name]
    params = {param.name: param.default for param in record.params}
    where = next((site for site in record.sites if site in MODELS["cnn"].sites), "")
    return StackEntry(name=name, where=where, params=params)


SMALL = RunSpec(
    scenario="test",
    arm="small",
    seed=1,
    data=DataSpec(train=80, validation=20, test=40),
    model=ModelSpec(name="cnn", params={"width": 2}),
    train=TrainSpec(epochs=3, batch_size=8, evaluations=3, probes=2),
    stack=(entry("crop"), entry("batchnorm"), entry("dropout")),
)
ENDLESS = msgspec.structs.replace(
    SMALL, train=TrainSpec(epochs=100_000, batch_size=8, evaluations=1, probes=0, schedule="constant")
)


class Worker(Talk):
    """A worker process, and what it said so far."""

    def __init__(self, process: subprocess.Popen[bytes] | ForkedWorker) -> None:
        super().__init__(process)
        self.complaints: list[str] = []
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.complaints.append(line.decode())

    def last_words(self) -> str:
        return "".join(self.complaints)

    def heard(self, sentence: str, *, since: int = 0) -> bool:
        """Whether a complaint with these words comes before the deadline, after the first `since` ones."""
        end = time.monotonic() + DEADLINE
        while not any(sentence in line for line in self.complaints[since:]):
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    def close(self) -> None:
        """End its input and wait until it is gone."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(DEADLINE)

    def clean_up(self) -> None:
        self.process.kill()
        self.process.wait()
        for thread in (self.reader, self._listener):
            thread.join()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream
            stream.close()


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """One worker that serves most tests, as it serves many runs of an explorer."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    store = str(tmp_path_factory.mktemp("runs"))
    worker = Worker(subprocess.Popen([sys.executable, "-m", "regtui.worker", "--store", store], cwd=ROOT, **pipes))
    assert isinstance(worker.next(), Hello)
    yield worker
    worker.close()
    assert worker.process.returncode == 0, "an idle worker ends with its input"
    worker.clean_up()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    """Starts workers of the test's own and cleans up after them."""
    workers: list[Worker] = []

    def start(code: str = "") -> Worker:
        workers.append(Worker(ForkedWorker("--store", str(tmp_path), code=code)))
        return workers[-1]

    yield start
    for worker in workers:
        worker.clean_up()


def measured(said: list[AnyEvent]) -> list[object]:
    return [(e.step, e.train, e.validation, e.test) for e in said if isinstance(e, Evaluated)]


def test_a_fresh_worker_says_hello_gives_the_numbers_of_a_warm_one_and_saves_its_run_when_its_input_ends(
    warm: Worker, fresh: Callable[..., Worker], tmp_path: Path
) -> None:
    worker = fresh()
    hello = worker.next()
    assert isinstance(hello, Hello)
    assert (hello.protocol, hello.version) == (events.PROTOCOL_VERSION, regtui.__version__)
    assert hello.pid == worker.process.pid
    assert hello.devices[0].name == "cpu"
    said = worker.run("only", SMALL)
    warm.run("other", msgspec.structs.replace(SMALL, seed=9))
    assert measured(said) == measured(warm.run("same", SMALL))
    worker.send(Start(runs=[RunRequest(run="j", spec=ENDLESS)]))
    worker.wait_for(Steps)
    worker.close()
    assert (tmp_path / "j/checkpoint.safetensors").exists()


def test_runs_of_one_start_are_made_one_after_the_other_and_alike(warm: Worker) -> None:
    warm.send(Start(runs=[RunRequest(run="a", spec=SMALL), RunRequest(run="b", spec=SMALL)]))
    first, second = warm.until_the_end_of("a"), warm.until_the_end_of("b")
    assert isinstance(first[0], Started)
    assert isinstance(first[-1], Finished)
    assert {event.run for event in second if not isinstance(event, Hello)} == {"b"}
    assert measured(first) == measured(second)
    assert len(measured(first)) == 3


def test_a_run_can_be_paused_stepped_steered_resumed_and_stopped(warm: Worker) -> None:
    warm.send(Start(runs=[RunRequest(run="c", spec=ENDLESS)], paused=True))
    assert warm.wait_for(Marker).kind == "paused"
    warm.send(Step(run="c", count=5))
    warm.wait_for(Steps, lambda steps: steps.step == 5)
    marker = warm.wait_for(Marker)
    assert (marker.kind, marker.step) == ("stepped", 5)
    warm.send(Set(run="c", key="dropout.p", value=0.5))
    marker = warm.wait_for(Marker)
    assert (marker.kind, marker.key, marker.value, marker.step) == ("set", "dropout.p", 0.5, 5)
    warm.send(Set(run="c", key="dropout.q", value=0.5))
    marker = warm.wait_for(Marker)
    assert marker.kind == "refused"
    assert "dropout@block.p" in marker.text
    warm.send(SaveCheckpoint(run="c"))
    saved = warm.wait_for(Checkpoint)
    assert saved.step == 5
    assert Path(saved.path).exists()
    warm.send(Resume(run="c"))
    assert warm.wait_for(Marker).kind == "resumed"
    warm.wait_for(Steps, lambda steps: steps.step > 20)
    warm.send(Pause(run="c"))
    held = warm.wait_for(Marker)
    assert held.kind == "paused"
    warm.send(Stop(run="c"))
    assert warm.wait_for(Stopped).step == held.step


def test_a_probe_is_answered_by_an_idle_worker_by_the_run_it_names_and_after_a_run_that_did_not_come_to_it(
    warm: Worker,
) -> None:
    warm.send(Probe(ask="idle", spec=SMALL))
    idle = warm.wait_for(Preview)
    assert (idle.ask, idle.step, len(idle.samples), idle.trouble) == ("idle", None, 8, "")
    warm.send(Start(runs=[RunRequest(run="p", spec=ENDLESS)], paused=True))
    warm.send(Step(run="p", count=7))
    warm.wait_for(Marker, lambda marker: marker.kind == "stepped")
    warm.send(Probe(ask="held", spec=SMALL, run="p"))
    assert warm.wait_for(Preview).step == 7
    warm.send(Probe(ask="both", kind="modes", spec=ENDLESS, run="p"))
    both = warm.wait_for(Modes)
    assert (both.step, both.weights, both.trouble) == (7, "run", "")
    warm.send(Set(run="p", key="crop.padding", value=0))
    warm.send(Probe(ask="steered", spec=SMALL, run="p"))
    steered = warm.wait_for(Preview)
    assert all(sample.before == sample.after for sample in steered.samples) and steered.samples
    warm.send(Probe(ask="another", spec=SMALL))
    another = warm.wait_for(Preview)
    assert (another.ask, another.step, another.samples) == ("another", None, idle.samples)
    warm.send(Stop(run="p"))
    warm.send(Probe(ask="late", spec=SMALL, run="p"))
    assert warm.wait_for(Preview).ask == "late"  # by the run or, had it ended, from the settings
    warm.send(Probe(ask="kept", kind="modes", spec=ENDLESS, run="p"))
    kept = warm.wait_for(Modes)
    assert (kept.step, kept.weights, kept.train, kept.eval) == (7, "stored", both.train, both.eval)


def test_a_run_switches_its_mode_and_is_looked_into_by_a_worker_that_makes_or_has_made_it(warm: Worker) -> None:
    warm.send(Start(runs=[RunRequest(run="m", spec=ENDLESS)], paused=True))
    warm.send(SetMode(run="m", mode="eval"))
    marker = warm.wait_for(Marker, lambda marker: marker.kind == "set")
    assert (marker.step, marker.key, marker.value) == (0, "train.mode", "eval")
    warm.send(Step(run="m", count=3))
    warm.wait_for(Marker, lambda marker: marker.kind == "stepped")
    warm.send(Probe(ask="in eval", kind="norms", spec=ENDLESS, run="m"))
    live = warm.wait_for(NormTruth)
    assert (live.step, live.weights, [layer.batches for layer in live.layers]) == (3, "run", [0] * 6)
    warm.send(Stop(run="m"))
    warm.wait_for(Stopped)
    warm.send(Probe(ask="kept", kind="norms", spec=ENDLESS, run="m"))
    kept = warm.wait_for(NormTruth)
    assert (kept.weights, kept.layers) == ("stored", live.layers)
    warm.send(Probe(ask="again", kind="recalibrated", spec=ENDLESS, run="m"))
    assert warm.wait_for(Recalibrated).trouble == ""
    warm.send(Probe(ask="masks", kind="subnetworks", spec=ENDLESS, run="m"))
    assert len(warm.wait_for(Subnetworks).accuracies) == 32


def test_a_waiting_run_can_be_stopped_before_the_one_that_runs(warm: Worker) -> None:
    warm.send(Start(runs=[RunRequest(run="d", spec=ENDLESS), RunRequest(run="e", spec=SMALL)]))
    warm.wait_for(Started)
    warm.send(Stop(run="e"))
    assert warm.wait_for(Stopped) == Stopped(run="e", step=0)
    warm.send(Stop(run="d"))
    assert warm.wait_for(Stopped).run == "d"


def test_a_stopped_run_goes_on_to_the_numbers_of_an_uninterrupted_one(warm: Worker) -> None:
    warm.send(Start(runs=[RunRequest(run="f", spec=SMALL)], paused=True))
    warm.send(Step(run="f", count=13))
    warm.wait_for(Marker, lambda marker: marker.kind == "stepped")
    warm.send(Stop(run="f"))
    warm.wait_for(Stopped)
    resumed = warm.run("f", SMALL, resume=True)
    assert isinstance(resumed[0], Started)
    assert resumed[0].start_step == 13
    assert measured(resumed) == measured(warm.run("g", SMALL))[1:]


def test_a_spec_that_cannot_be_built_fails_in_a_sentence_with_its_traceback_in_a_file(warm: Worker) -> None:
    (failed,) = warm.run("h", msgspec.structs.replace(SMALL, data=DataSpec(train=1900, validation=500)))
    assert isinstance(failed, Failed)
    assert failed.kind == "ValueError"
    assert "2000" in failed.message
    assert "Traceback" not in failed.message
    assert "Traceback" in Path(failed.traceback).read_text()


@pytest.mark.parametrize("run", ["..", "a/b", ""])
def test_a_run_cannot_leave_the_store(warm: Worker, run: str) -> None:
    assert isinstance(warm.run(run, SMALL)[-1], Failed)


@pytest.mark.parametrize(
    "line",
    [b"\n", b"{\n", b"\xff\xfe\n", b'{"command":"dance"}\n', b'{"command":"start","runs":[{"run":1}]}\n', b"[]\n"],
)
def test_a_line_that_is_no_command_does_no_harm(warm: Worker, line: bytes) -> None:
    before = len(warm.complaints)
    warm.send(line)
    assert isinstance(warm.run("i", SMALL)[-1], Finished)
    assert line == b"\n" or warm.heard("not a command", since=before)


def test_a_command_for_a_run_that_is_not_here_is_told_on_stderr(warm: Worker) -> None:
    warm.send(Pause(run="nobody"))
    assert warm.heard("no run 'nobody' is here")


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_go_it_saves_its_run_says_so_and_goes(
    fresh: Callable[..., Worker], tmp_path: Path, signum: signal.Signals
) -> None:
    worker = fresh()
    worker.send(Start(runs=[RunRequest(run="s", spec=ENDLESS)]))
    worker.wait_for(Steps)
    worker.process.send_signal(signum)
    saved = worker.wait_for(Checkpoint)
    assert worker.wait_for(Stopped) == Stopped(run="s", step=saved.step, interrupted=True)
    assert worker.process.wait(DEADLINE) == 128 + signum
    assert (tmp_path / "s/checkpoint.safetensors").exists()


STRAY = """
import ctypes, gc, os, signal, sys
from regtui import worker
from regtui.engine import loop

def turns(request, emit, control, store):
    print("stray print", flush=True)
    assert gc.isenabled()
    os.write(1, b"stray write\\n")
    os.system("echo stray child")
    assert os.read(0, 10) == b""
    os.kill(os.getpid(), signal.SIGINT)
    if request.run == "stuck":
        ctypes.CDLL(None).sleep(600)  # native code, which no Python handler interrupts
    if request.run == "memory":
        raise MemoryError
    return real(request, emit, control, store)

real, loop.turns = loop.turns, turns
sys.exit(worker.main(sys.argv[1:]))
"""


def test_whatever_the_engine_prints_goes_to_stderr_and_it_reads_no_commands(fresh: Callable[..., Worker]) -> None:
    worker = fresh(STRAY)
    assert isinstance(worker.next(), Hello)
    assert isinstance(worker.run("k", SMALL)[-1], Finished)  # every line was an event; SIGINT was ignored
    for stray in ("stray print", "stray write", "stray child"):
        assert worker.heard(stray)
    (failed,) = worker.run("memory", SMALL)
    assert isinstance(failed, Failed)
    assert failed.kind == "out-of-memory"
    assert "batch_size" in failed.hint
    worker.send(Start(runs=[RunRequest(run="stuck", spec=SMALL)]))
    end = time.monotonic() + DEADLINE
    while sum("stray child" in line for line in worker.complaints) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    worker.close()  # native code that never returns does not hold it


TORCHLESS = """
import os, sys, time, types

def serve(commands, events, store):
    os.write(events, b"up\\n")
    time.sleep(600)

sys.modules["regtui.engine.serve"] = types.ModuleType("regtui.engine.serve")
sys.modules["regtui.engine.serve"].serve = serve
from regtui import worker

sys.exit(worker.main([]))
"""
"""The worker's entry with something else to serve than torch."""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_a_worker_dies_with_its_parent_even_if_its_input_stays_open() -> None:
    """The parent is killed while somebody else still holds the pipe to the worker."""
    parent = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]], stdin=0)\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", parent, TORCHLESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin
    assert process.stdout
    try:
        assert process.stdout.readline() == b"up\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert process.stdout.read() == b""  # ends when the last process that could write to it is gone
    process.stdin.close()
    process.stdout.close()
