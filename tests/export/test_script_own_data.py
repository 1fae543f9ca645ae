"""Scripts of runs on data of the user's own repeat their numbers from the samples beside them, the test part apart."""

from __future__ import annotations

import contextlib
import io
import random
import runpy
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from regtui.catalog import DATASETS, REGULARIZERS
from regtui.commands import RunRequest
from regtui.engine import loop
from regtui.engine.control import Control
from regtui.export.errors import ExportError
from regtui.export.script import write_script
from regtui.export.stored import StoredRun, read
from regtui.own import adopt, pictures, texts
from regtui.spec import DataSpec, ModelSpec, RunSpec, Scalar, StackEntry, TrainSpec
from regtui.store import Recorder, new_run_id

TRAIN = TrainSpec(epochs=1, batch_size=8, evaluations=1, probes=1, lr=8e-3, evaluation_batch=40)
CNN = ModelSpec(name="cnn", params={"width": 2})
BERT = ModelSpec(name="bert", params={"layers": 1, "width": 8, "heads": 2, "norm_place": "pre", "weights": "random"})


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    before = dict(DATASETS)
    yield
    DATASETS.clear()
    DATASETS.update(before)
    pictures.prepare.cache_clear()
    texts.read.cache_clear()


def entry(name: str, where: str, **params: Scalar) -> StackEntry:
    record = REGULARIZERS[name]
    return StackEntry(name=name, where=where, params={p.name: p.default for p in record.params} | params)


def folder_of(root: Path, mode: str, *, parts: tuple[str, ...] = ("",)) -> str:
    """Three classes of small pictures; with a val part of its own where `parts` says so."""
    draws = random.Random(0)
    for part in parts:
        for level, name in enumerate(("cat", "cow", "dog")):
            place = root / "pets" / part / name
            place.mkdir(parents=True)
            for number in range(8 + 4 * level):
                picture = Image.new(mode, (14, 12), 60 * level if mode == "L" else (60 * level, 9, 99))
                for _ in range(20):
                    dot = draws.randrange(256) if mode == "L" else tuple(draws.randrange(256) for _ in range(3))
                    picture.putpixel((draws.randrange(14), draws.randrange(12)), dot)
                picture.save(place / f"{number}.png")
    return f"folder:{root / 'pets'}"


def table_of(root: Path) -> str:
    draws = random.Random(0)
    rows = [f"{' '.join(draws.choices('a dog cat sees big little old'.split(), k=6))} {word}\t{word}"  # noqa: SIM905
            for word in ("good", "bad") for _ in range(40)]  # fmt: skip
    (root / "reviews.tsv").write_text("\n".join(rows))
    return f"text:{root / 'reviews.tsv'}"


def trained(root: Path, name: str, model: ModelSpec, *stack: StackEntry, **data: Scalar) -> StoredRun:
    """A run on all samples, trained in this process and stored."""
    found = adopt(name, size=int(data.get("size", 0)))
    spec = RunSpec(
        scenario="overfitting/ladder", arm="+ x", seed=3, data=DataSpec(name=name, **{**found.defaults, **data}),
        stack=stack, model=model, train=TRAIN,
    )  # fmt: skip
    run, recorder = new_run_id(), Recorder(root / "runs")
    recorder.open(run, spec)
    loop.train(RunRequest(run=run, spec=spec), recorder.append, Control(), None)
    recorder.close()
    return read(root / "runs" / run)


def said(folder: Path) -> list[str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        runpy.run_path(str(folder / "train.py"), run_name="__main__")
    return out.getvalue().splitlines()


def expected(stored: StoredRun) -> list[str]:
    splits = [(e.step, (("train", e.train), ("validation", e.validation))) for e in stored.history.evaluations]
    return [
        f"step {step}  " + "  ".join(f"{name} {found.loss!r} {found.accuracy!r}" for name, found in row if found)
        for step, row in splits
    ]


def test_colour_pictures_under_everything_that_looks_at_size_channels_or_classes(tmp_path: Path) -> None:
    stack = (
        entry("affine", "input"), entry("randaugment", "input"), entry("color_jitter", "input"),
        entry("random_erasing", "input"), entry("batchnorm", "conv"), entry("mixup", ""), entry("label_smoothing", ""),
    )  # fmt: skip
    stack = tuple(
        msgspec.structs.replace(e, where=e.where if e.where in REGULARIZERS[e.name].sites else
                                (REGULARIZERS[e.name].sites or ("",))[0]) for e in stack)  # fmt: skip
    stored = trained(tmp_path, folder_of(tmp_path, "RGB"), CNN, *stack, size=12, label_noise=0.2)
    write_script(stored, tmp_path / "script")
    assert said(tmp_path / "script") == expected(stored)
    written = (tmp_path / "script" / "train.py").read_text()
    assert "regtui" not in written.partition('"""')[2].partition('"""')[2] and str(tmp_path) not in written


def test_gray_pictures_with_a_validation_part_of_their_own(tmp_path: Path) -> None:
    stored = trained(tmp_path, folder_of(tmp_path, "L", parts=("train", "val")), CNN)
    write_script(stored, tmp_path / "script")
    assert said(tmp_path / "script") == expected(stored)


def test_texts(tmp_path: Path) -> None:
    stored = trained(tmp_path, table_of(tmp_path), BERT, entry("synonym_replacement", "input", p=0.5))
    write_script(stored, tmp_path / "script")
    assert said(tmp_path / "script") == expected(stored)
    held_back = len((tmp_path / "reviews.tsv").read_text().splitlines()) - stored.spec.data.test
    assert len((tmp_path / "script" / "data.tsv").read_text().split("\n")) == held_back, "the test part stays sealed"


def test_data_that_have_changed_are_refused(tmp_path: Path) -> None:
    name = table_of(tmp_path)
    stored = trained(tmp_path, name, BERT)
    with (tmp_path / "reviews.tsv").open("a") as file:
        file.write("\none more\tgood")
    texts.read.cache_clear()
    with pytest.raises(ExportError, match=r"its data have changed: .*reviews.tsv holds other samples"):
        write_script(stored, tmp_path / "script")
