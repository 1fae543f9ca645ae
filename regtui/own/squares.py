"""From files of pictures to squares of one size, as torchvision makes them of PIL images."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from regtui.files import open_file
from regtui.machine import cores

if TYPE_CHECKING:
    from PIL.Image import Image

AT_ONCE = 256
"""Files in hand at a time: their decoded pictures wait in memory for the one that writes."""
GRAY = ("1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L", "I;16N")
"""Modes of Pillow without colour."""

Fit = Literal["crop", "stretch"]
Square = tuple[str, bytes, tuple[list[float], list[float]]]
"""Digest of the file, (size, size, channels) bytes, and the sums of each channel and of its squares."""


def squares(files: Sequence[Path], size: int, channels: int, fit: Fit) -> Iterator[Square | str]:
    """Every picture in turn, or the reason why it cannot be decoded."""
    from PIL import ImageStat

    def square(path: Path) -> Square | str:
        try:
            with open_file(path) as file:
                data = file.read()
            image = resized(decoded(data, channels), size, fit)
        except Exception as error:  # Pillow's decoders raise what they like, and one bad file must not end it all
            return _said(error).replace(str(path), path.name)
        stat = ImageStat.Stat(image)
        sums = [float(total) for total in stat.sum], [float(total) for total in stat.sum2]
        return hashlib.sha256(data).hexdigest(), image.tobytes(), sums

    with ThreadPoolExecutor(cores()) as pool:
        for first in range(0, len(files), AT_ONCE):
            # What is wrong with a file is told by its name; a decoder's own warnings name lines of its code.
            with warnings.catch_warnings(action="ignore"):
                made = list(pool.map(square, files[first : first + AT_ONCE]))
            yield from made


def _said(error: Exception) -> str:
    """In one line; Pillow names the object in memory where it knows no such kind of picture."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "no kind of picture that Pillow knows"
    return f"{error or type(error).__name__}".partition("\n")[0][:100]


def decoded(data: bytes, channels: int) -> Image:
    """A picture in gray or RGB, without its transparency, not turned by its EXIF tag: as torchvision loads it.

    16 bits a pixel are brought to 8; Pillow itself would cut them off at 255. Raises what Pillow raises, and ValueError
    for floating-point pixels that are no shades from 0 to 255: it would make black or white of them.
    """
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        image.load()
        if image.mode == "F":
            low, high = cast("tuple[float, float]", image.getextrema())
            if low < 0 or not 1 < high <= 255:
                raise ValueError(
                    f"floating-point pixels from {low:g} to {high:g}; save it with 8 or 16 bits a channel, or from 0 "
                    "to 255"
                )
        whole = image.point(lambda value: value * (1 / 257)) if image.mode.startswith("I") else image
        return whole.convert("L" if channels == 1 else "RGB")


def resized(image: Image, size: int, fit: Fit) -> Image:
    """A square of `size` pixels, bilinear with antialiasing: torchvision's Resize and, for crop, CenterCrop."""
    from PIL.Image import Resampling

    if fit == "stretch":
        return image.resize((size, size), Resampling.BILINEAR)
    width, height = image.size
    shape = (size, int(size * height / width)) if width <= height else (int(size * width / height), size)
    image = image.resize(shape, Resampling.BILINEAR)
    left, top = round((shape[0] - size) / 2), round((shape[1] - size) / 2)
    return image.crop((left, top, left + size, top + size))
