"""`regtui runs` of a store that a test filled."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

import pytest

from regtui.cli import listings
from regtui.events import Evaluated, Finished, Marker, Measured
from regtui.scenario import loads
from regtui.session import Session
from regtui.store import Recorder

SCENARIO = 'title = "T"\nsection = "dropout"\nquestion = "Q"\n[[arms]]\nname = "a"\n'


@pytest.fixture
def steered(tmp_path: Path) -> Path:
    """A store with one finished run that was steered."""
    session = Session(loads(SCENARIO, source="t", id="dropout/t"), recorder=Recorder(tmp_path))
    (request,) = session.request(["a"], [0])
    run = request.run
    session.take(Marker(run=run, step=1, kind="set", key="train.lr", value=0.1))
    train, test = Measured(loss=0, accuracy=200 / 3), Measured(loss=1, accuracy=100 / 3)
    session.take(Evaluated(run=run, step=9, epoch=3, seconds=1, train=train, test=test))
    session.take(Finished(run=run, step=9, seconds=1, wall_seconds=1, samples_per_s=9))
    return tmp_path


def test_a_steered_run_is_marked_in_the_table(
    steered: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert listings.runs(Namespace(out=steered, json=False)) == 0
    assert "finished, steered" in capsys.readouterr().out


def test_a_gap_is_rounded_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(loads(SCENARIO, source="t", id="dropout/t"), recorder=Recorder(tmp_path))
    (request,) = session.request(["a"], [0])
    train, test = Measured(loss=0, accuracy=65.0), Measured(loss=1, accuracy=53.55)
    session.take(Evaluated(run=request.run, step=9, epoch=3, seconds=1, train=train, test=test))
    assert listings.runs(Namespace(out=tmp_path, json=False)) == 0
    assert f" {65.0 - 53.55:.1f}" in capsys.readouterr().out


def test_runs_that_have_no_test_figure_show_validation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    session = Session(loads(SCENARIO, source="t", id="dropout/t"), recorder=Recorder(tmp_path))
    (request,) = session.request(["a"], [0])
    train, held = Measured(loss=0, accuracy=65.0), Measured(loss=1, accuracy=53.5)
    session.take(Evaluated(run=request.run, step=9, epoch=3, seconds=1, train=train, validation=held))
    assert listings.runs(Namespace(out=tmp_path, json=False)) == 0
    head, _, row = capsys.readouterr().out.splitlines()
    assert head.split()[-3:] == ["test", "validation", "gap"] and row.split()[-3:] == ["-", "53.5", "11.5"]


def test_figures_have_three_decimals_as_json(steered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert listings.runs(Namespace(out=steered, json=True)) == 0
    (row,) = json.loads(capsys.readouterr().out)["runs"]
    assert (row["train_acc"], row["test_acc"], row["gap"]) == (66.667, 33.333, 33.333)
    assert row["steered"] is True
