"""Data of one's own on the screen: validation until the test part is revealed, and what that takes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from regtui.catalog import DATASETS
from regtui.events import Cost, Evaluated, Finished, Measured, Revealed, Started
from regtui.scenario import Scenario, loads

OWN = """
title = "Pets"
section = "overfitting"
question = "Which?"
[base]
data = { name = "folder:pets", size = 8 }
train = { epochs = 1, batch_size = 4 }
[[arms]]
name = "plain"
[[quiz]]
question = "Who memorizes?"
choices = ["plain", "nobody"]
answer = 0
because = "plain does."
"""


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scenario:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for level, (name, count) in enumerate({"cat": 10, "dog": 20}.items()):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(count):
            Image.new("L", (8, 8), 100 * level + number).save(tmp_path / "pets" / name / f"{number}.png")
    name = f"folder:{tmp_path / 'pets'}"
    monkeypatch.setitem(DATASETS, name, DATASETS["fashion-mnist"])  # so that what is adopted is forgotten afterwards
    return loads(OWN, source="test", id="x/pets", root=tmp_path)


async def test_validation_stands_for_test_until_it_is_revealed(explore: Callable[..., Any], pets: Scenario) -> None:
    async with explore(scenario=pets) as user:
        await user.sees("always saying dog", "train/val")
        (probe,) = user.runner.probes
        assert probe.kind == "cost"
        user.runner.deliver(Cost(ask=probe.ask, seconds=75, weights=2**20, data=2**20, free=2**30, device="cpu"))
        await user.sees("about 1:15 a run and seed on cpu, 2 MiB")
        await user.press("space")
        await user.until(lambda: user.runner.requests, "a run")
        (request,) = user.runner.requests
        run = request.run
        for event in (
            Started(run=run, device="cpu", device_label="", threads=1, precision="fp32", parameters=1, total_steps=4,
                    steps_per_epoch=4, train_samples=19, clean_samples=19, classes=["cat", "dog"]),
            Evaluated(run=run, step=4, epoch=1.0, seconds=1.0, train=Measured(loss=0.1, accuracy=90.0),
                      validation=Measured(loss=0.2, accuracy=70.0)),
            Finished(run=run, step=4, seconds=1.0, wall_seconds=1.0, samples_per_s=1.0),
        ):  # fmt: skip
            user.runner.deliver(event)
        await user.sees("validation is shown", "70.0", "gap 20.0")
        await user.press("z", "1")
        await user.sees("Your runs (train/val): plain 90.0/70.0, gap 20.0.")
        await user.press("escape")
        await user.press("R")
        assert "one look" in user.toasts and len(user.runner.requests) == 1
        await user.press("R")
        assert user.runner.requests[-1].reveal and user.runner.requests[-1].run == run
        user.runner.deliver(Revealed(run=run, step=4, test=Measured(loss=0.3, accuracy=60.0), samples=6,
                                     at="2026-01-02T03:04:05Z"))  # fmt: skip
        await user.sees("revealed 2026-01-02 03:04 UTC", "train/test", "60.0", "gap 30.0")


async def test_data_that_have_changed_are_told_before_any_worker_is_asked(
    explore: Callable[..., Any], pets: Scenario, tmp_path: Path
) -> None:
    async with explore(scenario=pets) as user:
        picture = tmp_path / "pets" / "cat" / "0.png"
        os.utime(picture, (1, 1))  # another time alone is no change
        await user.press("m")
        await user.until(lambda: user.runner.requests, "a run")
        user.app.open_scenario(pets)
        Image.new("L", (8, 8), 255).save(picture)
        await user.press("space")
        await user.until(lambda: "has changed since regtui read it. Leave regtui and start it again" in user.toasts)
        picture.unlink()
        shutil.rmtree(tmp_path / "pets" / "dog")
        await user.press("s")
        await user.until(lambda: "Nothing was started: " in user.toasts and "one class, cat" in user.toasts)
        assert len(user.runner.requests) == 1


async def test_where_test_is_shown_there_is_nothing_to_reveal(explore: Callable[..., Any]) -> None:
    async with explore() as user:
        await user.press("R")
        assert "Only the test part of data of your own is kept apart" in user.toasts
        assert not user.runner.probes and "train/test" in user.text
