"""Own data at their ends: files that are none, names that a terminal obeys, texts of one word and of ten thousand."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from regtui.commands import RunRequest
from regtui.engine import loop
from regtui.engine.control import Control
from regtui.events import Evaluated, Event, Finished
from regtui.own import OwnDataError, adopt
from regtui.scenario import run_spec

if TYPE_CHECKING:
    from tests.own.conftest import MakeFolder, MakeScenario


def png(width: int, height: int) -> bytes:
    """A picture that says it is so large, and holds nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes and links in folders")
def test_what_is_no_picture_is_left_out_by_name_and_is_not_waited_for(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 60, "dog": 60})
    odd = root / "dog"
    (odd / "bomb.png").write_bytes(png(60_000, 60_000))
    (odd / "nothing.png").write_bytes(png(0, 0))
    (odd / "empty.jpg").write_bytes(b"")
    (odd / "gone.png").symlink_to("nowhere")
    (odd / "itself.png").symlink_to("itself.png")
    (odd / "zero.png").symlink_to("/dev/zero")
    (odd / "folder.png").mkdir()
    (odd / "again").symlink_to(odd)
    os.mkfifo(odd / "pipe.png")
    adopted = adopt(f"folder:{root}")
    assert adopted.record.train_samples + adopted.record.test_samples == 120
    assert adopted.notes[0].startswith("7 could not be decoded and were left out: dog/bomb.png (Image size")


def test_names_that_a_terminal_would_obey_are_no_classes(make_folder: MakeFolder, tmp_path: Path) -> None:
    with pytest.raises(OwnDataError, match="control characters in its name; rename it"):
        adopt(f"folder:{make_folder({'cat': 4, chr(27) + '[2J': 4})}")
    (tmp_path / "t.csv").write_text("text,label\n" + 'fine,good\nbad,"\x1b[2J"\n' * 9)
    with pytest.raises(OwnDataError, match="control characters in its name; rename it"):
        adopt(f"text:{tmp_path / 't.csv'}")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_table_that_is_a_pipe_or_a_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    os.mkfifo(tmp_path / "t/train.csv")
    with pytest.raises(OwnDataError, match="is not a regular file"):
        adopt(f"text:{tmp_path / 't'}")
    with pytest.raises(OwnDataError):
        adopt("text:/dev/zero")


@pytest.mark.parametrize("words", [1, 10_000])
def test_texts_of_one_word_and_of_ten_thousand_are_trained_on(
    tmp_path: Path, scenario: MakeScenario, words: int
) -> None:
    rows = [f"{' '.join([f'word{n}'] * words)},{'yn'[n % 2]}" for n in range(80)]
    (tmp_path / "t.csv").write_text("\n".join(["text,label", *rows]))
    arm = scenario(f"text:{tmp_path / 't.csv'}", model='name = "bert", layers = 1, width = 16, heads = 2').arms[0]
    assert arm.data.length == (16 if words == 1 else 40)
    told: list[Event] = []
    loop.train(RunRequest(run="r", spec=run_spec("x", arm, 0)), told.append, Control(), None)
    assert isinstance(told[-1], Finished)
    assert [event for event in told if isinstance(event, Evaluated)]


def test_samples_that_are_all_the_same_are_refused_in_a_sentence(tmp_path: Path, make_folder: MakeFolder) -> None:
    (tmp_path / "t.csv").write_text("text,label\n" + "good,yes\nbad,no\n" * 30)
    with pytest.raises(OwnDataError, match="60 samples for training and 0 for testing"):
        adopt(f"text:{tmp_path / 't.csv'}")
    root = make_folder({"cat": 9, "dog": 9})
    for picture in root.glob("*/*.png"):
        picture.write_bytes((root / picture.parent.name / "0.png").read_bytes())
    with pytest.raises(OwnDataError, match="18 samples for training and 0 for testing"):
        adopt(f"folder:{root}")
