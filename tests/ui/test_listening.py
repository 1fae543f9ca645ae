"""Whatever a terminal sends becomes keys or is dropped; what follows it is understood."""

from __future__ import annotations

import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.events import Key, MouseDown, Paste
from textual.message import Message

from regtui.ui.listening import Listener, listen

PIECES = [
    b"\x1b", b"\x1b[", b"\x1b[<", b"\x1b[200~", b"\x1b[201~", b";", b":", b"u", b"M", b"~", b"$y", b"99999999", b"-",
    b"\xe9", b"\xf0\x9f", b"\xff", b"\x00", b"\x1bO", b"\x1bP", b"\x1b]", b"\x07", b"\x1b[?", b"t", b"R",
    b"\x1b[48;1;1;1;1t", b"1", b"a",
]  # fmt: skip


def heard(data: bytes) -> list[Message]:
    found: list[Message] = []
    listener = Listener(found.append)
    listener.take(data)
    return found


@pytest.mark.parametrize(
    "odd", [b"\x1b[99999999u", b"\xe9", b"\xff\xfe", b"\x1b[1114112;5u", b"\x1b[97;1;99999999999u", b"\x1b[<99999;0;0M"]
)
def test_what_cannot_be_a_key_is_dropped_and_the_next_key_is_one(odd: bytes) -> None:
    assert [message.key for message in heard(b"b" + odd + b"a") if isinstance(message, Key)][-1] == "a"


def test_keys_the_mouse_and_pastes_are_what_they_are() -> None:
    key, accented, mouse, paste = heard("x\x1b[<0;5;7M\x1b[200~a\nb\x1b[201~".replace("x", "xé").encode())
    assert isinstance(key, Key) and isinstance(accented, Key) and (key.key, accented.character) == ("x", "é")
    assert isinstance(mouse, MouseDown) and (mouse.x, mouse.y) == (4, 6)
    assert isinstance(paste, Paste) and paste.text == "a\nb"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=12))
def test_no_bytes_end_it(pieces: list[bytes]) -> None:
    heard(b"".join(pieces))


def test_ctrl_c_is_heard_in_the_middle_of_a_paste_without_an_end() -> None:
    found: list[Message] = []
    listener = Listener(found.append)
    listener.take(b"\x1b[200~pasted")
    listener.take(b"\x03")
    assert [message.key for message in found if isinstance(message, Key)] == ["ctrl+c"]


@pytest.mark.parametrize("together", [True, False])
def test_ctrl_c_is_heard_right_after_an_escape(together: bool) -> None:
    found: list[Message] = []
    listener = Listener(found.append)
    for data in [b"a\x1b\x03"] if together else [b"a\x1b", b"\x03"]:
        listener.take(data)
    keys = [message.key for message in found if isinstance(message, Key)]
    assert (keys[0], keys[-1]) == ("a", "ctrl+c")


def test_it_ends_when_the_terminal_is_left_or_at_its_end() -> None:
    reader, writer = os.pipe()
    found: list[Message] = []
    leaving = threading.Event()
    leaving.set()
    os.write(writer, b"k")
    listen(reader, leaving, found.append)
    assert [message.key for message in found if isinstance(message, Key)] == ["k"]
    os.close(writer)
    leaving.clear()
    listen(reader, leaving, found.append)
    os.close(reader)
