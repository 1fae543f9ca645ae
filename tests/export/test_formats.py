"""Stored runs as CSV, JSON, TensorBoard event files and an HTML report."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from regtui.cli import main
from regtui.events import Marker, Measured, Revealed, Trouble
from regtui.export.columns import COLUMNS
from regtui.export.document import document, json_text
from regtui.export.errors import ExportError
from regtui.export.report import html_text
from regtui.export.stored import StoredRun, find
from regtui.export.tidy import csv_text
from regtui.scenario import run_spec
from regtui.scenario.load import loads
from regtui.spec import RunSpec

Store = Callable[..., StoredRun]
STEERED = Marker(run="", step=2, kind="set", key="train.lr", value=0.5)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_csv_has_a_row_for_each_bucket_and_each_evaluation(store: Store) -> None:
    stored = store("+ dropout", seed=4)
    first, bucket, early, last = rows(csv_text([stored]))
    assert list(first) == list(COLUMNS)
    assert (first["run"], first["arm"], first["seed"], first["steered"]) == (stored.run, "+ dropout", "4", "false")
    assert (bucket["row"], bucket["first_step"], bucket["last_step"], bucket["epoch"]) == ("steps", "2", "3", "1.5")
    assert (bucket["batch_loss"], bucket["batch_loss_high"], bucket["batch_accuracy_low"]) == ("1.5", "1.75", "25.0")
    assert (first["lr"], bucket["lr"]) == ("", "0.01"), "told once a report"
    assert bucket["test_loss"] == "" and early["validation_accuracy"] == ""
    assert (last["row"], last["train_accuracy"], last["gap"], last["batch_loss"]) == ("evaluation", "100.0", "40.0", "")


def test_the_csv_of_several_runs_has_one_heading_and_keeps_what_is_not_finite(store: Store) -> None:
    found = rows(csv_text([store(loss=math.nan), store("+ dropout", more=(STEERED,))]))
    assert len(found) == 8 and {row["arm"] for row in found} == {"baseline", "+ dropout"}
    assert found[0]["batch_loss"] == "nan"
    assert {row["steered"] for row in found if row["arm"] == "+ dropout"} == {"true"}


def test_the_json_object_has_everything_that_was_recorded(store: Store) -> None:
    stored = store(loss=math.inf, more=(STEERED,))
    found = json.loads(json_text(stored), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert msgspec.convert(found["spec"], RunSpec) == stored.spec
    assert (found["run"], found["state"], found["steered"]) == (stored.run, "finished", True)
    assert found["steps"][0]["loss"][0] == {"first": 1, "count": 1, "mean": "inf", "low": "inf", "high": "inf"}
    assert [(row["step"], row["gap"]) for row in found["evaluations"]] == [(1, 20.0), (3, 40.0)]
    assert found["markers"][0]["value"] == 0.5 and found["inside"][0]["layers"][0]["name"] == "conv1"
    assert found["ending"]["kind"] == "finished" and found["norms"] == [] and found["studies"] == []


def test_the_one_look_at_the_test_part_of_own_data_goes_along(store: Store) -> None:
    look = Revealed(run="", step=3, test=Measured(loss=0.5, accuracy=55.0), samples=9, at="2026-01-02T03:04:05Z")
    stored = store(more=(look,))
    (row,) = [row for row in rows(csv_text([stored])) if row["row"] == "revealed"]
    assert (row["last_step"], row["test_loss"], row["test_accuracy"], row["gap"]) == ("3", "0.5", "55.0", "")
    assert document(stored)["revealed"]["at"] == "2026-01-02T03:04:05Z" and document(store())["revealed"] is None


def test_event_files_say_what_the_run_said(store: Store, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the extra tensorboard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    from regtui.export.event_files import write_event_files

    stored = store()
    for _ in range(2):  # a repeat replaces the file, else every point would stand there twice
        write_event_files([stored, store("+ dropout")], tmp_path / "boards")
    found = EventAccumulator(str(tmp_path / "boards" / stored.run)).Reload()
    assert [(point.step, point.value) for point in found.Scalars("batch/loss")] == [(1, 2.5), (3, 1.5)]
    assert [(point.step, point.value) for point in found.Scalars("test/accuracy")] == [(1, 30.0), (3, 60.0)]
    assert [point.value for point in found.Scalars("gap")] == [20.0, 40.0]
    assert [(point.step, round(point.value, 3)) for point in found.Scalars("activation_std/conv1")] == [(3, 0.9)]
    assert b'"arm": "baseline"' in found.Tensors("settings")[0].tensor_proto.string_val[0]


def test_without_tensorboard_a_sentence_says_what_to_install(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from regtui.export.event_files import write_event_files

    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(ExportError, match=r"pip install 'regtui\[tensorboard\]'"):
        write_event_files([store()], tmp_path / "boards")
    assert not (tmp_path / "boards").exists()


class Page(HTMLParser):
    """Tags, links and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_report_needs_nothing_but_itself(store: Store) -> None:
    page = html_text([store("baseline"), store("+ dropout")])
    found = Page(page)
    assert found.links == [] and not {"script", "link", "img", "iframe"} & set(found.tags)
    assert "url(" not in page and "@import" not in page and "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page and "@media print" in page


