"""The winner's scenario file is a scenario file, of exactly these two arms."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from regtui.scenario import find, load, run_spec
from regtui.spec import spec_hash
from regtui.sweep.space import applied, parse_space
from regtui.sweep.winner import WINNER, differences, scenario_text


@pytest.mark.parametrize("name", ["overfitting/ladder", "dropout/transformer", "layernorm/pre-or-post"])
def test_every_arm_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    scenario = load(find(name))
    for arm in scenario.arms:
        swept, _ = parse_space(["train.lr=1e-4:1e-2:log"], arm)
        winner = msgspec.structs.replace(applied(swept, {"train.lr": 0.00123}), name=WINNER, lesson=None)
        path = tmp_path / "winner.toml"
        path.write_text(scenario_text(scenario, arm, winner, "0123"), encoding="utf-8")
        found = load(path)
        for index, wanted in enumerate([arm, winner]):
            got = msgspec.structs.replace(found.arms[index], studies=wanted.studies)
            assert spec_hash(run_spec("s", got, 0)) == spec_hash(run_spec("s", wanted, 0))
            assert got.name == wanted.name
        assert found.claims[0].check.of == WINNER


def test_only_what_was_changed_differs() -> None:
    arm = load(find("overfitting/ladder")).arm("+ dropout")
    swept, _ = parse_space(["dropout.p=0:0.7"], arm)
    old = next(entry for entry in arm.stack if entry.name == "dropout")
    key = f"{old.key}.p"
    assert differences(arm, applied(swept, {"dropout.p": 0.5})) == {key: (old.params["p"], 0.5)}
