"""Folders of pictures: what torchvision would make of them, what is left out, and what decides their identity."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from PIL import Image
from torchvision import datasets as torchvision_datasets
from torchvision.transforms import v2

from regtui.engine.streaming import gathered, mapped
from regtui.own import OwnDataError, adopt, described, pictures, squares

if TYPE_CHECKING:
    from tests.own.conftest import MakeFolder

COUNTS = {"cat": 10, "dog": 20, "owl": 10}


def as_set(images: torch.Tensor, labels: torch.Tensor) -> Counter[tuple[bytes, int]]:
    bytes_of = (images * 255).round().to(torch.uint8)
    return Counter((one.numpy().tobytes(), int(label)) for one, label in zip(bytes_of, labels, strict=True))


@pytest.mark.parametrize("fit", ["crop", "stretch"])
def test_pictures_are_what_torchvision_makes_of_the_folder(make_folder: MakeFolder, fit: pictures.Fit) -> None:
    root = make_folder(COUNTS)
    prepared = pictures.prepare(root, 24, fit)
    steps = [v2.Resize(24), v2.CenterCrop(24)] if fit == "crop" else [v2.Resize((24, 24))]
    oracle = torchvision_datasets.ImageFolder(root, transform=v2.Compose([*steps, v2.PILToTensor()]))
    expected = as_set(torch.stack([image for image, _ in oracle]) / 255, torch.tensor(oracle.targets))
    rows = torch.tensor([*prepared.rows["train"], *prepared.rows["test"]])
    labels = torch.tensor([*prepared.labels["train"], *prepared.labels["test"]])
    assert list(prepared.classes) == oracle.classes
    assert as_set(gathered(mapped(prepared), rows, torch.device("cpu")), labels) == expected


def test_the_test_part_is_stratified_and_follows_from_the_content_alone(make_folder: MakeFolder) -> None:
    root = make_folder(COUNTS)
    first = pictures.prepare(root, 16)
    assert Counter(first.labels["test"]) == {0: 2, 1: 4, 2: 2}
    assert not set(first.rows["test"]) & set(first.rows["train"])
    for number, path in enumerate(sorted((root / "dog").iterdir())):
        path.rename(path.with_name(f"renamed{-number}.png"))
    pictures.prepare.cache_clear()
    again = pictures.prepare(root, 16)
    assert again.content == first.content and again.labels == first.labels


def test_any_change_of_a_picture_or_its_class_changes_the_content(make_folder: MakeFolder) -> None:
    root = make_folder(COUNTS)
    before = pictures.prepare(root, 16).content
    shutil.move(root / "dog" / "0.png", root / "cat" / "moved.png")
    pictures.prepare.cache_clear()
    moved = pictures.prepare(root, 16).content
    Image.new("RGB", (30, 30), (1, 2, 3)).save(root / "owl" / "new.png")
    pictures.prepare.cache_clear()
    assert len({before, moved, pictures.prepare(root, 16).content}) == 3


def test_prepared_pictures_are_read_again_without_decoding(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder(COUNTS)
    first = pictures.prepare(root, 16)
    pictures.prepare.cache_clear()
    monkeypatch.setattr(squares, "decoded", None)
    assert pictures.prepare(root, 16) == first


def test_given_parts_are_used_as_they_are(make_folder: MakeFolder) -> None:
    for part, counts in (("train", COUNTS), ("val", {"cat": 3, "owl": 2}), ("test", {"dog": 4})):
        make_folder(counts, f"data/{part}", seed=len(part))
    prepared = pictures.prepare(make_folder({"x": 1}).parent / "data", 16)
    assert {part: len(rows) for part, rows in prepared.rows.items()} == {"train": 40, "validation": 5, "test": 4}


def test_mean_and_deviation_are_those_of_the_training_pictures(make_folder: MakeFolder) -> None:
    prepared = pictures.prepare(make_folder(COUNTS), 16)
    images = gathered(mapped(prepared), torch.tensor(prepared.rows["train"]), torch.device("cpu"))
    torch.testing.assert_close(torch.tensor(prepared.mean), images.mean((0, 2, 3)))
    torch.testing.assert_close(torch.tensor(prepared.std), images.std((0, 2, 3), correction=0))


def test_gray_pictures_stay_gray_and_16_bits_become_8(make_folder: MakeFolder) -> None:
    root = make_folder({"a": 6, "b": 6}, mode="L")
    Image.new("I;16", (30, 30), 257 * 100).save(root / "a" / "deep.png")
    prepared = pictures.prepare(root, 16)
    assert prepared.channels == 1
    everything = mapped(prepared)
    assert (everything.flatten(1) == 100).all(1).sum() == 1


def test_a_broken_file_is_left_out_by_name(make_folder: MakeFolder) -> None:
    root = make_folder(COUNTS)
    (root / "dog" / "3.png").write_bytes((root / "dog" / "3.png").read_bytes()[:60])
    prepared = pictures.prepare(root, 16)
    assert prepared.pictures == 39
    assert [line.partition(" ")[0] for line in prepared.skipped] == ["dog/3.png"]
    assert "dog/3.png" in adopt(f"folder:{root}").notes[0]


def test_too_many_broken_files_are_refused(make_folder: MakeFolder) -> None:
    root = make_folder(COUNTS)
    for number in range(5):
        (root / "dog" / f"{number}.png").write_bytes(b"not a picture")
    with pytest.raises(OwnDataError, match=r"5 of 40 pictures cannot be decoded, more than 10%.*dog/0.png"):
        pictures.prepare(root, 16)
    assert not list(Path(os.environ["XDG_CACHE_HOME"]).rglob(".*.new"))


def test_what_no_network_could_learn_is_refused_in_a_sentence(tmp_path: Path, make_folder: MakeFolder) -> None:
    with pytest.raises(OwnDataError, match="not there"):
        pictures.prepare(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(OwnDataError, match="needs one a class"):
        pictures.prepare(tmp_path / "empty")
    with pytest.raises(OwnDataError, match="one class, cat"):
        pictures.prepare(make_folder({"cat": 5}, "single"))
    (make_folder(COUNTS, "hole") / "void").mkdir()
    with pytest.raises(OwnDataError, match="void holds no pictures"):
        pictures.prepare(tmp_path / "hole")
    make_folder({"cat": 4, "dog": 4}, "odd/train")
    make_folder({"cow": 4}, "odd/val")
    with pytest.raises(OwnDataError, match="class cow in validation but not in train"):
        pictures.prepare(tmp_path / "odd")
    with pytest.raises(OwnDataError, match="allowed is a whole number from 8 to 512"):
        pictures.prepare(tmp_path / "hole", 4)


def test_the_imbalance_and_what_a_constant_answer_scores_are_told(make_folder: MakeFolder) -> None:
    record = adopt(f"folder:{make_folder({'cat': 10, 'dog': 30})}").record
    assert record.class_counts == (8, 24)
    assert "always saying dog would be right for 75.0 %" in described(record)
    level = adopt(f"folder:{make_folder({'cat': 10, 'dog': 10}, 'level')}").record
    assert "8 of each; always giving the same answer would be right for 50.0 %" in described(level)


def test_a_test_picture_that_was_trained_on_is_told(make_folder: MakeFolder) -> None:
    root = make_folder(COUNTS, "data/train").parent
    (root / "test" / "cat").mkdir(parents=True)
    shutil.copy(root / "train" / "cat" / "0.png", root / "test" / "cat" / "copy.png")
    assert "1 of 1 test pictures are in the training part as well" in adopt(f"folder:{root}").notes[0]
