"""A run that goes on from a checkpoint: what was done twice counts once, in memory and in the record."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from regtui.events import (
    AnyRunEvent,
    Bucket,
    Checkpoint,
    Evaluated,
    Finished,
    Marker,
    Measured,
    Started,
    Steps,
    Stopped,
    Studied,
)
from regtui.spec import RunSpec
from regtui.store import Column, Recorder, RunHistory, lock, replay
from regtui.store.lock import is_held
from regtui.store.rewind import what_counts

RUN = "20260102-030405-abcdef"
SPEC = RunSpec(scenario="s/t", arm="a", seed=2)


def started(step: int = 0) -> Started:
    return Started(run=RUN, device="cpu", device_label="2 cores", threads=1, precision="fp32", parameters=10,
                   total_steps=8, steps_per_epoch=2, train_samples=8, clean_samples=8, start_step=step)  # fmt: skip


def steps(first: int, last: int) -> Steps:
    buckets = [Bucket(step, 1, 1 / step, 1 / step, 1 / step) for step in range(first, last + 1)]
    return Steps(run=RUN, loss=buckets, accuracy=buckets, step=last, seconds=last / 10, samples_per_s=80.0, lr=0.1)


def evaluated(step: int) -> Evaluated:
    return Evaluated(run=RUN, step=step, epoch=step / 2, seconds=1, train=Measured(loss=1 / step, accuracy=50.0 + step))


def marked(step: int, value: float) -> Marker:
    return Marker(run=RUN, step=step, kind="set", key="dropout.p", value=value)


def saved(step: int) -> Checkpoint:
    return Checkpoint(run=RUN, step=step, path="here")


WHOLE = [started(), steps(1, 4), evaluated(4), saved(4), steps(5, 8), evaluated(8),
         Finished(run=RUN, step=8, seconds=0.8, wall_seconds=1, samples_per_s=80.0)]  # fmt: skip
INTERRUPTED: list[AnyRunEvent] = [
    started(), steps(1, 4), evaluated(4), saved(4), marked(4, 0.5), steps(5, 6), marked(6, 0.7),
    Studied(run=RUN, step=6, study="depth", values={"a": 1.0}), evaluated(6),
    Stopped(run=RUN, step=6, interrupted=True), started(4), *WHOLE[4:],
]  # fmt: skip


def told(events: list[AnyRunEvent]) -> RunHistory:
    history = RunHistory(RUN, SPEC)
    for event in events:
        history.apply(event)
    return history


def test_a_run_that_was_interrupted_and_went_on_shows_what_an_uninterrupted_one_does() -> None:
    whole, resumed = told(list(WHOLE)), told(INTERRUPTED)
    assert list(resumed.loss) == list(whole.loss) and len(resumed.loss) == 8
    assert resumed.evaluations == whole.evaluations and resumed.result == whole.result
    assert resumed.studies == {} and resumed.trouble == "" and resumed.state == "finished"
    assert not resumed.is_steered, "what was steered after the checkpoint is not in it"


def test_the_record_counts_the_same_events() -> None:
    kept = what_counts(INTERRUPTED)
    assert [event for event in kept if not isinstance(event, Started)] == WHOLE[1:]
    assert [event.start_step for event in kept if isinstance(event, Started)] == [0, 4]


def test_steering_before_the_checkpoint_still_counts() -> None:
    before = told([started(), steps(1, 4), marked(4, 0.5), saved(4), steps(5, 5), started(4)])
    assert before.is_steered


def test_steering_after_the_step_it_goes_on_from_is_forgotten_also_without_its_checkpoint() -> None:
    after = told([started(), steps(1, 4), steps(5, 6), marked(6, 0.7), started(4), *WHOLE[4:]])
    assert not after.is_steered and after.result is not None


@pytest.mark.parametrize("lost", [False, True])
def test_without_its_checkpoint_in_the_record_the_step_decides(lost: bool) -> None:
    """The last words of a worker may not have arrived."""
    record = [event for event in INTERRUPTED if not (lost and isinstance(event, Checkpoint))]
    assert told(record).evaluations == told(list(WHOLE)).evaluations
    assert [event for event in what_counts(record) if isinstance(event, Evaluated)] == [WHOLE[2], WHOLE[5]]


def test_a_run_that_begins_again_forgets_everything() -> None:
    history = told([started(), steps(1, 4), marked(2, 0.5), evaluated(4), started()])
    assert (len(history.loss), history.evaluations, history.markers, history.step) == (0, [], [], 0)
    assert what_counts([started(), steps(1, 4), started(), steps(1, 2)]) == [started(), steps(1, 2)]


def test_a_full_column_takes_back_whole_points() -> None:
    column = Column(capacity=4)
    for step in range(1, 17):
        column.add(Bucket(step, 1, float(step), float(step), float(step)))
    column.take_back(9)
    assert all(bucket.first + bucket.count - 1 <= 9 for bucket in column) and len(column)
    assert sum(bucket.count for bucket in column) > 9 - column.span


def test_a_stop_while_it_waits_to_go_on_keeps_its_step() -> None:
    history = told(INTERRUPTED[:10])
    assert history.is_interrupted and history.trouble == "interrupted at step 6"
    history.await_again()
    assert history.is_live and history.evaluations
    history.apply(Stopped(run=RUN, step=0))
    assert (history.state, history.step, history.is_interrupted) == ("stopped", 6, False)


@pytest.mark.parametrize("torn", [b"", b'{"event":"mark', b'{"event":"marker","run":"x","step":1,"kind":"k"}'])
def test_a_record_goes_on_after_a_torn_line(tmp_path: Path, torn: bytes) -> None:
    recorder = Recorder(tmp_path)
    recorder.open(RUN, SPEC)
    for event in INTERRUPTED[:9]:
        recorder.append(event)
    recorder.close()
    with (tmp_path / RUN / "events.jsonl").open("ab") as file:
        file.write(torn)
    assert replay(tmp_path / RUN).is_interrupted
    again = Recorder(tmp_path)
    assert again.reopen(RUN)
    for event in INTERRUPTED[10:]:
        again.append(event)
    history = replay(tmp_path / RUN)
    assert history.state == "finished" and list(history.loss) == list(told(list(WHOLE)).loss)


def test_a_run_that_is_being_made_is_held_and_not_taken_for_an_interrupted_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "LOOKED_AT", 0.01)
    recorder = Recorder(tmp_path)
    recorder.open(RUN, SPEC)
    for event in INTERRUPTED[:9]:
        recorder.append(event)
    assert is_held(tmp_path / RUN) and replay(tmp_path / RUN).state == "running"
    assert not Recorder(tmp_path).reopen(RUN), "two cannot write the same record"
    recorder.close()
    assert not is_held(tmp_path / RUN) and replay(tmp_path / RUN).is_interrupted


@pytest.mark.skipif(not lock.HAS_LOCKS, reason="there are no locks here")
def test_who_only_looks_whether_a_run_is_made_is_not_taken_for_its_maker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    recorder = Recorder(tmp_path)
    recorder.open(RUN, SPEC)
    recorder.close()
    looker = (tmp_path / RUN / lock.RECORD).open("rb")
    fcntl.flock(looker, fcntl.LOCK_SH)
    waits = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: looker.close())
    monkeypatch.setattr(lock, "time", waits)
    assert recorder.reopen(RUN)
    recorder.close()
