"""Folders with a pretrained checkpoint on this machine, as transformers writes them; free of torch.

Both sides of the program look at them: the engine reads one, and the hash of a spec covers what it holds.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

READ = (".json", ".txt", ".model", ".safetensors")
"""What decides the numbers of a run: settings, words and weights."""
WHOLE = 1 << 20
"""Bytes up to which a file is hashed whole. Of a larger one, 440 MB for a BERT-base, `PIECES` pieces of `PIECE` bytes
are, evenly spread from its first to its last: training moves every weight of a layer, so it shows in them."""
PIECES, PIECE = 64, 4096


def local_folder(checkpoint: str) -> Path | None:
    """The folder of that name, relative ones below the current directory; None where there is none."""
    folder = Path(os.path.expanduser(checkpoint))  # noqa: PTH111  # Path.expanduser raises for an unknown user
    return folder if checkpoint and folder.is_dir() else None


def fingerprint(folder: Path) -> str:
    """64 hex digits over the checkpoint in a folder, in milliseconds. Raises OSError where it cannot be read."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.suffix in READ and path.is_file()):
        size = path.stat().st_size
        digest.update(f"{path.name}/{size}/".encode())
        with path.open("rb") as file:
            if size <= WHOLE:
                digest.update(file.read())
                continue
            for number in range(PIECES):
                file.seek(number * (size - PIECE) // (PIECES - 1))
                digest.update(file.read(PIECE))
    return digest.hexdigest()


def content_of(checkpoint: str) -> str | None:
    """The fingerprint of a checkpoint that is named by its folder; None where it is no folder that can be read here."""
    folder = local_folder(checkpoint)
    try:
        return fingerprint(folder) if folder else None
    except OSError:
        return None
