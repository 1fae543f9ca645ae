"""What the tests of own data share: small folders of pictures, a table of texts, a cache of their own."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest
from PIL import Image

from regtui.catalog import DATASETS, MODELS
from regtui.own import pictures, texts
from regtui.scenario import Scenario, loads

SCENARIO = """
title = "t"
section = "overfitting"
question = "q"
[base]
data = {{ name = "{name}"{more} }}
model = {{ {model} }}
train = {{ epochs = 2, batch_size = 8, evaluations = 2, probes = 2 }}
[[arms]]
name = "a"
"""


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty cache, and a catalog that forgets what was adopted."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = dict(DATASETS)
    pictures.prepare.cache_clear()
    texts.read.cache_clear()
    texts._read.cache_clear()
    yield
    DATASETS.clear()
    DATASETS.update(before)


@pytest.fixture
def models_of_ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The catalog forgets adopted models; factories are found from the root of the repository."""
    before = dict(MODELS)
    monkeypatch.chdir(Path(__file__).parents[2])
    yield
    MODELS.clear()
    MODELS.update(before)


class MakeFolder(Protocol):
    def __call__(self, counts: Mapping[str, int], at: str = ..., *, mode: str = ..., seed: int = ...) -> Path: ...


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Makes a folder of noise, brighter from class to class, a folder a class, each picture of a size of its own."""

    def make(counts: Mapping[str, int], at: str = "pets", *, mode: str = "RGB", seed: int = 0) -> Path:
        draws = random.Random(seed)
        for level, (name, count) in enumerate(counts.items()):
            place = tmp_path / at / name
            place.mkdir(parents=True)
            for number in range(count):
                size = draws.randint(20, 40), draws.randint(20, 40)
                picture = Image.new(mode, size, (80 * level + draws.randint(0, 60),) * 3 if mode == "RGB" else 9)
                picture.putpixel((0, 0), (draws.randint(0, 255),) * 3 if mode == "RGB" else draws.randint(0, 255))
                picture.save(place / f"{number}.png")
        return tmp_path / at

    return make


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """120 reviews, two in three good."""
    draws = random.Random(0)
    filler = ["the", "film", "was", "a", "story", "with", "some", "music", "and", "it"]
    rows = ["text,label"]
    for number in range(120):
        good = number % 3 != 0
        words = [*draws.choices(filler, k=6), draws.choice(["great", "fine"] if good else ["awful", "dull"])]
        rows.append(f'"{" ".join(words)}, {number}",{"good" if good else "bad"}')
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


class MakeScenario(Protocol):
    def __call__(self, name: str, more: str = ..., model: str = ..., root: Path | None = ...) -> Scenario: ...


@pytest.fixture
def scenario() -> MakeScenario:
    """One arm on the named data."""

    def make(name: str, more: str = "", model: str = 'name = "cnn", width = 2', root: Path | None = None) -> Scenario:
        text = SCENARIO.format(name=name, more=f", {more}" if more else "", model=model)
        return loads(text, source="own.toml", id="x/own", root=root)

    return make
