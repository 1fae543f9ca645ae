"""Options that several commands share, and what may be written after them."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_what(parser: argparse.ArgumentParser, *, seeds: str, arm: str) -> None:
    """Which arms, seeds and settings. `seeds` and `arm` say what the command does with them."""
    parser.add_argument("--arm", action="append", metavar="A", help=arm)
    parser.add_argument("--seeds", type=count, metavar="N", help=seeds)
    parser.add_argument("--epochs", type=count, metavar="N", help="short for --set train.epochs=N")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
        help="change a setting of all arms (train.lr=1e-3, dropout.p=.2, dropout@head.p=.5) or of one: ARM:KEY=VALUE",
    )  # fmt: skip


def add_output(parser: argparse.ArgumentParser) -> None:
    """Where runs are stored, and --json."""
    parser.add_argument("--out", type=Path, metavar="DIR", help="store the runs in this directory")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Where and how workers train."""
    parser.add_argument("--device", default="auto", type=device, help="auto (default), cpu, cuda or cuda:N")
    parser.add_argument(
        "--threads", type=_threads, default=1, metavar="N|auto",
        help="CPU threads of a worker (default 1); auto, for one large model: 1, half or all cores, whichever takes "
        "the quicker steps; more than 1 may change the last bits",
    )  # fmt: skip
    parser.add_argument(
        "--precision", default="fp32", choices=("fp32", "bf16"),
        help="fp32 (default); bf16 is quicker for most networks where the device has it, and changes the numbers",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=count, metavar="N",
        help="worker processes; default: one a core, at most 8, fewer with more threads; one with --threads auto",
    )  # fmt: skip
    parser.add_argument(
        "--worker", metavar="COMMAND", help='where to train, e.g. "ssh gpu01 regtui worker"; default: this machine'
    )


def add_own(parser: argparse.ArgumentParser) -> None:
    """Other data and another model than the scenario's."""
    _add_data(parser)
    parser.add_argument(
        "--model", metavar="NAME", help="train another model: package.module:factory (a callable that gives a "
        "torch.nn.Module, found from the current directory first; its arguments: --set model.x=...), torchvision:NAME "
        "or timm:NAME",
    )  # fmt: skip


def add_own_settings(parser: argparse.ArgumentParser) -> None:
    """What of --set a screen has no other way to say."""
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", dest="settings",
        help="an argument of the factory of --model (model.width=8), or a setting of the data (data.size=96)",
    )  # fmt: skip


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", metavar="NAME", help="train on other data: folder:PATH (a folder of pictures for each class), "
        "text:PATH (CSV or TSV of text and label) or a data set of the catalog; without a scenario the ladder, or for "
        "texts the transformer, is asked of them",
    )  # fmt: skip
    parser.add_argument("--data-root", metavar="DIR", help="where torchvision's data sets are (cifar10, mnist, ...)")
    parser.add_argument("--download", action="store_true", help="let torchvision fetch there what is missing")


def add_ray(parser: argparse.ArgumentParser) -> None:
    """Runs on a cluster."""
    parser.add_argument(
        "--ray", metavar="auto|ADDRESS",
        help="make the runs on a Ray cluster (extra: ray); auto joins the one that is there, or begins one here",
    )  # fmt: skip


def count(text: str, most: int = 100_000) -> int:
    """A whole number from 1 to `most`. Raises argparse.ArgumentTypeError."""
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"is {text!r}; allowed is a whole number from 1 to {most}")
    return int(text)


def whole(text: str) -> int:
    """A whole number from 0 on. Raises argparse.ArgumentTypeError."""
    return 0 if text == "0" else count(text, most=2**31)


def _threads(text: str) -> int | str:
    return text if text == "auto" else count(text, most=1024)


def device(text: str) -> str:
    """A device by the name that a spec has for it. Raises argparse.ArgumentTypeError."""
    kind, _, index = text.partition(":")
    if text not in ("auto", "cpu", "cuda") and not (kind == "cuda" and index.isdecimal()):
        raise argparse.ArgumentTypeError(f"is {text!r}; allowed are auto, cpu, cuda and cuda:N")
    return text
