"""Whether own data are still those that this process has read: runs are asked for by the digest of their samples."""

from __future__ import annotations

from collections.abc import Iterable

from regtui.own import pictures, texts
from regtui.own.names import TEXTS, OwnDataError, is_own, path_of
from regtui.spec import DataSpec


def why_stale(asked: Iterable[DataSpec]) -> str:
    """A sentence where the samples on the disk are no longer those that runs would be asked for, else "".

    Cheap where no file has changed its size or its time; what has changed is read or resized again. Waits for the
    disk, so beside a screen.
    """
    for data in asked:
        if not is_own(data.name):
            continue
        path = path_of(data.name)
        try:
            now = texts.look(path) if data.name.startswith(TEXTS) else pictures.look(path, data.size, data.fit)
        except (OwnDataError, OSError) as error:
            return f"Nothing was started: {error}."
        if now.content != data.content:
            return (
                f"Nothing was started: {path} has changed since regtui read it. Leave regtui and start it again to "
                "train on what is there now."
            )
    return ""
