"""Sweeps on data and models of the user's own: the test part stays sealed, the winner's file says what to name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from regtui.catalog import DATASETS, MODELS
from regtui.cli import main
from regtui.cli import own as cli_own
from regtui.cli import sweep as cli_sweep
from regtui.commands import RunRequest
from regtui.events import Evaluated, Finished, Inspected, Measured, Revealed, Started
from regtui.own.named import NAMED
from regtui.runner.reports import Report
from regtui.scenario import Arm, ScenarioError, find, load
from regtui.spec import RunSpec

pytest.importorskip("optuna", reason="needs the extra sweep")

MODEL = "mynet:small"


class QuickMaker:
    """Ends every run at once, the better the nearer its learning rate is to 0.01."""

    def __init__(self, deliver: Callable[[Report], None], asked: list[RunRequest]) -> None:
        self._deliver, self._asked = deliver, asked

    def submit(self, requests: Iterable[RunRequest]) -> None:
        for request in requests:
            self._asked.append(request)
            for event in self._events(request):
                self._deliver(event)

    def stop(self, runs: Iterable[str] | None = None) -> None:
        pass

    async def close(self) -> None:
        pass

    def _events(self, request: RunRequest) -> list[Any]:
        run, spec = request.run, request.spec
        right = 90 - 1000 * abs(spec.train.lr - 0.01) + spec.seed / 10
        held_out, better = Measured(loss=0.5, accuracy=right), Measured(loss=0.4, accuracy=right + 2)
        if request.reveal:
            return [Revealed(run=run, step=1, test=better, samples=9, at="2026-01-02T03:04:05Z")]
        return [
            Started(run=run, device="cpu", device_label="cpu", threads=1, precision="fp32", parameters=9, total_steps=1,
                    steps_per_epoch=1, train_samples=9, clean_samples=9),
            Evaluated(run=run, step=1, epoch=1.0, seconds=0.1, train=better, validation=held_out),
            Finished(run=run, step=1, seconds=0.1, wall_seconds=0.1, samples_per_s=9.0),
        ]  # fmt: skip


Sweep = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterable[list[RunRequest]]:
    """Every run that was asked for; nothing is trained, and no worker looks at models."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    requests: list[RunRequest] = []
    monkeypatch.setattr(
        cli_sweep, "maker_factory", lambda *_, **__: lambda deliver: (QuickMaker(deliver, requests), lambda: 1)
    )

    def look(_: list[str], __: str, specs: list[RunSpec], ___: str) -> list[Inspected]:
        return [Inspected(ask="", sites=["input", "linear", "activation", "head"], content="1", kind="text",
                          stack=[{"dropout": {"p": 0.1, "where": "head"}}]) for _ in specs]  # fmt: skip

    monkeypatch.setattr(cli_own, "ask", look)
    before = dict(MODELS), dict(DATASETS), dict(NAMED)
    yield requests
    for known, kept in zip((MODELS, DATASETS, NAMED), before, strict=True):
        known.clear()
        known.update(kept)  # type: ignore[arg-type]


@pytest.fixture
def sweep(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Sweep:
    def made(*more: str) -> dict[str, Any]:
        words = ["sweep", "transformer", "--arm", "p = 0", "--over", "train.lr=1e-3:3e-2:log", "--trials", "3"]
        assert main([*words, "--json", "--out", str(tmp_path / "out"), *more]) == 0, capsys.readouterr().err
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return made


def find_arm() -> Arm:
    return load(find("dropout/transformer")).arm("p = 0")


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    table = tmp_path / "reviews.tsv"
    table.write_text("\n".join(f"it was {word} {i}\t{word}" for i in range(40) for word in ("good", "bad")))
    return ["--data", f"text:{table}", "--set", "model.width=16"]


def test_the_test_part_of_own_data_is_looked_at_where_that_is_asked_for_and_once(
    sweep: Sweep, words: list[str], asked: list[RunRequest]
) -> None:
    on_texts = [*words, "--model", MODEL]
    sealed = sweep(*on_texts)
    assert sealed["part"] == "validation" and sealed["gain"] is not None
    assert sealed["trials"][0]["params"]["train.lr"] == asked[0].spec.train.lr == find_arm().train.lr, "as it is, first"
    assert sealed["validation_acc_before"] == sealed["trials"][0]["validation"] <= sealed["validation_acc"]
    assert [row["test_acc"] for row in sealed["test"]] == [None, None]
    assert not any(request.reveal for request in asked)
    made = len(asked)

    revealed = sweep(*on_texts, "--reveal")
    assert revealed["part"] == "test" and revealed["test"][0]["test_acc"] > revealed["test"][0]["validation_acc"]
    later = asked[made:]
    assert later and all(request.reveal for request in later), "nothing is trained again for the look"
    runs = {run for row in sealed["test"] for run in row["runs"]}
    assert {request.run for request in later} == runs == {run for row in revealed["test"] for run in row["runs"]}

    made = len(asked)
    assert sweep(*on_texts)["part"] == "test", "what was revealed stays so"
    assert len(asked) == made


def test_the_winner_on_a_model_that_is_code_is_a_file_for_those_who_name_it(
    sweep: Sweep, words: list[str], asked: list[RunRequest]
) -> None:
    result = sweep(*words, "--model", MODEL)
    assert result["command"].endswith("winner.toml --model mynet:small --set model.width=16")
    path = Path(result["folder"]) / "winner.toml"
    winner = load(path)
    assert [arm.name for arm in winner.arms] == ["p = 0", "winner"]
    assert all(arm.model == asked[0].spec.model for arm in winner.arms) and winner.arms[1].model.content == "1"
    assert winner.arms[1].train.lr == result["best"]["train.lr"]
    NAMED.clear()
    with pytest.raises(ScenarioError, match=r"is 'mynet:small', which is code; .* --model mynet:small"):
        load(path)


def test_arguments_of_a_factory_are_not_searched(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["sweep", "transformer", "--arm", "p = 0", "--over", "model.width=8,16", "--model", MODEL, *words]
    assert main([*line, "--out", str(tmp_path / "out")]) == 2
    assert "model.width: is an argument of the factory of mynet:small" in capsys.readouterr().err