def test_the_report_draws_every_arm_and_names_it(store: Store) -> None:
    baselines = [store("baseline", seed, test=60.0 + seed) for seed in (0, 1)]
    found = Page(html_text([*baselines, store("+ dropout", test=70.0)]))
    assert found.tags.count("svg") == 6
    # In each plot two curves, or dots where there is one point; a band of the two seeds where they differ.
    assert found.tags.count("polyline") + found.tags.count("circle") == 12 and found.tags.count("polygon") == 2
    assert found.words.count("+ dropout") >= 6 and "Test accuracy" in " ".join(found.words)


def test_the_report_shows_settings_only_where_they_differ(store: Store) -> None:
    words = Page(html_text([store("baseline"), store("+ dropout")])).words
    assert "dropout@block.p" in words and "train.lr" not in words
    assert "train.lr" in Page(html_text([store("baseline")])).words


def test_the_report_judges_the_claims_of_the_scenario(store: Store) -> None:
    pairs = [store("baseline", seed, test=60.0 + seed) for seed in range(3)]
    pairs += [store("+ dropout", seed, test=80.0 + seed) for seed in range(3)]
    words = Page(html_text(pairs)).words
    at = words.index("Dropout narrows the gap")
    assert words[at + 1] == "confirmed" and words[at + 3] == 'Gap: "+ dropout" below "baseline"'
    assert words[words.index("BatchNorm narrows it further") + 1] == "not shown"


OWN = """
title = "Mine"
section = "dropout"
question = "Which?"
[[arms]]
name = "a"
[[arms]]
name = "b"
add = [{ dropout = { p = 0.5 } }]
[[claims]]
text = "b is better"
check = { metric = "test_accuracy", of = "b", above = "a" }
"""


def test_a_report_of_one_arm_says_why_it_can_judge_no_claim(store: Store) -> None:
    why = "This report has one arm, baseline: claims need the runs of the arms that they compare."
    assert why in html_text([store("baseline")])
    assert "This report has one arm" not in html_text([store("baseline"), store("+ dropout")])


def test_the_report_says_what_is_the_matter_and_what_goes_wrong_inside(store: Store) -> None:
    dying = Trouble(run="", step=2, kind="dying", layer="conv1", value=0.75)
    told = "100.0 % train, 60.0 % test, gap 40.0; test loss 1.10. Try "
    inside = "Inside, seed 0: units die in conv1 at step 2 (75 % are 0)."
    words = Page(html_text([store(more=(dying,)), store("+ dropout", more=(dying, STEERED))])).words
    assert "overfitting" in words and any(told in word and word.endswith(inside) for word in words)
    assert inside in words, "a steered run gives no verdict, but what goes wrong inside it does"


def test_a_loop_that_measured_no_test_set_is_reported_by_validation(store: Store) -> None:
    only = store()
    only.history.evaluations[-1] = msgspec.structs.replace(only.history.evaluations[-1], test=None)
    words = Page(html_text([only])).words
    assert "validation %" in words and "62.5" in words and "test %" not in words


