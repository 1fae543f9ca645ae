"""What commands with a screen need before they open one."""

from __future__ import annotations

import sys


def lacks_terminal(command: str, instead: str) -> str:
    """A sentence where there is no terminal to draw on, else "". `instead` is what works without one."""
    # Textual draws on stderr, so a redirected one would leave the screen black.
    streams = {"standard input": sys.stdin, "standard output": sys.stdout, "standard error": sys.stderr}
    for name, stream in streams.items():
        if not stream.isatty():
            return f"{command} needs a terminal, and {name} is none; {instead} works without one"
    return ""
