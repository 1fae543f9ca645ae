"""Data of the user's own as tasks: pictures of a folder, texts of a table.

A task of own data holds no test samples: `revealed` gives those, for the one look at them that a run is allowed.
"""

from __future__ import annotations

import msgspec
import torch
from torch import Tensor

from regtui import own
from regtui.catalog import Dataset
from regtui.engine import splits
from regtui.engine.randomness import Randomness
from regtui.engine.splits import Selection, Split, select, stratified_order
from regtui.engine.streaming import Streamed, StreamedSplit, free_memory, gathered, mapped
from regtui.engine.tasks import ImageData
from regtui.engine.text import TextData, Vocabulary, build_vocabulary, wordnet_synonyms
from regtui.own import pictures, texts
from regtui.spec import DataSpec


def load(spec: DataSpec, randomness: Randomness, vocabulary: Vocabulary | None = None) -> ImageData | TextData:
    """The task of own data on the device of `randomness`.

    Raises ValueError, with a sentence for people, for data that are not there or not those of the spec.
    """
    _check(spec)
    return _load_texts(spec, randomness, vocabulary) if spec.name.startswith("text:") else _load(spec, randomness)


def revealed(spec: DataSpec, task: ImageData | TextData) -> Split:
    """The test samples of own data, on the device of the task. Raises ValueError as `load` does."""
    _check(spec)
    path, device = own.path_of(spec.name), task.clean.labels.device
    if isinstance(task, TextData):
        table = texts.read(path)
        chosen = stratified_order(torch.tensor(table.labels["test"]))[: spec.test]
        ids = task.vocabulary.encode((table.texts["test"][i] for i in chosen), spec.length)
        return Split(ids.to(device), torch.tensor(table.labels["test"])[chosen].to(device))
    prepared = pictures.prepare(path, spec.size, spec.fit)
    labels = torch.tensor(prepared.labels["test"])
    chosen = stratified_order(labels)[: spec.test]
    return Split(gathered(mapped(prepared), torch.tensor(prepared.rows["test"])[chosen], device),
                 labels[chosen].to(device))  # fmt: skip


def _check(spec: DataSpec) -> None:
    path = own.path_of(spec.name)
    is_text = spec.name.startswith("text:")
    here = texts.read(path).content if is_text else pictures.prepare(path, spec.size, spec.fit).content
    if here != spec.content:
        raise ValueError(
            f"{path} holds other data on this machine than those that the run was asked for. If its samples have "
            "changed, a new run takes them as they are now, in an explorer once it was left and started again; if "
            "another folder is there, bring the same data to the same path"
        )
    if not spec.test_shift.is_identity:
        raise ValueError("data.test_shift moves test pictures of the catalog; your own are measured as they are")


def _load(spec: DataSpec, randomness: Randomness) -> ImageData:
    prepared = pictures.prepare(own.path_of(spec.name), spec.size, spec.fit)
    record, device = own.adopt(spec.name, size=spec.size, fit=spec.fit).record, randomness.device
    pixels = mapped(prepared)
    rows = {part: torch.tensor(given) for part, given in prepared.rows.items()}
    labels = {part: torch.tensor(given) for part, given in prepared.labels.items()}
    chosen, (part, held_out) = _selected(spec, record, labels, randomness)

    trained = rows["train"][chosen.train]
    train: Split | StreamedSplit
    if trained.numel() * pixels[0].numel() * 4 <= free_memory(device):
        train = Split(gathered(pixels, trained, device), chosen.labels.to(device))
    else:
        train = StreamedSplit(Streamed(pixels, trained, device), chosen.labels.to(device))
    clean = splits.CLEAN_SAMPLES
    return ImageData(
        train=train,
        clean=Split(train.inputs[:clean], train.labels[:clean]),
        validation=Split(gathered(pixels, rows[part][held_out], device), labels[part][held_out].to(device)),
        test=None,
        true_clean_labels=chosen.true_labels[:clean].to(device) if spec.label_noise else None,
        classes=record.classes,
        shape=(prepared.channels, prepared.size, prepared.size),
        mean=torch.tensor(prepared.mean, device=device),
        std=torch.tensor(prepared.std, device=device),
    )


def _load_texts(spec: DataSpec, randomness: Randomness, vocabulary: Vocabulary | None) -> TextData:
    table, record = texts.read(own.path_of(spec.name)), own.adopt(spec.name).record
    labels = {part: torch.tensor(given) for part, given in table.labels.items()}
    chosen, (part, held_out) = _selected(spec, record, labels, randomness)
    trained = [table.texts["train"][i] for i in chosen.train]
    words = vocabulary or build_vocabulary(trained, wordnet_synonyms())
    device, clean = randomness.device, splits.CLEAN_SAMPLES
    train = Split(words.encode(trained, spec.length).to(device), chosen.labels.to(device))
    validation = words.encode((table.texts[part][i] for i in held_out), spec.length)
    return TextData(
        train=train,
        clean=Split(train.inputs[:clean], train.labels[:clean]),
        validation=Split(validation.to(device), labels[part][held_out].to(device)),
        test=None,
        true_clean_labels=chosen.true_labels[:clean].to(device) if spec.label_noise else None,
        classes=record.classes,
        vocabulary=words,
        length=spec.length,
        cut=sum(len(row) > spec.length for row in words.rows(trained)),
    )


def _selected(
    spec: DataSpec, record: Dataset, labels: dict[str, Tensor], randomness: Randomness
) -> tuple[Selection, tuple[str, Tensor]]:
    """The training samples, and the validation samples as their part and places in it."""
    if not record.validation_samples:
        chosen = select(spec, record, labels["train"], labels["test"], randomness)
        return chosen, ("train", chosen.validation)
    alone = msgspec.structs.replace(spec, validation=0)
    chosen = select(alone, record, labels["train"], labels["test"], randomness)
    return chosen, ("validation", stratified_order(labels["validation"])[: spec.validation])