def test_a_scenario_of_the_users_own_is_judged_as_it_was_when_it_was_run(store: Store) -> None:
    own = loads(OWN, source="mine", id="own/mine")
    some = msgspec.structs.replace(own, arms=own.arms[:1], claims=())
    runs = [
        store(spec=run_spec(own.id, arm, seed), test=60.0 + 10 * place + seed, scenario=some if seed else own)
        for seed in range(3)
        for place, arm in enumerate(own.arms)
    ]
    words = Page(html_text(runs)).words
    assert words[words.index("b is better") + 1] == "confirmed" and "Mine" in words


def test_the_report_says_why_it_has_no_verdicts(store: Store, ladder) -> None:
    unknown = store(spec=msgspec.structs.replace(ladder("baseline", 0), scenario="own/gone"))
    assert "None: own/gone is no preset, and its runs were stored without their scenario." in html_text([unknown])
    assert "they belong to 2 scenarios" in html_text([unknown, store()])


def test_two_runs_of_one_seed_are_one_sample_and_steered_runs_are_none(store: Store) -> None:
    def seeds(*runs: StoredRun) -> str:
        words = Page(html_text(runs)).words
        return words[words.index("baseline", words.index("seeds")) + 1]

    assert seeds(store(), store()) == "1" and seeds(store(), store(seed=1)) == "2"
    steered = store(more=(STEERED,))
    assert seeds(steered) == "0" and "finished, steered" in html_text([steered])


def test_an_arm_with_other_settings_is_another_one_and_leaves_no_verdicts(store: Store, ladder) -> None:
    spec = ladder("baseline", 0)
    other = msgspec.structs.replace(spec, train=msgspec.structs.replace(spec.train, lr=0.5))
    words = Page(html_text([store("baseline"), store(spec=other)])).words
    assert "baseline (2)" in words and any("run with different settings" in word for word in words)


def test_names_of_files_cannot_become_markup(store: Store, ladder) -> None:
    spec = msgspec.structs.replace(ladder("baseline", 0), arm="<script>alert(1)</script>", scenario="<b>/'\"")
    found = Page(html_text([store(spec=spec), store(spec=msgspec.structs.replace(spec, seed=1))]))
    assert not {"script", "b"} & set(found.tags)
    with pytest.raises(ExportError, match="control characters"):
        store(spec=msgspec.structs.replace(spec, arm="\x1b[2J"))


def test_a_report_of_a_run_that_said_nothing_yet_is_still_a_page(store: Store, tmp_path: Path) -> None:
    stored = store()
    (stored.folder / "events.jsonl").write_bytes(b'{"event":"steps","torn')
    page = html_text([find(str(stored.folder), tmp_path)])
    assert "svg" not in Page(page).tags and "the record ends before the run did" in page
    assert document(find(stored.run, tmp_path))["ending"] is None


def test_a_run_is_found_by_its_id_the_beginning_of_it_and_its_directory(store: Store, tmp_path: Path) -> None:
    stored = store()
    for name in (stored.run, stored.run[:-3], str(stored.folder)):
        assert find(name, tmp_path).run == stored.run
    store()
    with pytest.raises(ExportError, match="is the beginning of 2 runs"):
        find(stored.run[:6], tmp_path)
    with pytest.raises(ExportError, match="regtui runs"):
        find("nothing", tmp_path)


def test_an_id_that_could_name_another_place_is_refused(store: Store, tmp_path: Path) -> None:
    stored = store()
    path = stored.folder / "spec.json"
    path.write_text(path.read_text().replace(stored.run, "../../evil"))
    with pytest.raises(ExportError, match="has the id"):
        find(str(stored.folder), tmp_path)


def test_the_command_writes_to_stdout_or_to_a_file(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(store().folder)
    assert main(["export", run, run, "--as", "csv"]) == 0
    assert len(rows(capsys.readouterr().out)) == 4, "a run that is named twice is exported once"
    for kind in ("csv", "json", "html"):
        path = tmp_path / f"out.{kind}"
        assert main(["export", run, "--as", kind, "-o", str(path)]) == 0 and path.stat().st_size
        assert capsys.readouterr().out == ""
    assert not list(tmp_path.glob("*.tmp"))


def test_wrong_usage_of_the_command_is_exit_code_2_with_a_sentence(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = str(store().folder), str(store().folder)
    for words in (["nothing", "--as", "csv"], [one, other, "--as", "json"], [one, "--as", "csv", "-o", f"{one}/a/b"]):
        assert main(["export", *words]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("regtui export: ") and err.count("\n") == 1
