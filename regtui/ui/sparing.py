"""A driver of Textual that sends to the terminal only what it does not show yet, and at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from typing import Any

from textual.driver import Driver

from regtui.ui.frames import Shown, read
from regtui.ui.listening import listen
from regtui.ui.outlet import Outlet

_HARMLESS = re.compile(
    r"(?:\x1b\[\?(?:25|1000|1002|1003|1004|1006|1015|1016|2004|2026|2048)[hl]|\x1b\[\?20(?:26|48)\$p)+"
)
"""Settings and questions that leave every cell as it is: cursor, mouse, focus, paste, synchronized output."""
_OTHER_SCREEN = "\x1b[?1049h\x1b[?25l"
"""The one without a past, and no cursor."""
_SYNC_START, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"


def sparing(base: type[Driver]) -> type[Driver]:
    """The driver that draws on a real terminal, made sparing; any other is given back as it is.

    What it does not understand it passes on untouched, and then takes nothing on the screen for known; the same after
    the terminal has changed its size.
    """
    try:
        import termios

        from textual.drivers.linux_driver import LinuxDriver
    except ImportError:  # Windows has no termios
        return base
    if base is not LinuxDriver:
        return base

    class SparingDriver(LinuxDriver):
        """Knows what the terminal shows."""

        _shown: Shown | None = None
        """None: nothing is known."""
        _sync = ""
        """The start of a synchronized update that may turn out to be empty."""
        _outlet: Outlet | None = None
        """None: the terminal cannot be opened once more, and Textual's own thread writes to it."""
        _encoding = "utf-8"
        _modes: list[Any] | None = None
        """Those of the terminal while the app has it."""

        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            self._loop = asyncio.get_running_loop()

        def start_application_mode(self) -> None:
            """Open the way to the terminal first: whatever is written goes there."""
            file = sys.__stderr__  # where Textual draws
            if file is not None:
                self._encoding = file.encoding
                if self._outlet is None:
                    with contextlib.suppress(OSError):
                        self._outlet = Outlet(file.fileno(), on_drained=self._app.refresh)
            super().start_application_mode()  # type: ignore[no-untyped-call]
            with contextlib.suppress(termios.error):
                self._modes = termios.tcgetattr(self.fileno)

        def _sigtstp_application(self, *given: object) -> None:
            """Between two turns of the event loop: in the middle of a frame the screen cannot be taken down."""
            self._loop.call_soon_threadsafe(super()._sigtstp_application, *given)

        def _sigcont_application(self, *_: object) -> None:
            self._loop.call_soon_threadsafe(self._go_on)

        def _go_on(self) -> None:
            """Put up again what SIGTSTP has had taken down. Of SIGSTOP nobody heard: all of it stands still.

            A second reader of the terminal would take every other key.
            """
            if self._must_signal_resume:
                super()._sigcont_application()
            elif self._modes is not None and self._auto_restart:
                with contextlib.suppress(termios.error):  # the terminal is gone
                    termios.tcsetattr(self.fileno, termios.TCSANOW, self._modes)  # a shell may have had it
                self._send(_OTHER_SCREEN)
            if not self._must_signal_resume:  # else it goes on behind the shell, which has the terminal
                self._shown = None
                self._app.refresh()

        def stop_application_mode(self) -> None:
            """What is not drawn yet need not be any more: on a slow line the shell would wait for it."""
            if self._outlet is not None:
                self._outlet.forget()
                self._send(_SYNC_END)
            super().stop_application_mode()

        def close(self) -> None:
            """Send what is left."""
            if self._outlet is not None:
                self._outlet.close()
                self._outlet = None
            super().close()

        def write(self, data: str) -> None:
            """Send what differs; nothing where nothing does."""
            if data == _SYNC_START:
                self._sync = data
                return
            if data == _SYNC_END and self._sync:
                self._sync = ""
                return
            if not _HARMLESS.fullmatch(data):
                data = self._spared(data)
            if data:
                self._send(self._sync + data)
                self._sync = ""

        def run_input_thread(self) -> None:
            listen(self.fileno, self.exit_event, self.process_message)

        def _send(self, data: str) -> None:
            if self._outlet is None:
                super().write(data)
            else:
                self._outlet.write(data.encode(self._encoding, "backslashreplace"))

        def _spared(self, data: str) -> str:
            size = _size(self.fileno)
            if self._shown is None or size != self._shown.size:
                self._shown = Shown(*size)
            frame = read(data)
            if frame is None or not all(size):
                self._shown = None
                return data
            if self._outlet is not None and self._outlet.is_full:
                self._shown = None  # all of it is drawn again once somebody reads
                return ""
            return self._shown.take(frame)

    return SparingDriver


def _size(fd: int) -> tuple[int, int]:
    """Columns and rows; 0 where the terminal does not tell."""
    try:
        size = os.get_terminal_size(fd)
        return size.columns, size.lines
    except OSError:  # the terminal is gone
        return 0, 0
