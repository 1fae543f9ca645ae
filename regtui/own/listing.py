"""Which files a folder of pictures has, by part and class, as torchvision's ImageFolder looks for them.

What is hidden is passed over at every depth: thumbnails and checkpoints that other programs leave beside pictures are
copies of them, and would be trained on and tested.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from regtui.own.names import OwnDataError
from regtui.own.parts import parts_of

SUFFIXES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""As torchvision.datasets.folder.IMG_EXTENSIONS; other files are passed over."""
OTHERS = (".gif", ".heic", ".heif", ".avif", ".jfif", ".jp2", ".jxl", ".svg", ".psd", ".dng", ".npy")
"""Of files that are pictures as well, and whose being passed over is told."""
NO_CLASSES = ("__MACOSX", "@eaDir", "lost+found")
"""Folders that macOS's archives, Synology's disks and file systems have; their like is not of the user's making."""

File = tuple[str, str, Path]
"""Part, class and path."""


def listed(root: Path) -> tuple[list[File], Counter[str]]:
    """Every picture below the root, by name; and how many files there are of each kind that cannot be read.

    Raises OwnDataError, with a sentence for people, for folders that are not ordered by class.
    """
    if not root.is_dir():
        raise OwnDataError(f"{root} is {'a file' if root.exists() else 'not there'}; folder: needs a folder")
    below = _folders(root)
    parts = parts_of(below, root)
    if "train" not in parts:
        for part, folder in parts.items():
            if _holds_only_folders(folder):
                raise OwnDataError(
                    f"{root} has the folder {folder.name}, with a folder for each class, but none called train; rename "
                    f"the one for training, or take {folder.name} away and a part for the {part} is chosen from the "
                    "rest"
                )
        if len(below) == 1 and _holds_only_folders(below[0]):
            inside = ", ".join(folder.name for folder in _folders(below[0])[:3])
            raise OwnDataError(
                f"{root} holds one folder, {below[0].name}, and that holds folders ({inside}); if those are the "
                f"classes, write folder:{below[0]}"
            )
        parts = {"train": root}
    found: list[File] = []
    others: Counter[str] = Counter()
    for part, folder in parts.items():
        classes = _folders(folder)
        if not classes:
            raise OwnDataError(f"{folder} has no folders; it needs one a class, with the pictures of that class in it")
        for one in classes:
            seen = sorted(path for path in _below(one) if not path.name.startswith("."))
            pictures = [path for path in seen if path.name.lower().endswith(SUFFIXES)]
            others.update(kind for path in seen if (kind := path.suffix.lower()) in OTHERS)
            if not pictures and part == "train":
                raise OwnDataError(f"{one} holds no pictures ({', '.join(SUFFIXES)}); fill it or take it away")
            found += [(part, one.name, picture) for picture in pictures]
    return found, others


def stamp(root: Path, files: Sequence[File]) -> str:
    """Digest over path, size and time of every file: whether anything has changed since."""
    digest = hashlib.sha256()
    for _, _, path in files:
        name = os.fsencode(path.relative_to(root))  # the bytes of a name need not be text
        try:
            stat = path.stat()
            digest.update(b"%s|%d|%d\n" % (name, stat.st_size, stat.st_mtime_ns))
        except OSError:  # a link to nothing, which cannot be decoded either
            digest.update(b"%s\n" % name)
    return digest.hexdigest()


def named(path: Path, root: Path) -> str:
    """A file below the root as people are told of it: text, whatever the bytes of its name are."""
    return os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")


def _folders(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not _is_passed_over(entry.name))


def _is_passed_over(folder: str) -> bool:
    return folder.startswith(".") or folder in NO_CLASSES


def _holds_only_folders(folder: Path) -> bool:
    """Two at least, and no picture beside them."""
    has_picture = any(entry.name.lower().endswith(SUFFIXES) for entry in folder.iterdir())
    return not has_picture and len(_folders(folder)) > 1


def _below(folder: Path) -> Iterator[Path]:
    """Every file of a folder and of those in it and linked from it, a folder that links back to itself once."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        known = Path(place).stat()
        if (known.st_dev, known.st_ino) in seen:
            folders.clear()
            continue
        seen.add((known.st_dev, known.st_ino))
        folders[:] = [name for name in folders if not _is_passed_over(name)]
        yield from (Path(place, name) for name in names)
