"""Own data and own models from the shell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from regtui.catalog import Site
from regtui.cli import main
from regtui.cli.own import chosen, tell_of_costs, with_data_set
from regtui.cli.parser import parse
from regtui.events import Cost, Inspected
from regtui.scenario import ScenarioError
from regtui.spec import RunSpec

if TYPE_CHECKING:
    from tests.own.conftest import MakeFolder

ROOT = Path(__file__).parents[2]


def regtui(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    """A command as the shell starts it, in a directory where the user's module lies."""
    env = {**os.environ, "XDG_DATA_HOME": str(home / "data"), "XDG_CACHE_HOME": str(home / "cache"),
           "PYTHONPATH": str(ROOT)}  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "regtui", *words], env=env, cwd=home, capture_output=True, text=True, timeout=110
    )


@pytest.fixture
def home(make_folder: MakeFolder, tmp_path: Path) -> Path:
    make_folder({"cat": 20, "dog": 40})
    (tmp_path / "mynet.py").write_text((ROOT / "tests/own/nets.py").read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def test_a_model_of_ones_own_is_run_on_pictures_of_ones_own_and_revealed(home: Path) -> None:
    done = regtui(
        "run", "--data", "folder:pets", "--model", "mynet:small", "--set", "model.width=2", "--arm", "baseline",
        "--seeds", "1", "--epochs", "1", "--set", "train.batch_size=8", "--reveal", "--json", home=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    (arm,) = said["arms"]
    assert said["revealed"] is True and arm["states"] == ["finished"]
    assert arm["test_acc"] is not None and arm["validation_acc"] is not None
    for sentence in ("always saying dog would be right for 66.7 %", "12 kept for `regtui reveal`", "will take about",
                     "its own stack: dropout@head"):  # fmt: skip
        assert sentence in done.stderr
    spec = json.loads((home / "data" / "regtui" / "runs" / arm["runs"][0] / "spec.json").read_text())["spec"]
    assert spec["model"]["params"] == {"width": 2} and spec["data"]["name"] == f"folder:{home / 'pets'}"

    refused = regtui("reveal", arm["runs"][0], home=home)
    assert refused.returncode == 2 and "is code: mynet:small; to have it run, add --model mynet:small" in refused.stderr
    again = regtui("reveal", "ladder@pets@small", "--model", "mynet:small", "--json", home=home)
    assert json.loads(again.stdout)["runs"][0]["test_acc"] == pytest.approx(arm["test_acc"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--data", "folder:nowhere"), "--data: "),
        (("ladder", "--model", "cnn"), "--model: is 'cnn'; allowed is package.module:factory"),
        ((), "needs a scenario, or data of your own: --data folder:PATH"),
        (("ladder", "--set", "data.name=folder:pets"), "name data of your own with --data"),
        (
            ("ladder", "--data", "pets"),
            "--data: is 'pets', which is no data set of the catalog; data of your own are named folder:pets",
        ),
        (("--data", "mynet.py"), "data of your own are named text:mynet.py"),
        (
            ("ladder", "--model", "nets/mynet.py:small"),
            "is 'nets/mynet.py:small', a file; name its module, nets.mynet:small",
        ),
        (("ladder", "--model", "/a/mynet.py:small"), "a file; change to /a and name its module, mynet:small"),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_starts(
    home: Path, words: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(home)
    monkeypatch.setenv("XDG_DATA_HOME", str(home / "data"))
    assert main(["run", *words]) == 2
    said = capsys.readouterr().err
    assert sentence in said and "Traceback" not in said


def test_a_model_is_looked_at_with_the_data_as_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[RunSpec] = []

    def looked_at(_: object, __: object, specs: list[RunSpec], ___: object) -> list[Inspected]:
        asked.extend(specs)
        return [Inspected(ask="", sites=list(get_args(Site)))]

    monkeypatch.chdir(home)
    monkeypatch.setattr("regtui.cli.own.ask", looked_at)
    words = ["ladder", "--data", "folder:pets", "--model", "torchvision:inception_v3"]
    chosen(parse(["run", *words, "--set", "data.size=16", "--set", "train.lr=1"]), home)
    assert asked[0].data.size == 16
    explored = parse(["explore", *words, "--set", "data.size=24"])
    scenario = with_data_set(chosen(explored, home), explored)
    assert asked[1].data.size == scenario.arms[0].data.size == 24 and explored.settings == []
    assert scenario.options[-2:] == ("--set", "data.size=24"), "so that a copied line says it"


def test_time_and_memory_are_told_and_what_does_not_fit_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    specs = [RunSpec(scenario="s", arm=arm, seed=0) for arm in ("small", "large")]
    small = Cost(ask="", seconds=60, weights=2**20, data=2**20, step=2**20, free=2**30, device="cpu")
    tell_of_costs(specs, [small, small], seeds=5, workers=2)
    assert "10 runs will take about 5 min on cpu and up to 3 MiB each" in capsys.readouterr().err
    large = Cost(ask="", seconds=60, weights=2**30, data=2**30, step=2**30, free=2**31, device="cuda:0")
    with pytest.raises(ScenarioError, match=r"large: needs about 3.0 GiB on cuda:0, which has 2.0 GiB free; lower"):
        tell_of_costs(specs, [small, large], seeds=1, workers=1)
