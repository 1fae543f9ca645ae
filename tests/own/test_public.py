"""torchvision's data sets: found where they are said to be, else a sentence that says what to do."""

from __future__ import annotations

import importlib.util
import struct
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import torch
from torchvision import datasets as torchvision_datasets

from regtui import paths
from regtui.catalog import DATASETS
from regtui.cli import main
from regtui.data import public as checksums
from regtui.engine import datasets, public
from regtui.engine.randomness import CPU, Randomness
from regtui.spec import DataSpec


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data root with a MNIST of 40 training and 20 test pictures, in its own file format."""
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    generator = torch.Generator().manual_seed(0)
    for name, count in (("train", 40), ("t10k", 20)):
        pixels = torch.randint(256, (count, 28, 28), dtype=torch.uint8, generator=generator)
        labels = (torch.arange(count) % 10).to(torch.uint8)
        head = struct.pack(">iiii", 0x803, count, 28, 28)
        (raw / f"{name}-images-idx3-ubyte").write_bytes(head + pixels.numpy().tobytes())
        (raw / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">ii", 0x801, count) + labels.numpy().tobytes())
    monkeypatch.setenv(paths.DATA_ROOT, str(tmp_path))
    monkeypatch.delenv(paths.DOWNLOAD, raising=False)
    public._source.cache_clear()
    yield tmp_path
    public._source.cache_clear()


def test_a_data_set_is_read_from_the_data_root(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = msgspec.structs.replace(DATASETS["mnist"], train_samples=40, test_samples=20)
    monkeypatch.setitem(DATASETS, "mnist", small)
    oracle = torchvision_datasets.MNIST(str(root))
    assert torch.equal(public.source("mnist").train[:, 0], oracle.data)
    pixels = oracle.data / 255
    assert public.source("mnist").mean[0] == pytest.approx(pixels.mean().item())
    assert public.source("mnist").std[0] == pytest.approx(pixels.std(correction=0).item())
    task = datasets.load(DataSpec(name="mnist", train=20, validation=10, test=10), Randomness(0, CPU))
    assert task.test is not None and task.train.inputs[:].shape == (20, 1, 28, 28)


@pytest.mark.usefixtures("root")
def test_what_is_not_all_there_is_refused() -> None:
    with pytest.raises(ValueError, match="has 40 training and 20 test pictures, not 60000 and 10000"):
        public.source("mnist")


def test_what_is_not_there_names_both_options(root: Path) -> None:
    for name in ("cifar10", "cifar100", "kmnist", "fashion-mnist-full", "svhn"):
        with pytest.raises(ValueError, match=f"{name} is not in {root}.*--data-root DIR.*--download"):
            public.source(name)
    assert not (root / "cifar-10-python.tar.gz").exists()


@pytest.mark.usefixtures("root")
def test_a_fetch_that_fails_says_where_the_files_go(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz:\nTried http://nowhere")

    monkeypatch.setattr("torchvision.datasets.MNIST", failing)
    monkeypatch.setenv(paths.DOWNLOAD, "1")
    with pytest.raises(ValueError, match=r"mnist could not be fetched into .*ubyte.gz\); try again .*MNIST as torchvi"):
        public.source("mnist")


def test_a_command_on_a_set_that_is_not_here_ends_before_anything_starts(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "ladder", "--data", "kmnist", "--data-root", str(root / "empty")]) == 2
    assert "kmnist: is not in" in (told := capsys.readouterr().err) and "--download" in told


@pytest.mark.usefixtures("root")
@pytest.mark.skipif(importlib.util.find_spec("scipy") is not None, reason="scipy is installed")
def test_svhn_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchvision_datasets.SVHN, "_check_integrity", lambda _: True)
    with pytest.raises(ValueError, match=r"svhn needs the package scipy: pip install 'regtui\[svhn\]'"):
        public.source("svhn")


def test_the_checksums_and_classes_are_torchvisions() -> None:
    kinds = {name: getattr(torchvision_datasets, kind) for name, kind in public.CLASSES.items()}
    assert kinds.keys() == checksums.CHECKSUMS.keys()
    for name, kind in kinds.items():
        if name.startswith("cifar"):
            known = (kind.tgz_md5,)
        elif name == "svhn":
            known = tuple(kind.split_list[split][2] for split in ("train", "test"))
        else:
            known = tuple(md5 for _, md5 in kind.resources)
        assert checksums.CHECKSUMS[name] == known
        place = kind.base_folder if name.startswith("cifar") else kind.__name__
        assert checksums.PLACES[name] == (kind.split_list["train"][1] if name == "svhn" else place)
    assert len(set(checksums.CIFAR100_CLASSES)) == 100 and list(checksums.CIFAR100_CLASSES) == sorted(
        checksums.CIFAR100_CLASSES
    )
    assert tuple(torchvision_datasets.KMNIST.classes) == checksums.KUZUSHIJI
