"""Own data at their ends: files that are none, names that a terminal obeys, texts of one word and of ten thousand."""

from __future__ import annotations

import os
import shutil
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from regtui.commands import RunRequest
from regtui.engine import loop
from regtui.engine.control import Control
from regtui.events import Evaluated, Event, Finished
from regtui.own import OwnDataError, adopt, pictures, squares
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
    with pytest.raises(OwnDataError, match="a name that cannot be printed; rename it"):
        adopt(f"folder:{make_folder({'cat': 4, chr(27) + '[2J': 4})}")
    (tmp_path / "t.csv").write_text("text,label\n" + 'fine,good\nbad,"\x1b[2J"\n' * 9)
    with pytest.raises(OwnDataError, match="a name that cannot be printed; rename it"):
        adopt(f"text:{tmp_path / 't.csv'}")


def test_names_of_files_need_not_be_text(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 30, "dog": 30})
    try:
        os.rename(root / "cat" / "0.png", os.fsencode(root / "cat") + b"/caf\xe9.png")  # noqa: PTH104
        with open(os.fsencode(root / "cat") + b"/b\xe9.png", "wb") as file:  # noqa: PTH123
            file.write(b"nothing")
    except OSError:
        pytest.skip("this disk takes names of text alone")
    adopted = adopt(f"folder:{root}")
    assert adopted.record.train_samples + adopted.record.test_samples == 60
    assert adopted.notes[0].startswith(r"1 could not be decoded and were left out: cat/b\xe9.png (")
    os.rename(root / "dog", os.fsencode(root) + b"/d\xf4g")  # noqa: PTH104
    with pytest.raises(OwnDataError, match=r"a class called 'd.udcf4g', a name that cannot be printed; rename it"):
        pictures.look(root)


def test_copies_that_other_programs_leave_are_no_samples(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 10, "dog": 10})
    for place in (".ipynb_checkpoints", "@eaDir/0.png"):
        (root / "cat" / place).mkdir(parents=True)
        shutil.copy(root / "cat/0.png", root / "cat" / place / "copy.png")
    (root / "__MACOSX" / "cat").mkdir(parents=True)
    (root / "__MACOSX" / "cat" / "._0.png").write_bytes(b"\0")
    assert pictures.look(root, 16).pictures == 20


def test_pictures_of_kinds_that_are_not_read_are_told(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 10, "dog": 10})
    for name in ("a.gif", "b.GIF", "c.heic", "notes.txt"):
        (root / "dog" / name).write_bytes(b"x")
    assert "3 were passed over, of kinds that are not read: 2 .gif, 1 .heic" in adopt(f"folder:{root}").notes


def test_folders_in_another_order_than_expected_are_told_by_what_to_write(make_folder: MakeFolder) -> None:
    outer = make_folder({"cat": 4, "dog": 4}, "zip/photos").parent
    with pytest.raises(OwnDataError, match=r"folders \(cat, dog\); if those are the classes, write .*/zip/photos"):
        adopt(f"folder:{outer}")
    make_folder({"cat": 4, "dog": 4}, "halves/training-images")
    make_folder({"cat": 4, "dog": 4}, "halves/Test")
    with pytest.raises(OwnDataError, match=r"the folder Test, .* but none called train; rename the one for training"):
        adopt(f"folder:{outer.parent / 'halves'}")
    make_folder({"test": 4, "valid": 4}, "odd")
    assert adopt(f"folder:{outer.parent / 'odd'}").record.classes == ("test", "valid"), "classes may be called so"
    for part in ("train", "val", "Valid"):
        make_folder({"cat": 4, "dog": 4}, f"twice/{part}")
    with pytest.raises(OwnDataError, match="has both Valid and val for validation; leave one of them"):
        adopt(f"folder:{outer.parent / 'twice'}")


@pytest.mark.parametrize("mode", ["RGBA", "P", "CMYK", "LA", "1", "I;16"])
def test_pictures_of_every_mode_are_read_without_a_word(
    make_folder: MakeFolder, recwarn: pytest.WarningsRecorder, mode: str
) -> None:
    root = make_folder({"cat": 10, "dog": 10})
    for number, path in enumerate(sorted(root.glob("*/*.png"))):
        picture = Image.new(mode, (20, 24), 3 * number if mode in ("P", "I;16") else 1)
        if mode == "P":
            picture.putpalette([value for value in range(256) for _ in range(3)])
            picture.info["transparency"] = bytes(range(200))
        path.unlink()
        path = path.with_suffix(".tif" if mode == "CMYK" else ".png")
        picture.save(path)
        if mode != "P":  # of one content only one sample is there
            path.write_bytes(path.read_bytes() + b"%d" % number)
    recwarn.clear()
    assert pictures.look(root, 16).pictures == 20 and not recwarn.list


def test_floating_point_shades_from_0_to_1_are_refused_by_what_to_do(make_folder: MakeFolder) -> None:
    root = make_folder({"cat": 10, "dog": 10})
    Image.new("F", (20, 20), 0.5).save(root / "cat" / "float.tif")
    assert "cat/float.tif (floating-point pixels from 0.5 to 0.5; save it with 8" in adopt(f"folder:{root}").notes[0]


def test_pictures_are_resized_once_whether_their_size_is_named_or_chosen(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder({"cat": 10, "dog": 10})
    chosen = pictures.look(root)
    monkeypatch.setattr(squares, "decoded", None)
    assert pictures.look(root) == pictures.look(root, chosen.size) == chosen
    assert len(list(Path(os.environ["XDG_CACHE_HOME"]).rglob("*.pixels"))) == 1


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
