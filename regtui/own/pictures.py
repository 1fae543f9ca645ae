"""A folder of pictures, one folder a class, as torchvision's ImageFolder reads it: resized once and kept on disk.

Every picture is decoded once, brought to a square of `size` pixels and written to one file that the engine maps into
memory. Which samples there are, in which order and in which part, follows from their content, so a renamed file changes
nothing. Files that cannot be decoded are left out, by name; where too many cannot, nothing is used.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from regtui import paths
from regtui.files import decoded, open_file
from regtui.own.names import OwnDataError
from regtui.own.parts import Sample, check_classes, part_named, with_test_part
from regtui.own.squares import AT_ONCE, GRAY, Fit, squares

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""As torchvision.datasets.folder.IMG_EXTENSIONS; other files are passed over."""
SIZES = (8, 512)
"""Smallest and largest side of a picture, pixels."""
DEFAULT_SIZE = 64
"""Pixels, where the pictures are not all squares of one smaller side."""
MOST_SKIPPED = 0.1
"""Share of the files that may be impossible to decode."""
Tell = Callable[[str], None]


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """The index of a prepared folder."""

    listing: str
    """Digest over path, size and time of every file: whether anything has changed since."""
    content: str
    """Digest over part, class and content of every picture."""
    classes: tuple[str, ...]
    size: int
    """Pixels of either side."""
    channels: int
    rows: dict[str, list[int]]
    """By part (train, validation, test): the places of its pictures in the file of pixels."""
    labels: dict[str, list[int]]
    """Beside `rows`."""
    mean: list[float]
    """A number a channel over all pictures for training, of pixels in [0, 1]."""
    std: list[float]
    skipped: list[str]
    """Files that could not be decoded: path and reason."""
    leaked: int
    """Test pictures that are in the training part as well, byte for byte."""
    pixels: str
    """File of (N, size, size, channels) bytes."""

    @property
    def pictures(self) -> int:
        return sum(len(rows) for rows in self.rows.values())


@lru_cache(maxsize=16)
def prepare(root: Path, size: int = 0, fit: Fit = "crop", tell: Tell | None = None) -> Prepared:
    """The index of a folder whose pictures are ready at this size; they are made so if they are not.

    size  pixels of either side; 0: that of the pictures where they are all equal squares below 64, else 64
    fit   crop: the shorter side is resized, the middle of the longer one is kept, as torchvision's Resize and
          CenterCrop do; stretch: both sides are resized
    tell  is told how far it is, some times a second at most

    Raises OwnDataError, with a sentence for people, for a folder that cannot be used.
    """
    if size and not SIZES[0] <= size <= SIZES[1]:
        raise OwnDataError(f"data.size is {size}; allowed is a whole number from {SIZES[0]} to {SIZES[1]} (pixels)")
    files = _files(root)
    listing = _listing(root, files)
    folder = paths.prepared_dir() / hashlib.sha256(f"{root}|{size}|{fit}".encode()).hexdigest()[:16]
    try:
        known = decoded((folder / "index.json").read_bytes(), Prepared)
        if known.listing == listing and (folder / known.pixels).is_file():
            return msgspec.structs.replace(known, pixels=str(folder / known.pixels))
    except (OSError, msgspec.DecodeError):
        pass  # not prepared yet, or by another version
    try:
        return _made(root, files, listing, folder, size, fit, tell or (lambda _: None))
    except OSError as error:
        raise OwnDataError(
            f"{folder} cannot be written: {error.strerror or error}; the resized pictures are kept there, set "
            "XDG_CACHE_HOME to a place with room"
        ) from error


