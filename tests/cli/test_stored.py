"""Which runs a command line names: ids, and scenarios for the latest runs of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from regtui.cli import main
from regtui.cli.stored import stored_runs
from regtui.export.errors import ExportError
from regtui.spec import RunSpec
from regtui.store import Recorder

OLD, NEW = "20260101-000000", "20260102-000000"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    recorder = Recorder(tmp_path / "here")
    for when, letters in ((OLD, "ab"), (NEW, "cd")):
        for seed, letter in enumerate(letters):
            recorder.open(f"{when}-{letter * 6}", RunSpec(scenario="x/mine@photos", arm="a", seed=seed))
    recorder.close()
    return tmp_path / "here"


def test_a_scenario_stands_for_its_latest_runs(store: Path) -> None:
    for name in ("mine@photos", "x/mine@photos"):
        assert [run.run for run in stored_runs([name], store)] == [f"{NEW}-cccccc", f"{NEW}-dddddd"]
    first, *_ = stored_runs([f"{OLD}-a", "mine@photos"], store)
    assert first.run == f"{OLD}-aaaaaa"
    with pytest.raises(ExportError, match=r"neither a run directory nor .* --out DIR names another store"):
        stored_runs(["mine"], store)


def test_runs_of_another_store_are_exported_by_their_scenario(
    store: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = ["export", "mine@photos", "--out", str(store), "--as"]
    assert main([*words, "csv"]) == 0
    assert next(csv.reader(io.StringIO(capsys.readouterr().out)))[0] == "run"
    assert main([*words, "html", "-o", str(tmp_path / "r.html")]) == 0
    assert main([*words, "json"]) == 2
    assert f"takes one run and got 2: name one of {NEW}-cccccc (a, seed 0), " in capsys.readouterr().err
