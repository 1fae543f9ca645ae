"""The options of `regtui serve`: those of the explorer that each page is, and where it listens."""

from __future__ import annotations

import argparse
from functools import partial

from regtui.cli.options import add_machine, add_own, add_own_settings, count
from regtui.cli.parse_stored import Later


def add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser], later: Later) -> None:
    """Add the command."""
    serve = commands.add_parser(
        "serve", help="the explorer in a browser (extra: serve)",
        description="Serve the explorer to browsers. Every page that is opened is an explorer of its own, with workers "
        "of its own. There is no password, so only this machine is let in unless --host says otherwise.",
    )  # fmt: skip
    serve.add_argument("scenario", nargs="?", help="a preset such as overfitting/ladder, or a TOML file")
    add_own_settings(serve)
    add_own(serve)
    serve.add_argument("--host", default="127.0.0.1", help="the address to listen at (default 127.0.0.1)")
    serve.add_argument("--port", type=partial(count, most=65_535), default=8000, metavar="N", help="default 8000")
    serve.add_argument("--url", help="the address that browsers see, where it is another one: behind a proxy, say")
    add_machine(serve)
    serve.set_defaults(function=later("regtui.cli.serve", "serve"), parser=serve)
