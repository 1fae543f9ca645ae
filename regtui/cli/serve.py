"""`regtui serve`: the explorer in a browser, through textual-serve (extra `serve`)."""

from __future__ import annotations

import argparse
import ipaddress
import os
import shlex
import sys

from regtui import itself
from regtui.paths import runs_dir
from regtui.scenario import find, load


def serve(arguments: argparse.Namespace) -> int:
    """Serve until ctrl+c; every page that is opened is an explorer of its own. 2 with a sentence if that cannot be."""
    command, looks_long = explorer(arguments), bool(arguments.data or arguments.model)
    if not looks_long:
        _check(arguments)
    try:
        from regtui.cli.web import WebServer
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("textual_serve", "aiohttp", "aiohttp_jinja2", "jinja2"):
            raise
        print("regtui serve: needs textual-serve; pip install 'regtui[serve]'", file=sys.stderr)
        return 2
    if looks_long:
        _check(arguments)
    if not _is_private(arguments.host):
        print(
            f"regtui: there is no password: whoever reaches {arguments.host}:{arguments.port} can train here and "
            "write files into this directory",
            file=sys.stderr,
        )
    os.environ["PYTHONUTF8"] = "1"  # the pages are UTF-8, whatever the terminal of the server is
    os.environ.pop("NO_COLOR", None)
    server = WebServer(command, arguments.host, arguments.port, arguments.url)
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
    words = itself.command("explore")
    words += [arguments.scenario] if arguments.scenario else []
    words += ["--device", arguments.device, "--threads", str(arguments.threads), "--precision", arguments.precision]
    for option in ("workers", "worker", "data", "data_root", "model"):
        if (value := getattr(arguments, option)) is not None:
            words += [f"--{option.replace('_', '-')}", str(value)]
    words += ["--download"] * arguments.download
    words += [word for setting in arguments.settings for word in ("--set", setting)]
    return f"exec {shlex.join(words)}"  # no shell stays between the server and its explorer


def _check(arguments: argparse.Namespace) -> None:
    """Have a mistake told here, not on every page. Raises ScenarioError."""
    if arguments.data or arguments.model:
        from regtui.cli.own import chosen

        chosen(arguments, runs_dir())  # so that pictures are resized by now
    elif arguments.scenario:
        load(find(arguments.scenario))


def _is_private(host: str) -> bool:
    """Whether only this machine can reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
