"""`regtui serve`: the explorer in a browser, through textual-serve (extra `serve`)."""

from __future__ import annotations

import argparse
import ipaddress
import os
import shlex
import sys

from regtui.scenario import find, load


def serve(arguments: argparse.Namespace) -> int:
    """Serve until ctrl+c; every page that is opened is an explorer of its own. 2 with a sentence if that cannot be."""
    if arguments.scenario:
        load(find(arguments.scenario))  # a mistake is told here, not on every page
    try:
        from regtui.cli.web import WebServer
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("textual_serve", "aiohttp", "aiohttp_jinja2", "jinja2"):
            raise
        print("regtui serve: needs textual-serve; pip install 'regtui[serve]'", file=sys.stderr)
        return 2
    if not _is_private(arguments.host):
        print(
            f"regtui: there is no password: whoever reaches {arguments.host}:{arguments.port} can train here and "
            "write files into this directory",
            file=sys.stderr,
        )
    os.environ["PYTHONUTF8"] = "1"  # the pages are UTF-8, whatever the terminal of the server is
    os.environ.pop("NO_COLOR", None)
    server = WebServer(explorer(arguments), arguments.host, arguments.port, arguments.url)
    try:
        server.serve()
    except OSError as error:
        where = f"{arguments.host}:{arguments.port}"
        print(f"regtui serve: {where} cannot be opened: {error.strerror or error}; --port N takes another one",
              file=sys.stderr)  # fmt: skip
        return 2
    return 0


def explorer(arguments: argparse.Namespace) -> str:
    """The command of one page, as a line for the shell."""
    words = [sys.executable, "-m", "regtui", "explore"]
    words += [arguments.scenario] if arguments.scenario else []
    words += ["--device", arguments.device, "--threads", str(arguments.threads)]
    words += ["--workers", str(arguments.workers)] if arguments.workers is not None else []
    words += ["--worker", arguments.worker] if arguments.worker is not None else []
    return f"exec {shlex.join(words)}"  # no shell stays between the server and its explorer


def _is_private(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