def _files(root: Path) -> list[tuple[str, str, Path]]:
    """(part, class, file) of every picture below the root, by name. Raises OwnDataError."""
    if not root.is_dir():
        raise OwnDataError(f"{root} is {'a file' if root.exists() else 'not there'}; folder: needs a folder")
    below = sorted(entry for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    parts = {part: entry for entry in below if (part := part_named(entry.name))}
    if "train" not in parts:
        parts = {"train": root}
    found: list[tuple[str, str, Path]] = []
    for part, folder in parts.items():
        classes = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
        if not classes:
            raise OwnDataError(f"{folder} has no folders; it needs one a class, with the pictures of that class in it")
        for one in classes:
            pictures = sorted(
                path for path in _below(one)
                if path.name.lower().endswith(SUFFIXES) and not path.name.startswith(".")
            )  # fmt: skip
            if not pictures and part == "train":
                raise OwnDataError(f"{one} holds no pictures ({', '.join(SUFFIXES)}); fill it or take it away")
            found += [(part, one.name, picture) for picture in pictures]
    return found


def _below(folder: Path) -> Iterator[Path]:
    """Every file of a folder and of those in it and linked from it, a folder that links back to itself once."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        known = Path(place).stat()
        if (known.st_dev, known.st_ino) in seen:
            folders.clear()
            continue
        seen.add((known.st_dev, known.st_ino))
        yield from (Path(place, name) for name in names)


def _listing(root: Path, files: Sequence[tuple[str, str, Path]]) -> str:
    digest = hashlib.sha256()
    for _, _, path in files:
        try:
            stat = path.stat()
            digest.update(f"{path.relative_to(root)}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
        except OSError:  # a link to nothing, which cannot be decoded either
            digest.update(f"{path.relative_to(root)}\n".encode())
    return digest.hexdigest()


def _made(
    root: Path, files: list[tuple[str, str, Path]], listing: str, folder: Path, size: int, fit: Fit, tell: Tell
) -> Prepared:
    classes = tuple(sorted({name for part, name, _ in files if part == "train"}))
    check_classes(classes, {part: Counter(n for p, n, _ in files if p == part) for part in {f[0] for f in files}},
                  str(root))  # fmt: skip
    size, channels = _chosen(files, size, tell)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    needed, free = len(files) * size * size * channels, shutil.disk_usage(folder).free
    if needed > free:
        raise OwnDataError(
            f"{len(files):,} pictures of {size}x{size} take {needed / 2**30:.1f} GiB in {folder}, which has "
            f"{free / 2**30:.1f} GiB free; lower data.size or set XDG_CACHE_HOME to a place with room"
        )
    samples: dict[str, list[Sample]] = {}
    moments: list[tuple[list[float], list[float]]] = []
    skipped: list[str] = []
    unfinished = folder / f".{os.getpid()}.new"
    try:
        with unfinished.open("wb") as out:
            for number, (entry, made) in enumerate(
                zip(files, squares([path for *_, path in files], size, channels, fit), strict=True)
            ):
                if number % AT_ONCE == 0:
                    tell(f"{root.name}: {number:,} of {len(files):,} pictures resized to {size}x{size}")
                part, name, path = entry
                if isinstance(made, str):
                    skipped.append(f"{path.relative_to(root)} ({made})")
                    continue
                digest, pixels, sums = made
                out.write(pixels)
                samples.setdefault(part, []).append((digest, classes.index(name), len(moments)))
                moments.append(sums)
        _check_skipped(skipped, len(files), root)
        split = with_test_part(samples)
        name = f"{_content(split, classes)[:16]}.pixels"
        unfinished.replace(folder / name)
    finally:
        unfinished.unlink(missing_ok=True)
    mean, std = _mean_and_std([moments[row] for _, _, row in split["train"]], size * size)
    trained = {digest for digest, _, _ in split["train"]}
    prepared = Prepared(
        listing=listing, content=_content(split, classes), classes=classes, size=size, channels=channels,
        rows={part: [row for _, _, row in given] for part, given in split.items()},
        labels={part: [label for _, label, _ in given] for part, given in split.items()},
        mean=mean, std=std, skipped=skipped, leaked=sum(digest in trained for digest, _, _ in split["test"]),
        pixels=name,
    )  # fmt: skip
    index = folder / f".{os.getpid()}.index"
    index.write_bytes(msgspec.json.encode(prepared))
    index.replace(folder / "index.json")
    return msgspec.structs.replace(prepared, pixels=str(folder / name))


def _check_skipped(skipped: list[str], files: int, root: Path) -> None:
    if len(skipped) > MOST_SKIPPED * files:
        raise OwnDataError(
            f"{root}: {len(skipped)} of {files} pictures cannot be decoded, more than {MOST_SKIPPED:.0%}: "
            f"{', '.join(skipped[:3])}{', ...' if len(skipped) > 3 else ''}; repair them or take them away"
        )


def _content(split: dict[str, list[Sample]], classes: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for part in sorted(split):
        for content, label, _ in split[part]:
            digest.update(f"{part}|{classes[label]}|{content}\n".encode())
    return digest.hexdigest()


def _chosen(files: Sequence[tuple[str, str, Path]], size: int, tell: Tell) -> tuple[int, int]:
    """The side in pixels, and 1 channel where every picture is gray, else 3; from the heads of the files."""
    from PIL import Image

    tell(f"{len(files):,} pictures found")
    sides: set[tuple[int, int]] = set()
    channels = 1
    for _, _, path in files:
        try:
            with warnings.catch_warnings(action="ignore"), open_file(path) as file, Image.open(file) as image:
                sides.add(image.size)
                channels = channels if image.mode in GRAY else 3
        except Exception:  # told when it is decoded
            continue
    width, height = next(iter(sides)) if len(sides) == 1 else (0, 1)
    return size or (width if width == height and SIZES[0] <= width < DEFAULT_SIZE else DEFAULT_SIZE), channels


def _mean_and_std(moments: Sequence[tuple[list[float], list[float]]], pixels: int) -> tuple[list[float], list[float]]:
    """Of each channel over all pictures, in units of 255; a channel that is the same everywhere gets 1 to divide by."""
    count = len(moments) * pixels
    sums = [sum(channel) for channel in zip(*(first for first, _ in moments), strict=True)]
    squares = [sum(channel) for channel in zip(*(second for _, second in moments), strict=True)]
    mean = [total / count for total in sums]
    std = [max(square / count - m * m, 0.0) ** 0.5 for square, m in zip(squares, mean, strict=True)]
    return [m / 255 for m in mean], [s / 255 if s > 0 else 1.0 for s in std]
