"""The run store on bad disks and with content from elsewhere: what is whole comes back, the rest is refused."""

from __future__ import annotations

import copy
import json
import os
import pickle
import shlex
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from regtui import events
from regtui.cli import main
from regtui.events import Bucket, Evaluated, Finished, Inside, LayerInside, Marker, Measured, Started, Steps, Stopped
from regtui.export.errors import ExportError
from regtui.export.stored import find
from regtui.resuming import left_behind
from regtui.spec import RunSpec
from regtui.store import Recorder, list_runs, replay

ROOT = Path(__file__).parents[2]
CHAOS = shlex.join([sys.executable, str(Path(__file__).parent / "chaos_worker.py")])
RUN = "20260102-030405-abcdef"
SPEC = RunSpec(scenario="overfitting/ladder", arm="a", seed=2)

SCENARIO = """
title = "Chaos"
section = "overfitting"
question = "Does it hold?"
[base]
data = { train = 100, validation = 50, test = 100 }
train = { epochs = 1, batch_size = 20 }
model = { name = "mlp", width = 16, depth = 1 }
[[arms]]
name = "none 5"
"""
"""The chaos worker reports some 100 events of such an arm and no fault."""

STREAM: list[events.AnyRunEvent] = [
    Started(run=RUN, device="cpu", device_label="2 cores", threads=1, precision="fp32", parameters=10, total_steps=4,
            steps_per_epoch=2, train_samples=8, clean_samples=8, classes=["a", "b"]),
    Steps(run=RUN, loss=[Bucket(1, 1, 2.0, 2.0, 2.0), Bucket(2, 1, 1.0, 1.0, 1.0)], accuracy=[Bucket(1, 2, 9, 8, 10)],
          step=2, seconds=0.1, samples_per_s=80.0, lr=0.1),
    Inside(run=RUN, step=2, layers=[LayerInside(name="l", mean=0.1, std=1.0)]),
    Marker(run=RUN, step=2, kind="set", key="dropout.p", value=0.5, text="t"),
    Evaluated(run=RUN, step=4, epoch=2.0, seconds=0.2, train=Measured(loss=0.1, accuracy=100.0),
              test=Measured(loss=1.0, accuracy=60.0)),
    Finished(run=RUN, step=4, seconds=0.2, wall_seconds=0.3, samples_per_s=80.0),
]  # fmt: skip


def recorded(root: Path) -> Path:
    recorder = Recorder(root)
    recorder.open(RUN, SPEC)
    for event in STREAM:
        recorder.append(event)
    recorder.close()
    return root / RUN


def regtui(*words: str, prefix: tuple[str, ...] = (), **environ: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)} | environ
    command = [*prefix, sys.executable, "-m", "regtui", *words]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=100, cwd="/", check=False)


def test_a_full_disk_stops_the_record_with_a_warning_and_not_the_training(tmp_path: Path) -> None:
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a small disk of their own")
    scenario, disk = tmp_path / "chaos.toml", tmp_path / "disk"
    scenario.write_text(SCENARIO)
    disk.mkdir()
    mounted = ("unshare", "-rm", "sh", "-c", f'mount -t tmpfs -o size=32k none {disk} && exec "$0" "$@"')
    words = ("run", str(scenario), "--seeds", "6", "--out", str(disk), "--worker", f"{CHAOS} {tmp_path}/journal")
    done = regtui(*words, "--json", prefix=mounted, XDG_DATA_HOME=str(tmp_path))
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    (arm,) = json.loads(done.stdout)["arms"]
    assert arm["states"] == ["stopped"] * 6, "every run came to its end"
    table = regtui(*words, prefix=mounted, XDG_DATA_HOME=str(tmp_path))
    assert "Recording stopped: No space left on device" in table.stdout


