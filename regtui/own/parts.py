"""How own data are parted into training, validation and test samples.

Folders or files that are named train, val and test are used as they are. Without a test part, a fixed share of each
class is kept for it: which samples is decided by their content alone, so it is the same for every seed, on every
machine, and whatever the files are called.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from regtui.own.names import OwnDataError

ALIASES = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""By part: what folders and files are called that are used as they are."""

TEST_SHARE = 0.2
"""Of each class, where no test part is given."""
VALIDATION_SHARE = 0.2
"""Of what is left for training, where no validation part is given."""
MOST_VALIDATION = 5000
"""Samples: more would cost more time at each evaluation than they make it more exact (5,000: within 1.4 points)."""


def part_named(name: str) -> str | None:
    """The part that a folder or file of that name holds."""
    return next((part for part, names in ALIASES.items() if name.lower() in names), None)


def parts_of(entries: Iterable[Path], where: Path) -> dict[str, Path]:
    """The folders or files of a directory that are named as parts. Raises OwnDataError for two of one part."""
    parts: dict[str, Path] = {}
    for entry in entries:
        if (part := part_named(entry.name if entry.is_dir() else entry.stem)) is None:
            continue
        if part in parts:
            raise OwnDataError(f"{where} has both {parts[part].name} and {entry.name} for {part}; leave one of them")
        parts[part] = entry
    return parts


Sample = tuple[str, int, int]
"""Digest of the content, label, and place in the source."""


def with_test_part(samples: Mapping[str, Sequence[Sample]]) -> dict[str, list[Sample]]:
    """The samples by part, with a test part, each ordered by content.

    Samples of the same content and label stay together, so that none is trained on and tested.
    """
    parts = {part: sorted(given) for part, given in samples.items()}
    if parts.get("test"):
        return parts
    by_label: dict[int, list[Sample]] = defaultdict(list)
    for sample in parts["train"]:
        by_label[sample[1]].append(sample)
    test: list[Sample] = []
    for given in by_label.values():
        count = round(len(given) * TEST_SHARE)
        while 0 < count < len(given) and given[count][0] == given[count - 1][0]:
            count += 1
        test += given[: count if count < len(given) else 0]  # a class of equal samples cannot be parted
    taken = set(test)
    return {**parts, "train": [sample for sample in parts["train"] if sample not in taken], "test": sorted(test)}


def check_classes(classes: Sequence[str], counts: Mapping[str, Counter[str]], where: str) -> None:
    """Raise OwnDataError for data that no network could be trained on: no class or one, or a class that train lacks."""
    if not classes:
        raise OwnDataError(f"{where} holds no samples")
    if len(classes) == 1:
        raise OwnDataError(f"{where} holds one class, {classes[0]}; there is nothing to tell apart below two")
    if odd := next((name for name in classes if not name.isprintable()), ""):
        raise OwnDataError(f"{where} has a class called {odd!r}, a name that cannot be printed; rename it")
    for part, counted in counts.items():
        for name in counted:
            if name not in classes:
                raise OwnDataError(f"{where} has the class {name} in {part} but not in train")


def default_sizes(train: int, validation: int, test: int) -> dict[str, int]:
    """How many samples a run takes of each part where nothing else is said: all.

    train, validation, test  samples that there are; validation 0: it is held out of the training samples
    """
    if validation:
        return {"train": train, "validation": min(validation, MOST_VALIDATION), "test": test}
    held_out = min(round(train * VALIDATION_SHARE), MOST_VALIDATION)
    return {"train": train - held_out, "validation": held_out, "test": test}
