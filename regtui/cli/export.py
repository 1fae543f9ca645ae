"""`regtui export RUN... --as FORMAT`: stored runs in the formats of other tools."""

from __future__ import annotations

import argparse
import sys

from regtui.cli.stored import stored_runs
from regtui.export.errors import ExportError
from regtui.export.save import SINGLE, save, text
from regtui.paths import runs_dir


def export(arguments: argparse.Namespace) -> int:
    """Write the runs; where to is told on stderr. 2 with a sentence for what cannot be exported."""
    kind = arguments.format
    try:
        runs = stored_runs(arguments.runs, arguments.out or runs_dir())
        if kind in ("csv", "json") and arguments.output is None and (kind not in SINGLE or len(runs) == 1):
            sys.stdout.write(text(kind, runs))
            return 0
        where = save(kind, runs, arguments.output)
    except ExportError as error:
        print(f"regtui export: {error}", file=sys.stderr)
        return 2
    print(f"wrote {where}", file=sys.stderr)
    return 0
