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
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from regtui import paths
from regtui.files import decoded, open_file
from regtui.own.listing import File, listed, named, stamp
from regtui.own.names import OwnDataError
from regtui.own.parts import Sample, check_classes, with_test_part
from regtui.own.squares import AT_ONCE, GRAY, Fit, squares

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
    others: dict[str, int] = {}
    """By suffix: files that are pictures of a kind which is not read."""

    @property
    def pictures(self) -> int:
        return sum(len(rows) for rows in self.rows.values())


@lru_cache(maxsize=16)
def prepare(root: Path, size: int = 0, fit: Fit = "crop", tell: Tell | None = None) -> Prepared:
    """As `look`, once a process: what was read first stays for all of its runs. Raises OwnDataError."""
    return look(root, size, fit, tell)


def look(root: Path, size: int = 0, fit: Fit = "crop", tell: Tell | None = None) -> Prepared:
    """The index of a folder whose pictures are ready at this size; they are made so if they are not.

    size  pixels of either side; 0: that of the pictures where they are all equal squares below 64, else 64
    fit   crop: the shorter side is resized, the middle of the longer one is kept, as torchvision's Resize and
          CenterCrop do; stretch: both sides are resized
    tell  is told how far it is, some times a second at most

    Raises OwnDataError, with a sentence for people, for a folder that cannot be used.
    """
    if size and not SIZES[0] <= size <= SIZES[1]:
        raise OwnDataError(f"data.size is {size}; allowed is a whole number from {SIZES[0]} to {SIZES[1]} (pixels)")
    tell = tell or (lambda _: None)
    try:
        files, others = listed(root)
    except OSError as error:
        raise OwnDataError(f"{error.filename or root} cannot be read: {error.strerror or error}") from None
    stamped = stamp(root, files)
    asked = _folder(root, size, fit)
    try:
        made = _known(asked, stamped)
        if made is None:
            _check_classes(root, files)
            side, channels = _chosen(files, size, tell)
            folder = _folder(root, side, fit)
            made = _known(folder, stamped) or _made(root, files, stamped, folder, side, channels, fit, tell)
            if folder != asked:
                _write(asked, msgspec.structs.replace(made, pixels=os.path.relpath(made.pixels, asked)))
    except OSError as error:
        raise OwnDataError(
            f"{asked} cannot be written: {error.strerror or error}; the resized pictures are kept there, set "
            "XDG_CACHE_HOME to a place with room"
        ) from error
    return msgspec.structs.replace(made, others=dict(others))


def _folder(root: Path, size: int, fit: Fit) -> Path:
    """Where the pictures of a folder are kept at a size, 0: at the one that was chosen for them."""
    name = os.fsencode(root) + f"|{size}|{fit}".encode()
    return paths.prepared_dir() / hashlib.sha256(name).hexdigest()[:16]


def _known(folder: Path, stamped: str) -> Prepared | None:
    """What was prepared there of these very files; None where that was never done, or by another version."""
    try:
        known = decoded((folder / "index.json").read_bytes(), Prepared)
    except (OSError, msgspec.DecodeError):
        return None
    pixels = Path(os.path.normpath(folder / known.pixels))
    if known.listing != stamped or not pixels.is_file():
        return None
    return msgspec.structs.replace(known, pixels=str(pixels))


def _check_classes(root: Path, files: Sequence[File]) -> None:
    counts: dict[str, Counter[str]] = {}
    for part, name, _ in files:
        counts.setdefault(part, Counter())[name] += 1
    check_classes(sorted(counts.get("train", ())), counts, str(root))


def _made(
    root: Path, files: list[File], stamped: str, folder: Path, size: int, channels: int, fit: Fit, tell: Tell
) -> Prepared:
    classes = tuple(sorted({name for part, name, _ in files if part == "train"}))
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
                    skipped.append(f"{named(path, root)} ({made})")
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
        listing=stamped, content=_content(split, classes), classes=classes, size=size, channels=channels,
        rows={part: [row for _, _, row in given] for part, given in split.items()},
        labels={part: [label for _, label, _ in given] for part, given in split.items()},
        mean=mean, std=std, skipped=skipped, leaked=sum(digest in trained for digest, _, _ in split["test"]),
        pixels=name,
    )  # fmt: skip
    _write(folder, prepared)
    return msgspec.structs.replace(prepared, pixels=str(folder / name))


def _write(folder: Path, prepared: Prepared) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    index = folder / f".{os.getpid()}.index"
    index.write_bytes(msgspec.json.encode(prepared))
    index.replace(folder / "index.json")


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


def _chosen(files: Sequence[File], size: int, tell: Tell) -> tuple[int, int]:
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
