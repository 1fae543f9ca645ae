"""An interrupted `regtui run` and what `regtui resume` makes of it: the weights of a run that was never interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from regtui.cli import main
from regtui.commands import RunRequest
from regtui.engine import loop
from regtui.engine.control import Control
from regtui.events import Evaluated, Marker, Started, Steps, Stopped
from regtui.export.stored import find
from regtui.scenario import loads, run_spec
from regtui.spec import DataSpec, ModelSpec, RunSpec, spec_hash
from regtui.store import Recorder, RunInfo
from regtui.store.rundir import read_info

ROOT = Path(__file__).parents[2]
HANGS = 60.0
"""Seconds after which something counts as never happening; torch alone may load for 20 s on a busy machine."""

SCENARIO = """
title = "Long"
section = "overfitting"
question = "Does it train?"
[base]
data = { train = 200, validation = 50, test = 100 }
train = { epochs = 40, batch_size = 20, evaluations = 5, probes = 0 }
model = { name = "cnn", width = 2 }
add = [{ batchnorm = {} }, { dropout = { p = 0.3 } }, { flip = {} }]
[[arms]]
name = "plain"
"""
"""A second or two of training: time enough to interrupt it."""


def regtui(store: Path, *words: str) -> subprocess.Popen[str]:
    env = {**os.environ, "XDG_DATA_HOME": str(store), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "regtui", *words]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + HANGS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_resumed_after_a_signal_the_final_weights_are_those_of_an_uninterrupted_run(tmp_path: Path) -> None:
    path, store = tmp_path / "long.toml", tmp_path / "regtui/runs"
    path.write_text(SCENARIO)
    process = regtui(tmp_path, "run", str(path), "--seeds", "1", "--workers", "1")
    until(lambda: any(b'"steps"' in record.read_bytes() for record in store.glob("*/events.jsonl")))
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=HANGS)[1]
    assert process.returncode == 130 and "`regtui resume` goes on with 1 run" in said
    (folder,) = store.iterdir()
    interrupted = find(folder.name, store)
    assert interrupted.history.is_interrupted and interrupted.history.checkpoint is not None
    step = interrupted.history.checkpoint.step
    assert interrupted.history.step == step > 0, "the checkpoint is of the very step at which it ended"

    process = regtui(tmp_path, "resume", "--json", "--workers", "1")
    out, said = process.communicate(timeout=HANGS)
    assert process.returncode == 0, said
    (arm,) = json.loads(out)["arms"]
    assert arm["runs"] == [folder.name] and arm["states"] == ["finished"]

    whole: list[object] = []
    spec = run_spec("x/long", loads(SCENARIO, source="s", id="x/long").arms[0], 0)
    loop.train(RunRequest(run="whole", spec=spec), whole.append, Control(), tmp_path)
    ours, theirs = (load_file(place / "checkpoint.safetensors") for place in (folder, tmp_path / "whole"))
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    record = find(folder.name, store)
    evaluations = [event for event in whole if isinstance(event, Evaluated)]
    assert [e.train for e in record.all(Evaluated)] == [e.train for e in evaluations]
    assert [e.start_step for e in record.all(Started)] == [0, step]
    counted = [bucket for event in record.all(Steps) for bucket in event.loss]
    assert sum(bucket.count for bucket in counted) == spec.total_steps, "every step counts once"


def stored(store: Path, run: str, *, arm: str = "baseline", seed: int = 0, **state: bool) -> Path:
    """A run of the first preset in a store, interrupted unless `ended` is given."""
    from regtui.scenario import load, preset_files

    scenario = load(preset_files()[0])
    recorder = Recorder(store)
    recorder.open(run, run_spec(scenario.id, scenario.arm(arm), seed))
    recorder.append(Marker(run=run, step=3, kind="paused"))
    recorder.append(Stopped(run=run, step=3, interrupted=not state.get("ended", False)))
    recorder.close()
    return store / run


FIRST, SECOND = "20260102-030405-aaaaaa", "20260102-030406-bbbbbb"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "nothing was interrupted"), ((FIRST,), "another regtui"), (("2026",), "beginning of 2 runs"),
        ((SECOND,), "other numbers"), (("../../etc",), "run directory"), ((FIRST[:-1], "x" * 300), "is"),
    ],
)  # fmt: skip
def test_what_cannot_go_on_is_refused_in_a_sentence(
    tmp_path: Path, words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if words:
        stored(tmp_path, FIRST)
        info = read_info(stored(tmp_path, SECOND))
        other = msgspec.structs.replace(info, spec_hash="0" * 12)
        (tmp_path / SECOND / "spec.json").write_bytes(msgspec.json.encode(other))
    maker = Recorder(tmp_path)
    assert not words or maker.reopen(FIRST)
    assert main(["resume", *words, "--out", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and told in said.err and "Traceback" not in said.err


def test_code_goes_on_only_for_those_who_name_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    info = read_info(stored(tmp_path, FIRST))
    spec = msgspec.structs.replace(info.spec, model=ModelSpec(name="nets:small"))
    known = msgspec.structs.replace(info, spec=spec, spec_hash=spec_hash(spec))
    (tmp_path / FIRST / "spec.json").write_bytes(msgspec.json.encode(known))
    for words in ([], [FIRST], [FIRST, "--model", "nets:large"]):
        assert main(["resume", *words, "--out", str(tmp_path)]) == 2
        assert "is code: nets:small; to have it run, add --model nets:small" in capsys.readouterr().err


@pytest.mark.parametrize("by_name", [True, False])
def test_a_loop_that_was_monitored_is_not_ours_to_go_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], by_name: bool
) -> None:
    spec = RunSpec(scenario="own/monitor", arm="run", seed=0, data=DataSpec(name="TensorDataset"))
    recorder = Recorder(tmp_path)
    recorder.open(FIRST, spec, digest="0" * 12)
    recorder.append(Stopped(run=FIRST, step=3, interrupted=True))
    assert main(["resume", *([FIRST] if by_name else []), "--out", str(tmp_path)]) == 2
    told = "recorded of a loop of your own" if by_name else "nothing was interrupted"
    assert told in capsys.readouterr().err


def test_a_finished_run_has_nothing_left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from regtui.events import Finished

    folder = stored(tmp_path, FIRST)
    with (folder / "events.jsonl").open("ab") as file:
        from regtui import events

        file.write(events.encode(Finished(run=FIRST, step=9, seconds=1, wall_seconds=1, samples_per_s=1)))
    assert main(["resume", FIRST, "--out", str(tmp_path)]) == 2
    assert "finished: nothing is left" in capsys.readouterr().err


def test_a_store_that_is_not_there_and_a_directory_under_another_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["resume", "--out", str(tmp_path / "none")]) == 2
    renamed = stored(tmp_path, FIRST).rename(tmp_path / "mine")
    assert main(["resume", str(renamed), "--out", str(tmp_path)]) == 2
    assert "that name again" in capsys.readouterr().err
    assert isinstance(read_info(renamed), RunInfo)
