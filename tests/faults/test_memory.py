"""Workers in a real small control group: the system kills the one that takes too much, and the others go on."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HUNGRY = [sys.executable, str(Path(__file__).parent / "hungry_worker.py")]
TOLD = "Memory ran out, and the system killed the worker. A smaller train.batch_size or model needs less"

SCENARIO = """
title = "Memory"
section = "overfitting"
question = "Does it fit?"
[base]
data = { train = 100, validation = 50, test = 100 }
train = { epochs = 4, batch_size = 20, evaluations = 2, probes = 0 }
model = { name = "mlp", width = 16, depth = 1 }
[[arms]]
name = "huge"
model = { name = "mlp", width = 4096, depth = 10 }
[[arms]]
name = "small"
model = { name = "mlp", width = 16, depth = 1 }
"""
"""The weights of one are 0.6 GB, with gradients and AdamW's averages four times that."""


@pytest.fixture
def confined() -> Iterator[Callable[[int, list[str]], str]]:
    """`confined(bytes, command)`: the command line that runs a command in a group of that size."""
    made: list[Path] = []

    def confine(size: int, command: list[str]) -> str:
        two = (Path("/sys/fs/cgroup/cgroup.controllers"), Path("/sys/fs/cgroup"), "memory.max", "memory.swap.max", "0")
        one = (Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes",
               "memory.memsw.limit_in_bytes", str(size))  # fmt: skip
        sign, root, limit, swap, swap_size = two if two[0].exists() else one
        group = root / f"regtui-test-{os.getpid()}"
        try:
            if not sign.exists() or (sign.is_file() and "memory" not in sign.read_text()):
                raise OSError("no controller of memory")
            group.mkdir()
            made.append(group)
            (group / limit).write_text(str(size))
            if (group / swap).exists():
                (group / swap).write_text(swap_size)
        except OSError as error:
            pytest.skip(f"this system lets us make no group of processes with little memory: {error}")
        return shlex.join(["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$0" "$@"', *command])

    yield confine
    for group in made:
        for _ in range(100):
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.02)  # its last process is just going


def run(tmp_path: Path, worker: str) -> tuple[int, dict[str, dict[str, object]], str]:
    """Both arms at once, by two workers; gives the exit code, the arms and what was said."""
    path = tmp_path / "memory.toml"
    path.write_text(SCENARIO)
    words = [
        sys.executable,
        "-m",
        "regtui",
        "run",
        str(path),
        "--seeds",
        "1",
        "--workers",
        "2",
        "--json",
        "--worker",
        worker,
    ]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=300, cwd="/", check=False)
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
    return done.returncode, {arm["name"]: arm for arm in json.loads(done.stdout)["arms"]}, " ".join(done.stderr.split())


def test_the_system_kills_the_worker_that_takes_too_much_and_the_reason_is_told(
    tmp_path: Path, confined: Callable[[int, list[str]], str]
) -> None:
    code, arms, said = run(tmp_path, confined(200 << 20, HUNGRY))
    assert (code, arms["huge"]["states"], arms["small"]["states"]) == (1, ["lost"], ["stopped"])
    assert TOLD in said


def test_an_arm_that_does_not_fit_ends_and_the_others_are_trained(
    tmp_path: Path, confined: Callable[[int, list[str]], str], rounds: Callable[[int, int], int]
) -> None:
    if not rounds(0, 1):
        pytest.skip("REGTUI_FAULTS=full loads PyTorch in two workers for this")
    code, arms, said = run(tmp_path, confined(1600 << 20, [sys.executable, "-m", "regtui", "worker"]))
    assert (code, arms["huge"]["states"], arms["small"]["states"]) == (1, ["lost"], ["finished"])
    assert TOLD in said
