"""The runner against a stub worker: whatever the worker does, every event is delivered and the app is told."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hearing import Heard

from regtui.commands import Probe, RunRequest
from regtui.events import Evaluated, Failed, Finished, Marker, Preview, Stopped
from regtui.runner import Garbled, Log, Lost, Ready, Runner, pool, process
from regtui.runner.pool import ON_A_GPU
from regtui.spec import RunSpec

STUB = Path(__file__).parent / "stub_worker.py"


@asynccontextmanager
async def runner(mode: str = "", workers: int = 1) -> AsyncIterator[tuple[Runner, Heard]]:
    heard = Heard()
    made = Runner([sys.executable, str(STUB), *([mode] if mode else [])], heard.deliver, workers=workers)
    try:
        yield made, heard
    finally:
        await made.close()


def requests(*arms: str) -> list[RunRequest]:
    return [RunRequest(run=f"r{i}", spec=RunSpec(scenario="s", arm=arm, seed=0)) for i, arm in enumerate(arms)]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_warm_worker_serves_many_runs() -> None:
    async with runner() as (made, heard):
        made.submit(requests("a", "b", "c"))
        finished = await heard.until_heard(Finished, 3)
        assert [event.run for event in finished] == ["r0", "r1", "r2"]
        assert len(heard.of(Ready)) == 1 and made.is_idle


def probe(ask: str, run: str = "") -> Probe:
    return Probe(ask=ask, run=run, spec=RunSpec(scenario="s", arm="a", seed=0))


async def test_a_probe_starts_a_worker_and_is_answered_once_it_is_up() -> None:
    async with runner() as (made, heard):
        made.probe(probe("early"))
        made.probe(probe("second thought"))
        assert await heard.until_heard(Preview) == [Preview(ask="second thought")]
        assert made.is_idle


async def test_a_probe_goes_to_the_worker_that_makes_its_run_else_to_a_free_one() -> None:
    async with runner(workers=2) as (made, heard):
        made.warm()
        await heard.until_heard(Ready, 2)
        made.submit(requests("waits"))
        made.probe(probe("of the run", run="r0"))
        made.probe(probe("of none"))
        answers = await heard.until_heard(Preview, 2)
        assert {answer.ask: answer.step for answer in answers} == {"of the run": 1, "of none": None}


@pytest.mark.parametrize(("mode", "words"), [("shy", "status 1: no"), ("dies", "no module named torch")])
async def test_a_probe_that_nobody_can_answer_is_told_why(mode: str, words: str) -> None:
    async with runner(mode) as (made, heard):
        made.probe(probe("lost"))
        (answer,) = await heard.until_heard(Preview)
        assert answer.ask == "lost" and words in answer.trouble
        assert len(heard.of(Lost)) == 1


async def test_a_worker_on_a_gpu_has_several_runs_in_hand_and_is_told_of_each() -> None:
    async with runner("gpu") as (made, heard):

        def began() -> list[str]:
            return [marker.run for marker in heard.of(Marker) if marker.kind == "begun"]

        made.submit(requests(*"a" * (ON_A_GPU + 2)))
        await heard.until(lambda: len(began()) == ON_A_GPU)
        made.stop(["r3"])
        await heard.until(lambda: len(began()) == ON_A_GPU + 1)
        assert began()[-1] == f"r{ON_A_GPU}" and not made.is_idle
        made.pause()
        await heard.until(lambda: sum(marker.kind == "paused" for marker in heard.of(Marker)) == ON_A_GPU)
        made.stop()
        await heard.until_heard(Stopped, ON_A_GPU + 2)
        assert made.is_idle


@pytest.mark.parametrize(("mode", "device"), [("gpu", "cpu"), ("ranks", "auto")])  # or that all of its GPUs share
async def test_on_a_machine_with_a_gpu_runs_for_its_cpu_come_one_by_one(mode: str, device: str) -> None:
    async with runner(mode) as (made, heard):
        spec = RunSpec(scenario="s", arm="a", seed=0, device=device)
        made.submit([RunRequest(run=f"c{i}", spec=spec) for i in range(2)])
        await heard.until_heard(Marker)
        made.stop(["c0"])
        await heard.until_heard(Marker, 2)
        assert [type(event).__name__ for event in heard if not isinstance(event, Ready)] == [
            "Marker", "Stopped", "Marker",
        ]  # fmt: skip


async def test_a_lost_worker_loses_all_that_it_had_in_hand() -> None:
    async with runner("gpu") as (made, heard):
        made.submit(requests("a", "b"))
        await heard.until_heard(Marker, 2)
        made.kill()
        (lost,) = await heard.until_heard(Lost)
        assert set(lost.runs) == {"r0", "r1"}


async def test_two_workers_share_the_queue() -> None:
    async with runner(workers=2) as (made, heard):
        made.submit(requests("waits", "a", "b"))
        await heard.until_heard(Finished, 2)
        assert {event.run for event in heard.of(Finished)} == {"r1", "r2"} and not made.is_idle
        assert len(set(made.pids)) == 2


@pytest.mark.parametrize(
    ("arm", "words"), [("kill", "SIGKILL"), ("segv", "SIGSEGV"), ("status", "status 3: last words")]
)
async def test_a_worker_that_ends_is_told_in_a_sentence_and_the_rest_goes_on(arm: str, words: str) -> None:
    async with runner() as (made, heard):
        made.submit(requests(arm, "a"))
        await heard.until_heard(Finished)
        (lost,) = heard.of(Lost)
        assert isinstance(lost, Lost) and lost.runs == ("r0",) and words in lost.sentence
        assert isinstance(heard[1], Marker), "the event before the end must have been delivered"


async def test_a_worker_that_can_make_no_further_run_is_replaced_before_the_next_one() -> None:
    async with runner() as (made, heard):
        made.submit(requests("spent", "a"))
        await heard.until_heard(Finished)
        (failed,), (lost,) = heard.of(Failed), heard.of(Lost)
        assert failed.run == "r0" and lost.runs == () and lost.sentence == pool.SPENT
        assert [event.run for event in heard.of(Finished)] == ["r1"]


async def test_garbage_is_skipped_and_named() -> None:
    async with runner() as (made, heard):
        made.submit(requests("garbage"))
        await heard.until_heard(Finished)
        assert len(heard.of(Garbled)) == 3 and not heard.of(Lost)


async def test_a_torn_last_line_is_no_event() -> None:
    async with runner() as (made, heard):
        made.submit(requests("torn"))
        await heard.until_heard(Lost)
        assert len(heard.of(Evaluated)) == 1 and not heard.of(Marker)


async def test_megabytes_of_native_stderr_do_not_block_it() -> None:
    async with runner() as (made, heard):
        made.submit(requests("chatty"))
        await heard.until_heard(Finished)
        assert sum(len(log.text) for log in heard.of(Log)) >= 1_000_000


async def test_a_worker_that_cannot_start_is_not_started_for_ever() -> None:
    async with runner("dies", workers=2) as (made, heard):
        made.submit(requests("a", "b"))
        await heard.until(lambda: any(lost.runs for lost in heard.of(Lost)))
        assert len(heard.of(Lost)) == 2 and made.is_idle
        assert "no module named torch" in heard.of(Lost)[-1].sentence


async def test_a_worker_that_could_not_start_is_tried_again_for_the_next_runs() -> None:
    async with runner("dies") as (made, heard):
        made.submit(requests("a"))
        await heard.until_heard(Lost)
        made.command = made.command[:-1]  # torch is there by now
        made.submit(requests("a"))
        await heard.until_heard(Finished)


async def test_a_command_that_does_not_exist_is_told() -> None:
    heard = Heard()
    made = Runner(["/nonexistent/worker"], heard.deliver)
    made.submit(requests("a"))
    (lost,) = await heard.until_heard(Lost)
    assert "could not be started" in lost.sentence and lost.runs == ("r0",)
    await made.close()


async def test_a_worker_that_never_says_hello_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "HELLO_TIMEOUT", 0.05)
    heard = Heard()
    made = Runner(["sleep", "100"], heard.deliver)
    made.submit(requests("quick"))
    (lost,) = await heard.until_heard(Lost)
    assert isinstance(lost, Lost) and lost.runs == ("r0",)
    assert lost.sentence == "The worker said nothing for 0.05 s after its start, and was killed."
    await made.close()


async def test_another_protocol_is_refused() -> None:
    async with runner("old") as (made, heard):
        made.submit(requests("a"))
        (lost,) = await heard.until_heard(Lost)
        assert "protocol 99" in lost.sentence and "same regtui" in lost.sentence


async def test_after_a_lost_worker_runs_can_be_asked_for_again() -> None:
    async with runner() as (made, heard):
        made.submit(requests("kill"))
        await heard.until_heard(Lost)
        made.submit(requests("a"))
        await heard.until_heard(Finished)


async def test_pause_resume_step_and_stop_reach_the_run_in_hand() -> None:
    async with runner() as (made, heard):
        made.submit(requests("waits", "a"))
        await heard.until_heard(Ready)
        made.pause()
        await heard.until(lambda: [m.kind for m in heard.of(Marker)] == ["paused"])
        made.step()
        await heard.until(lambda: [m.kind for m in heard.of(Marker)] == ["paused", "stepped"])
        assert made.is_paused
        made.resume()
        await heard.until_heard(Finished, 2)


async def test_a_first_step_starts_one_run_held() -> None:
    async with runner(workers=2) as (made, heard):
        made.warm()
        await heard.until_heard(Ready, 2)
        made.pause()
        made.submit(requests("a", "b"))
        assert not any(slot.runs for slot in made._slots), "nothing begins while all is held"
        made.step()
        await heard.until_heard(Marker)
        assert [(m.run, m.kind) for m in heard.of(Marker)] == [("r0", "stepped")]
        made.submit([])
        assert [slot.runs for slot in made._slots] == [["r0"], []], "the step was one run's"
        made.resume()
        await heard.until_heard(Finished, 2)


async def test_stop_ends_waiting_and_running_runs() -> None:
    async with runner() as (made, heard):
        made.submit(requests("waits", "a", "b"))
        await heard.until(lambda: made._slots[0].runs == ["r0"])
        made.stop()
        stopped = await heard.until_heard(Stopped, 3)
        assert {event.run for event in stopped} == {"r0", "r1", "r2"} and made.is_idle


async def test_what_is_asked_for_after_all_was_stopped_is_not_held() -> None:
    async with runner() as (made, heard):
        made.pause()
        made.submit(requests("a"))
        made.stop()
        made.submit(requests("a"))
        await heard.until_heard(Finished)


async def test_a_worker_that_ignores_a_stop_is_killed_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "PATIENCE", 0.3)
    async with runner() as (made, heard):
        made.submit(requests("deaf"))
        await heard.until(lambda: made._slots[0].runs == ["r0"])
        (pid,) = made.pids
        made.stop()
        (lost,) = await heard.until_heard(Lost)
        assert isinstance(lost, Lost) and lost.runs == ("r0",) and lost.sentence == pool.HUNG
        assert not is_alive(pid) and made.is_idle
        made.submit(requests("a"))
        await heard.until_heard(Finished)


async def test_a_worker_that_heeds_a_stop_is_kept() -> None:
    async with runner() as (made, heard):
        made.submit(requests("waits"))
        await heard.until(lambda: made._slots[0].runs == ["r0"])
        slot = made._slots[0]
        process = slot.process
        made.stop()
        await heard.until_heard(Stopped)
        made.submit(requests("a", "waits")[1:])  # the next run is not the one that was to be stopped
        await heard.until(lambda: slot.runs == ["r1"])
        made._give_up(slot, process, "r0")  # as the clock does after its patience
        made.stop()
        await heard.until_heard(Stopped, 2)
        assert not heard.of(Lost) and made.is_idle


async def test_a_worker_that_does_not_go_is_killed() -> None:
    async with runner("stays") as (made, heard):
        made.warm()
        await heard.until_heard(Ready)
        (pid,) = made.pids
        await asyncio.wait_for(made.close(), 60)
        assert not is_alive(pid)
        assert not heard.of(Lost), "an end that was asked for is no loss"