def test_a_line_that_did_not_fit_is_told_at_once_and_the_lines_before_it_come_back(tmp_path: Path) -> None:
    """A disk that is nearly full takes the beginning of a line without an error."""
    code = f"""
import resource, sys
from pathlib import Path
from regtui.store import Recorder
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_store_faults import STREAM, RUN, SPEC
recorder = Recorder(Path(sys.argv[1]))
recorder.open(RUN, SPEC)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
for event in STREAM:
    recorder.append(event)
print(recorder.warning)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT,
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False)  # fmt: skip
    assert "Recording stopped: File too large" in done.stdout, done.stderr
    assert (tmp_path / RUN / "events.jsonl").stat().st_size == 500
    assert replay(tmp_path / RUN).version == 2 + 1, "both complete lines, then the end of the record"


@pytest.mark.parametrize("home", ["/dev/null", "/proc/nowhere", "/sys"])
def test_a_home_that_cannot_be_written_is_told_and_nothing_else_changes(tmp_path: Path, home: str) -> None:
    scenario = tmp_path / "chaos.toml"
    scenario.write_text(SCENARIO)
    done = regtui("run", str(scenario), "--seeds", "1", "--worker", f"{CHAOS} {tmp_path}/journal", XDG_DATA_HOME=home)
    assert done.returncode == 0 and "Recording stopped" in done.stdout and "Traceback" not in done.stderr
    assert regtui("runs", XDG_DATA_HOME=home).returncode == 0
    assert regtui("resume", XDG_DATA_HOME=home).returncode == 2


def test_two_regtuis_on_one_store_do_not_disturb_each_other(tmp_path: Path, rounds: Callable[[int, int], int]) -> None:
    scenario = tmp_path / "chaos.toml"
    scenario.write_text(SCENARIO)
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "regtui", "run", str(scenario), "--seeds", str(rounds(3, 30)), "--json",
             "--worker", f"{CHAOS} {tmp_path}/journal{i}", "--out", str(tmp_path / "store")],
            env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        ) for i in range(2)
    ]  # fmt: skip
    told = [run for process in both for run in json.loads(process.communicate(timeout=100)[0])["arms"][0]["runs"]]
    stored = [info.run for info in list_runs(tmp_path / "store")]
    assert sorted(stored) == sorted(told) and len(set(told)) == 2 * rounds(3, 30)
    assert {replay(tmp_path / "store" / run).state for run in stored} == {"stopped"}


def hostile_spec(**changed: Any) -> str:
    info = {"run": RUN, "spec": msgspec.to_builtins(SPEC), "spec_hash": "0", "version": "0"}
    info["spec"] |= {key: value for key, value in changed.items() if key != "run"}
    return json.dumps(info | ({"run": changed["run"]} if "run" in changed else {}))


SPOILED: dict[str, Callable[[Path], object]] = {
    "path in the id": lambda run: (run / "spec.json").write_text(hostile_spec(run="../../../etc/passwd")),
    "escape in a name": lambda run: (run / "spec.json").write_text(hostile_spec(arm="\x1b[2J\x1b]0;own\x07")),
    "turned text": lambda run: (run / "spec.json").write_text(hostile_spec(scenario="\u202egnp.exe")),
    "huge number": lambda run: (run / "spec.json").write_text(hostile_spec(seed=10**400)),
    "infinity": lambda run: (run / "spec.json").write_text(hostile_spec(train={"lr": 1e999})),
    "deep": lambda run: (run / "spec.json").write_text("[" * 100_000),
    "endless": lambda run: ((run / "spec.json").unlink(), (run / "spec.json").symlink_to("/dev/zero")),
    "pipe": lambda run: ((run / "spec.json").unlink(), os.mkfifo(run / "spec.json")),
    "pipe of events": lambda run: ((run / "events.jsonl").unlink(), os.mkfifo(run / "events.jsonl")),
    "endless events": lambda run: ((run / "events.jsonl").unlink(), (run / "events.jsonl").symlink_to("/dev/zero")),
    "directory": lambda run: ((run / "events.jsonl").unlink(), (run / "events.jsonl").mkdir()),
    "itself": lambda run: ((run / "spec.json").unlink(), (run / "spec.json").symlink_to(run / "spec.json")),
    "pickle": lambda run: (run / "spec.json").write_bytes(pickle.dumps(Trap())),
    "escape in an event": lambda run: (run / "events.jsonl").write_bytes(
        events.encode(STREAM[0]) + events.encode(
            events.Failed(run=RUN, kind="\x1b[31mE", message="\x1b]52;c;b3du\x07", hint="\x9b2J"))),
}  # fmt: skip


class Trap:
    """Whoever unpickles it makes a file."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (Path.write_text, (Path("/tmp/regtui-unpickled"), "trapped"))


@pytest.mark.parametrize("name", SPOILED)
def test_a_run_directory_from_elsewhere_is_refused_or_inert(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    store = tmp_path / "regtui/runs"
    SPOILED[name](recorded(store))
    (store / RUN / "checkpoint.safetensors").write_bytes(pickle.dumps(Trap()))
    folder = str(store / RUN)
    resume = ["resume", "--worker", "/bin/false"]
    for words in (["runs"], ["runs", "--json"], resume, [*resume, folder], [*resume, RUN],
                  ["export", RUN, "--as", "csv"], ["export", folder, "--as", "html", "-o", "x.html"]):  # fmt: skip
        assert main(words) in ((0, 1, 2) if "resume" in words else (0, 2))
        said = "".join(capfd.readouterr())
        assert "Traceback" not in said
        assert [char for char in said if unicodedata.category(char) in ("Cc", "Cf") and char != "\n"] == [], words
    assert not Path("/tmp/regtui-unpickled").exists()
    assert {path.name for path in tmp_path.iterdir()} <= {"regtui", "x.html"}, "nothing is written beside"


def places(raw: Any) -> Any:
    """Every (container, key) below a value."""
    items = raw.items() if isinstance(raw, dict) else enumerate(raw) if isinstance(raw, list) else ()
    for key, value in list(items):
        yield raw, key
        yield from places(value)


EDGES = [0, -1, 2**63, 10**300, 1e308, 5e-324, "nan", "inf", "-inf", "", "\x1b[2J", None, [], {}, True, [1], -(2**63)]


@settings(max_examples=int(os.environ.get("REGTUI_FAULTS") == "full") * 4900 + 100, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60), st.sampled_from(EDGES)), min_size=1, max_size=4))
@example([(1, 6, 0), (1, 11, 0)])
@example([(1, 57, -1)])
def test_a_record_with_any_values_is_read_without_an_error(
    tmp_path: Path, changes: list[tuple[int, int, object]]
) -> None:
    shutil.rmtree(tmp_path, ignore_errors=True)
    folder = recorded(tmp_path)
    lines = [json.loads(events.encode(event)) for event in (*STREAM, *STREAM)]
    for line, place, value in changes:
        found = list(places(lines[line]))
        container, key = found[place % len(found)]
        container[key] = copy.deepcopy(value)
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    history = replay(folder)
    assert history.state in ("finished", "lost", "running", "waiting", "paused", "stopped")
    left_behind(tmp_path)
    try:
        assert find(RUN, tmp_path).events is not None
    except ExportError as error:
        assert str(error).isprintable()


def test_a_stop_that_was_not_asked_for_is_the_only_one_called_an_interruption(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    for run, interrupted in ((RUN, False), (RUN[:-1] + "g", True)):
        recorder.open(run, SPEC)
        recorder.append(Stopped(run=run, step=1, interrupted=interrupted))
    recorder.close()
    assert [replay(tmp_path / info.run).is_interrupted for info in list_runs(tmp_path)] == [True, False]
