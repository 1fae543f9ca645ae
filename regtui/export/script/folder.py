"""The folder: script, data and a line on how to run it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from PIL import Image

from regtui import data
from regtui.export.errors import ExportError
from regtui.export.script.batch import synonyms
from regtui.export.script.load import is_pretrained
from regtui.export.script.samples import own_pictures, own_texts, samples_of, tensor_file
from regtui.export.script.support import refusal
from regtui.export.script.text import recorded, script, spoken
from regtui.export.stored import StoredRun
from regtui.spec import RunSpec

_SOURCES = {
    "fashion-mnist": "data.safetensors: a part of Fashion-MNIST, (c) 2017 Zalando SE, MIT licence "
    "(LICENSE.fashion-mnist).",
    "wordnet": "wordnet_*: from WordNet 3.0, (c) 2006 Princeton University (LICENSE.wordnet).",
}


def write_script(stored: StoredRun, folder: Path) -> None:
    """Write train.py, data.safetensors and README.md into a new folder, all of it or nothing.

    Raises ExportError for a run that cannot be said in plain code, for a folder that has something in it and for one
    that cannot be written.
    """
    if reason := refusal(stored):
        raise ExportError(reason)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} is there already; name another folder with -o, or take it away")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".regtui-") as made:
            inside = Path(made, "script")
            inside.mkdir()
            (inside / "train.py").write_text(script(stored), encoding="utf-8")
            _put_data(stored.spec, inside)
            (inside / "README.md").write_text(_readme(stored), encoding="utf-8")
            inside.replace(folder)
    except OSError as error:
        raise ExportError(f"{folder} cannot be written: {error.strerror or error}") from None


def _put_data(spec: RunSpec, inside: Path) -> None:
    """The samples, the licence they are under and, where the run began with them, the pretrained weights."""
    found = samples_of(spec.data)
    if found.is_own and found.is_text:
        (inside / "data.tsv").write_text(own_texts(spec.data), encoding="utf-8")
        shutil.copy(data.wordnet_synonyms(), inside)
        if is_pretrained(spec):
            shutil.copy(data.bert_checkpoint(), inside)
        shutil.copy(data.DIRECTORY / "LICENSE.wordnet", inside)
    elif found.is_own:
        (inside / "data.safetensors").write_bytes(own_pictures(spec.data))
    elif spec.data.name == "wordnet":
        shutil.copy(data.wordnet_definitions(), inside)
        if synonyms(spec) or not is_pretrained(spec):
            shutil.copy(data.wordnet_synonyms(), inside)
        if is_pretrained(spec):
            shutil.copy(data.bert_checkpoint(), inside)
        shutil.copy(data.DIRECTORY / "LICENSE.wordnet", inside)
    else:
        (inside / "data.safetensors").write_bytes(_tensors())
        shutil.copy(data.DIRECTORY / "LICENSE.fashion-mnist", inside)


def _readme(stored: StoredRun) -> str:
    last = recorded(stored)
    compare = f" The run itself ended with\n\n    {last}\n" if last else "\n"
    return (
        f"# {spoken(stored.spec.scenario)}: {spoken(stored.spec.arm)}, seed {stored.spec.seed}\n\n"
        "`python train.py` needs torch and nothing else. It prints loss (nats) and accuracy (percent) of each split;\n"
        f"on the same CPU with the same torch they are those of the run, bit for bit.{compare}\n"
        f"{_SOURCES.get(stored.spec.data.name) or _own_source(stored.spec)}\n"
    )


def _own_source(spec: RunSpec) -> str:
    file = "data.tsv" if samples_of(spec.data).is_text else "data.safetensors"
    more = f" {_SOURCES['wordnet']}" if file == "data.tsv" else ""
    return f"{file}: your own samples for training and validation; the test part is not in it.{more}"


def _tensors() -> bytes:
    """The embedded pictures and labels."""
    train, test = _pictures()
    labels = [bytes(map(int, line)) for line in data.fashion_labels().read_text().split()]
    shape = [data.PER_SPLIT, 1, data.TILE, data.TILE]
    return tensor_file([
        ("train_images", shape, train), ("test_images", shape, test),
        ("train_labels", [data.PER_SPLIT], labels[0]), ("test_labels", [data.PER_SPLIT], labels[1]),
    ])  # fmt: skip


def _pictures() -> tuple[bytes, bytes]:
    """The sheet cut into its pictures, each a row after row of gray bytes; training and test pictures."""
    with Image.open(data.fashion_sheet()) as sheet:
        tiles = [
            sheet.crop((x, y, x + data.TILE, y + data.TILE)).tobytes()
            for y in range(0, sheet.height, data.TILE)
            for x in range(0, sheet.width, data.TILE)
        ]
    return b"".join(tiles[: data.PER_SPLIT]), b"".join(tiles[data.PER_SPLIT :])
