"""A run on disk: everything complete comes back, whatever happens to the rest."""

import stat
from pathlib import Path

import pytest

from regtui import events
from regtui.events import Bucket, Evaluated, Finished, Marker, Measured, Started, Steps, Trouble
from regtui.spec import RunSpec
from regtui.store import Recorder, RunHistory, list_runs, new_run_id, replay

SPEC = RunSpec(scenario="s/t", arm="a", seed=2)
RUN = "20260102-030405-abcdef"

STREAM = [
    Started(run=RUN, device="cpu", device_label="2 cores", threads=1, precision="fp32", parameters=10, total_steps=4,
            steps_per_epoch=2, train_samples=8, clean_samples=8),
    Steps(run=RUN, loss=[Bucket(1, 1, 2.0, 2.0, 2.0), Bucket(2, 1, float("nan"), 1.0, 1.0)], accuracy=[], step=2,
          seconds=0.1, samples_per_s=80.0, lr=0.1),
    Evaluated(run=RUN, step=4, epoch=2.0, seconds=0.2, train=Measured(loss=0.1, accuracy=100.0),
              test=Measured(loss=1.0, accuracy=60.0)),
    Finished(run=RUN, step=4, seconds=0.2, wall_seconds=0.3, samples_per_s=80.0),
]  # fmt: skip


def recorded(root: Path, stream: list[events.AnyRunEvent] = STREAM) -> Path:
    recorder = Recorder(root)
    recorder.open(RUN, SPEC)
    for event in stream:
        recorder.append(event)
    recorder.close()
    assert recorder.warning == ""
    return root / RUN


def test_a_run_comes_back_as_it_was(tmp_path: Path) -> None:
    history = replay(recorded(tmp_path))
    assert history.state == "finished" and history.spec == SPEC
    assert history.result is not None and history.result.gap == 40.0
    assert len(history.loss) == 2


def test_a_replay_has_the_edits_with_the_steps_at_which_they_took_effect(tmp_path: Path) -> None:
    edits = [
        Marker(run=RUN, step=1, kind="set", key="train.lr", value=0.5),
        Marker(run=RUN, step=2, kind="refused", key="dropout.p", value=2.0, text="too large"),
        Marker(run=RUN, step=2, kind="set", key="dropout.p", value=0.25),
    ]
    live = RunHistory(RUN, SPEC)
    stream = [STREAM[0], edits[0], STREAM[1], *edits[1:], *STREAM[2:]]
    for event in stream:
        live.apply(event)
    history = replay(recorded(tmp_path, stream))
    assert [(m.step, m.key, m.value) for m in history.markers if m.kind == "set"] == [
        (1, "train.lr", 0.5), (2, "dropout.p", 0.25),
    ]  # fmt: skip
    assert history.markers == live.markers and history.is_steered and history.result is None


def test_a_replay_has_the_troubles_that_last(tmp_path: Path) -> None:
    troubles = [
        Trouble(run=RUN, step=1, kind="exploding", layer="conv1", value=float("inf")),
        Trouble(run=RUN, step=2, kind="dying", layer="conv2", value=0.5),
        Trouble(run=RUN, step=3, kind="exploding", layer="conv1", value=2.0, over=True),
        Trouble(run=RUN, step=3, kind="dying", layer="conv2", value=0.6),
    ]
    history = replay(recorded(tmp_path, [STREAM[0], *troubles]))
    assert history.troubles == troubles
    assert history.lasting == [troubles[1]], "told again after a resume it is still the first one"


def test_a_record_from_before_drift_and_histograms_is_read(tmp_path: Path) -> None:
    folder = recorded(tmp_path)
    line = b'{"event":"inside","run":"%s","step":1,"layers":[{"name":"conv1","mean":0.1,"std":1.0}]}\n' % RUN.encode()
    (folder / "events.jsonl").write_bytes(line)
    (layer,) = replay(folder).insides[0].layers
    assert (layer.drift, layer.histogram) == (None, [])


def test_killed_at_any_byte_the_complete_events_come_back(tmp_path: Path) -> None:
    folder = recorded(tmp_path)
    path = folder / "events.jsonl"
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        complete = whole[:cut].count(b"\n")
        assert replay(folder).version - (complete < len(STREAM)) == complete


def test_a_garbled_line_is_passed_over(tmp_path: Path) -> None:
    folder = recorded(tmp_path)
    path = folder / "events.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], b"\x00\xffgarbage\n", *lines[1:]]))
    assert replay(folder).state == "finished"


def test_a_record_that_stops_early_is_told_from_a_finished_one(tmp_path: Path) -> None:
    history = replay(recorded(tmp_path, STREAM[:2]))
    assert history.state == "lost" and "before the run did" in history.trouble


def test_a_steered_run_gives_no_result(tmp_path: Path) -> None:
    steered = [*STREAM[:2], Marker(run=RUN, step=2, kind="set", key="dropout.p", value=0.5), *STREAM[2:]]
    history = replay(recorded(tmp_path, steered))
    assert history.state == "finished" and history.is_steered and history.result is None


def test_directories_are_private(tmp_path: Path) -> None:
    assert stat.S_IMODE(recorded(tmp_path / "store").stat().st_mode) == 0o700


def test_ids_do_not_repeat_and_sort_by_time() -> None:
    ids = {new_run_id() for _ in range(200)}
    assert len(ids) == 200


def test_a_disk_that_cannot_be_written_stops_recording_with_a_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    recorder = Recorder(blocked / "runs")
    recorder.open(RUN, SPEC)
    for event in STREAM:
        recorder.append(event)
    assert "Recording stopped" in recorder.warning and "Training goes on" in recorder.warning


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, which Linux has")
def test_a_full_disk_stops_recording_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / RUN).mkdir()
    (tmp_path / RUN / "events.jsonl").symlink_to("/dev/full")
    recorder = Recorder(tmp_path)
    recorder.open(RUN, SPEC)
    recorder.append(STREAM[0])
    assert "No space left" in recorder.warning


def test_the_list_passes_over_what_is_no_run(tmp_path: Path) -> None:
    recorded(tmp_path)
    (tmp_path / "20260102-030405-zzzzzz").mkdir()
    (tmp_path / "20260102-030405-yyyyyy").mkdir()
    (tmp_path / "20260102-030405-yyyyyy" / "spec.json").write_text('{"run": "../../etc"}')
    (tmp_path / "notes").mkdir()
    assert [info.run for info in list_runs(tmp_path)] == [RUN]
    assert list(list_runs(tmp_path / "missing")) == []
