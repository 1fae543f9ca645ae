"""What `regtui bench` prints; that it measures is tested elsewhere."""

from __future__ import annotations

import json
from collections.abc import Callable

import msgspec
import pytest

from regtui.bench.protocol import BenchError, Loader
from regtui.bench.report import Ratios, Report
from regtui.cli import bench, main

RATIOS = Ratios(0.9, 1.5, 1.25, None, 1.6, 0.6, 2.5, 0.97, 1.05)
FOUND = Report(
    device="cpu",
    machine={"device": "2 cores", "cpu": "A CPU", "torch": "2.0", "load_1min": 0.5},
    ratios=RATIOS,
    absolute={
        "rounds": 5, "model": "a model", "loader": Loader(2, 1),
        "not_measured": {"engine_over_graph": "no GPU here"}, "samples_per_s": {"engine": 3000.0, "graph": None},
        "interval95": {name: [1.0, 2.0] for name in Ratios.__struct_fields__},
        "cpu_ratios": dict.fromkeys(Ratios.__struct_fields__, 1.0) | {"engine_over_graph": None},
        "pairs": dict.fromkeys(Ratios.__struct_fields__, 12) | {"engine_over_graph": None}, "warning": "",
    },
)  # fmt: skip


def measures(found: Report | BenchError) -> Callable[..., object]:
    async def measure(device: str, tell: Callable[[str], None], *, quick: bool) -> Report:
        tell(f"{device} {quick}")
        if isinstance(found, BenchError):
            raise found
        return found

    return measure


def test_json_is_one_object_on_stdout_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "measure", measures(FOUND))
    assert main(["bench", "--json", "--quick", "--device", "cpu"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["ratios"]["race_over_serial"] == 0.6 and "cpu True" in err


def test_the_table_says_what_each_ratio_is_and_why_one_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "measure", measures(FOUND))
    assert main(["bench"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in Ratios.__struct_fields__)
    assert "no GPU here" in out and "less is better" in out and "A CPU" in out and "3,000" in out


def test_the_table_of_the_screen_has_a_row_for_each_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    screen = {
        "paint_ms": {"empty_app": 200, "first": 101, "full": 404},
        "key_ms": {"idle": {"p50": 7.4, "p95": 9.6, "keys": 60}, "training": None},
        "bytes_per_s": {"idle": 0, "training": 2100, "training_over_ssh": 1100}, "ui_bytes": 64 << 20,
    }  # fmt: skip
    found = msgspec.structs.replace(FOUND, absolute=FOUND.absolute | {"screen": screen})
    monkeypatch.setattr(bench, "measure", measures(found))
    assert main(["bench"]) == 0
    out = capsys.readouterr().out
    assert all(figure in out for figure in ("101 ms", "404 ms", "200 ms", "7 / 10 ms", "0 B/s", "2,100 B/s", "64 MiB"))
    assert "training over ssh" in out


def test_what_cannot_be_measured_is_exit_code_1_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "measure", measures(BenchError("The worker is gone.")))
    assert main(["bench"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "regtui: The worker is gone." in err
