"""A worker far away: `far_worker.py SECONDS CUT COMMAND...` forwards the pipes of a command, late by so much each way.

When the file CUT is there the link breaks as ssh's does: last words on stderr, status 255, and the command far away is
left with the end of its input.
"""

import os
import queue
import subprocess
import sys
import threading
import time
from pathlib import Path

LATENCY, CUT = float(sys.argv[1]), Path(sys.argv[2])
worker = subprocess.Popen(sys.argv[3:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
assert worker.stdin is not None and worker.stdout is not None


def forward(source: int, sink: int, at_end: list[int]) -> None:
    """Pass bytes on `LATENCY` seconds after they came, however many are on the way."""
    on_the_way: queue.Queue[tuple[float, bytes]] = queue.Queue()

    def deliver() -> None:
        while True:
            due, chunk = on_the_way.get()
            time.sleep(max(0.0, due - time.monotonic()))
            if not chunk:
                for end in at_end:
                    os.close(end)
                return
            os.write(sink, chunk)

    threading.Thread(target=deliver, daemon=True).start()
    while chunk := os.read(source, 65536):
        on_the_way.put((time.monotonic() + LATENCY, chunk))
    on_the_way.put((time.monotonic() + LATENCY, b""))


threading.Thread(target=forward, args=(0, worker.stdin.fileno(), [worker.stdin.fileno()]), daemon=True).start()
threading.Thread(target=forward, args=(worker.stdout.fileno(), 1, []), daemon=True).start()
while worker.poll() is None:
    if CUT.exists():
        os.write(2, b"client_loop: send disconnect: Broken pipe\n")
        os._exit(255)
    time.sleep(0.01)
time.sleep(2 * LATENCY)
sys.exit(worker.returncode)
