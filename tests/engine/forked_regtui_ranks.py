"""Groups of two ranks, one after another, on one standard input and output: PyTorch is loaded once for all of them.

Stands in for torchrun where a test ends its processes, for which torchrun would load PyTorch three times each. Like it,
this ends a group of which one process is gone; then it begins another.

    python forked_regtui_ranks.py STORE SECONDS      the run store, and how long ranks wait for each other
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import time

from regtui import worker
from regtui.engine import serve, shared

assert serve and shared, "what the children need is loaded"
RANKS = 2
GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL."""


def group(store: str, seconds: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pids = set()
    for rank in range(RANKS):
        if not (pid := os.fork()):
            os.environ.update({
                "RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(RANKS), "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "forked",
            })  # fmt: skip
            os._exit(worker.main(["--store", store, "--rank-timeout", seconds]))
        pids.add(pid)
    pids.discard(os.wait()[0])
    for number, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, float("inf"))):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        end = time.monotonic() + patience
        while pids and time.monotonic() < end:
            pids.discard(os.waitpid(-1, os.WNOHANG)[0])
            time.sleep(0.01)


while True:
    group(*sys.argv[1:3])
