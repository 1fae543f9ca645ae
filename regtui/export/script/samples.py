"""What the samples of a run are, as its script knows them: of the catalog, or of the user's own."""

from __future__ import annotations

import json
from dataclasses import dataclass

from regtui import own
from regtui.data import FASHION_CLASSES, TILE
from regtui.export.errors import ExportError
from regtui.own import pictures, texts
from regtui.own.names import PICTURES
from regtui.spec import DataSpec

MEAN, STD = 0.2860, 0.3530
"""Of all 60,000 training pictures of Fashion-MNIST, as the engine standardizes with them."""
MOST_BYTES = 2**30
"""Of pictures that lie beside a script."""
MOST_CLASSES = 256
"""Labels lie there as bytes."""


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of a data set."""

    is_text: bool
    classes: int
    channels: int = 1
    side: int = TILE
    """Pixels of either side of a picture."""
    mean: str = f"[{MEAN:.4f}]"
    """A number a channel, as code."""
    std: str = f"[{STD:.4f}]"
    is_own: bool = False
    has_validation: bool = False
    """Its validation part is one of its own, not held out of the samples for training."""


def samples_of(spec: DataSpec) -> Samples:
    """Raises ExportError, with why as an end of "its ...", for own data that are gone or have changed."""
    if not own.is_own(spec.name):
        return Samples(is_text=spec.name == "wordnet", classes=len(FASHION_CLASSES))
    path = own.path_of(spec.name)
    try:
        found = pictures.prepare(path, spec.size, spec.fit) if spec.name.startswith(PICTURES) else texts.read(path)
    except own.OwnDataError as error:
        raise ExportError(f"data cannot be read: {error}") from None
    if found.content != spec.content:
        raise ExportError(f"data have changed: {path} holds other samples than those it was trained on")
    if len(found.classes) > MOST_CLASSES:
        raise ExportError(f"data have {len(found.classes)} classes, more than {MOST_CLASSES}")
    has_validation = bool(found.labels.get("validation"))
    if isinstance(found, texts.Table):
        return Samples(is_text=True, classes=len(found.classes), is_own=True, has_validation=has_validation)
    size = found.pictures * found.size**2 * found.channels
    if size > MOST_BYTES:
        raise ExportError(f"pictures take {size / 2**30:.1f} GiB, more than the {MOST_BYTES // 2**30} GiB of a script")
    return Samples(
        is_text=False, classes=len(found.classes), channels=found.channels, side=found.size, mean=repr(found.mean),
        std=repr(found.std), is_own=True, has_validation=has_validation,
    )  # fmt: skip


def own_texts(spec: DataSpec) -> str:
    """A line for each text: its part, the number of its class, its words. Those of the test part are not among them."""
    table = texts.read(own.path_of(spec.name))
    parts = [part for part in ("train", "validation") if part in table.texts]
    return "\n".join(
        f"{part}\t{label}\t{' '.join(words)}"
        for part in parts
        for label, words in zip(table.labels[part], table.texts[part], strict=True)
    )


def own_pictures(spec: DataSpec) -> bytes:
    """A safetensors file of the pictures for training and validation and their labels; none of the test part."""
    found = pictures.prepare(own.path_of(spec.name), spec.size, spec.fit)
    size, area = found.size**2 * found.channels, [found.channels, found.size, found.size]
    tensors = []
    with open(found.pixels, "rb") as file:  # noqa: PTH123  # the same file is read at many places
        for part in ("train", "validation"):
            if not (rows := found.rows.get(part)):
                continue
            taken = []
            for row in rows:
                file.seek(row * size)
                pixels = file.read(size)  # (size, size, channels)
                taken.append(b"".join(pixels[channel :: found.channels] for channel in range(found.channels)))
            tensors.append((f"{part}_images", [len(rows), *area], b"".join(taken)))
            tensors.append((f"{part}_labels", [len(rows)], bytes(found.labels[part])))
    return tensor_file(tensors)


def tensor_file(tensors: list[tuple[str, list[int], bytes]]) -> bytes:
    """Bytes by name and shape as a safetensors file (github.com/huggingface/safetensors#format)."""
    header, start = {}, 0
    for name, dimensions, content in tensors:
        header[name] = {"dtype": "U8", "shape": dimensions, "data_offsets": [start, start + len(content)]}
        start += len(content)
    said = json.dumps(header).encode()
    said += b" " * (-len(said) % 8)
    return len(said).to_bytes(8, "little") + said + b"".join(content for _, _, content in tensors)
