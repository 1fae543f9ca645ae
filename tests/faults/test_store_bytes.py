"""Every file of a stored run cut at any byte, or with any byte changed: what is whole comes back, nothing raises."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from regtui import events
from regtui.export.errors import ExportError
from regtui.export.stored import find
from regtui.resuming import left_behind
from regtui.scenario import load, preset_files
from regtui.spec import RunSpec
from regtui.store import Recorder, list_runs, replay
from regtui.store.presence import presence_of

Rounds = Callable[[int, int], int]
RUN = "20260102-030405-abcdef"
SPEC = RunSpec(scenario="overfitting/ladder", arm="a", seed=2)
STREAM: list[events.AnyRunEvent] = [
    events.Marker(run=RUN, step=1, kind="set", key="dropout.p", value=0.5, text="é " * 9),
    events.Stopped(run=RUN, step=2, interrupted=True),
]


def recorded(root: Path) -> Path:
    recorder = Recorder(root)
    recorder.open(RUN, SPEC, load(preset_files()[0]))
    (root / RUN / "kept.json").write_bytes((root / RUN / "writer.json").read_bytes())
    for event in STREAM:
        recorder.append(event)
    recorder.close()
    (root / RUN / "kept.json").replace(root / RUN / "writer.json")  # as of a process that was killed
    return root / RUN


def read_all(folder: Path) -> None:
    """What the commands and the screens do with a store."""
    for info in list_runs(folder.parent):
        assert info.run == RUN
        assert replay(folder).state in ("waiting", "running", "paused", "stopped", "lost")
    presence_of(folder)
    left_behind(folder.parent)
    try:
        assert find(RUN, folder.parent).events is not None
    except (ExportError, OSError, msgspec.DecodeError) as error:
        assert isinstance(error, ExportError), error


def test_a_file_that_ends_or_differs_at_any_byte(tmp_path: Path, rounds: Rounds) -> None:
    folder, draw = recorded(tmp_path), random.Random(3)
    names = sorted(path.name for path in folder.iterdir() if path.name != "scenario.json")
    assert names == ["events.jsonl", "spec.json", "writer.json"]
    cases = [(name, at) for name in [*names, "scenario.json"] for at in range((folder / name).stat().st_size)]
    for name, at in draw.sample(cases, min(rounds(60, len(cases)), len(cases))):
        whole = (folder / name).read_bytes()
        for content in (whole[:at], whole[:at] + bytes([whole[at] ^ (1 << draw.randrange(8))]) + whole[at + 1 :]):
            (folder / name).write_bytes(content)
            read_all(folder)
        (folder / name).write_bytes(whole)
    assert replay(folder).is_interrupted
    print(f"{2 * min(rounds(60, len(cases)), len(cases))} damaged stores")


def test_a_description_with_a_byte_that_is_no_text_is_passed_over(tmp_path: Path) -> None:
    spec = recorded(tmp_path) / "spec.json"
    spec.write_bytes(spec.read_bytes().replace(b"ladder", b"la\xe8der"))
    read_all(spec.parent)
    assert list(list_runs(tmp_path)) == []


WRITES = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from regtui.events import Marker
from regtui.store import Recorder
from test_store_bytes import RUN, SPEC
recorder = Recorder(Path(sys.argv[1]))
recorder.open(RUN, SPEC)
print("ready", flush=True)
for step in range(10**9):
    recorder.append(Marker(run=RUN, step=step, kind="told", text="x" * (step % 3000)))
"""


def test_killed_while_it_writes_all_but_the_last_line_is_there_and_the_record_goes_on(
    tmp_path: Path, rounds: Rounds
) -> None:
    draw, kept = random.Random(4), 0
    here = Path(__file__).parent
    for number in range(rounds(1, 100)):
        root = tmp_path / str(number)
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITES, str(root), str(here)], stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(here.parents[1])},
        )  # fmt: skip
        assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
        time.sleep(draw.random() / 50)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        steps = [event.step for event in find(RUN, root).all(events.Marker)]
        assert steps == list(range(len(steps))), "no line is lost, none comes twice"
        again = Recorder(root)
        assert again.reopen(RUN), "the lock went with its holder"
        again.append(STREAM[1])
        again.close()
        assert replay(root / RUN).is_interrupted
        assert len(find(RUN, root).all(events.Marker)) == len(steps)
        kept += len(steps)
    print(f"{number + 1} kills, {kept} lines kept")
