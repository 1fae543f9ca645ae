"""--data: a preset's question asked of other data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from regtui.export.command import command_line
from regtui.own.scenario import preset_for, with_data
from regtui.scenario import ScenarioError, find, load, loads
from regtui.session import Session
from regtui.sweep.winner import scenario_text
from regtui.ui.settings import stack_rows

if TYPE_CHECKING:
    from tests.own.conftest import MakeFolder

COUNTS = {"cat": 30, "dog": 60}


def test_the_ladder_is_asked_of_ones_own_pictures(make_folder: MakeFolder) -> None:
    root = make_folder(COUNTS)
    ladder = load(find("ladder"))
    scenario = with_data(ladder, "folder:pets", root.parent)
    assert [arm.stack for arm in scenario.arms] == [arm.stack for arm in ladder.arms]
    assert {(arm.data.train, arm.data.validation, arm.data.test) for arm in scenario.arms} == {(58, 14, 18)}
    assert all(arm.lesson is None and arm.data.test_shift.is_identity for arm in scenario.arms)
    assert scenario.claims == ladder.claims and scenario.id == "overfitting/ladder@pets"
    assert "always saying dog" in scenario.story


def test_batches_of_a_small_set_are_as_many_as_it_has_samples_for(make_folder: MakeFolder) -> None:
    scenario = with_data(load(find("ladder")), f"folder:{make_folder({'cat': 10, 'dog': 10}, 'few')}", Path())
    (data,) = {arm.data for arm in scenario.arms}
    assert data.train == 13 and {arm.train.batch_size for arm in scenario.arms} == {4}


def test_the_copied_line_names_the_data(make_folder: MakeFolder) -> None:
    root = make_folder(COUNTS)
    session = Session(with_data(load(find("ladder")), "folder:pets", root.parent))
    line = command_line(session, "+ dropout", 2).line
    assert line == f"regtui run overfitting/ladder --data folder:{root} --arm '+ dropout' --seeds 2"


def test_the_stack_pane_shows_the_data_and_no_shift(make_folder: MakeFolder) -> None:
    root = make_folder(COUNTS)
    scenario = with_data(load(find("ladder")), "folder:pets", root.parent)
    rows = {row.key: row.text for row in stack_rows(scenario.arms[0]) if row.kind == "group"}
    assert rows["data"] == "pets  58  64 px" and "test" not in rows


def test_texts_get_a_scenario_of_texts(table: Path) -> None:
    assert preset_for(f"text:{table}") == "dropout/transformer"
    assert preset_for("wordnet") == "dropout/transformer" and preset_for("cifar10") == "overfitting/ladder"
    assert with_data(load(find("transformer")), "text:reviews.csv", table.parent).arms[0].data.length == 16
    with pytest.raises(ScenarioError, match=r"cnn, which takes image; text:.*reviews.csv is text"):
        with_data(load(find("ladder")), "text:reviews.csv", table.parent)


def test_data_that_cannot_be_used_are_refused_by_the_option(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"--data: .*not there"):
        with_data(load(find("ladder")), "folder:nowhere", tmp_path)
    with pytest.raises(ScenarioError, match='"cifar10"'):
        with_data(load(find("ladder")), "cifar1", tmp_path)


def test_the_winner_of_a_sweep_on_own_data_is_a_scenario_file(make_folder: MakeFolder) -> None:
    root = make_folder(COUNTS)
    scenario = with_data(load(find("ladder")), "folder:pets", root.parent)
    text = scenario_text(scenario, scenario.arms[0], scenario.arms[1], "1")
    assert "content" not in text
    assert loads(text, source="winner.toml", id="x/winner").arms[0].data == scenario.arms[0].data
