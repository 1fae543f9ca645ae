"""A Ray cluster: joined where there is one, else begun on this machine; and what a run takes of it."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regtui
from regtui.machine import cores
from regtui.scenario.errors import Problem, ScenarioError

OPTION = "--ray"
ANSWER = 10.0
"""Seconds that a cluster may take to answer."""
MISMATCH = "ersion mismatch"
"""How Ray begins what it says of a cluster with another Ray or Python."""
OBJECTS = 128 * 2**20
"""Bytes for Ray's shared objects in a cluster of our own: runs send small messages and share nothing."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What each run takes of a node."""

    cpus: int
    """One for each of its threads."""
    gpus: int
    """1 where it trains on a GPU, else 0."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A connection; `ray` is the module."""

    ray: Any
    needs: Needs
    is_ours: bool
    """Begun here, and ended with us."""

    @property
    def room(self) -> int:
        """Runs that all its nodes can make at once, at least 1; nodes may come and go."""
        return max(sum(_fit(node, self.needs) for node in _nodes(self.ray)), 1)

    @property
    def is_here(self) -> bool:
        """All of it is this machine."""
        here = self.ray.get_runtime_context().get_node_id()
        return [node["NodeID"] for node in self.ray.nodes() if node["Alive"]] == [here]

    @property
    def device(self) -> str:
        """Where a run trains on its node; Ray lets it see one GPU or none."""
        return "cuda" if self.needs.gpus else "cpu"

    def __str__(self) -> str:
        nodes = _nodes(self.ray)
        sums = {kind: sum(node.get(kind, 0) for node in nodes) for kind in ("CPU", "GPU")}
        shown = " and ".join(f"{number:g} {kind}" + "s" * (number != 1) for kind, number in sums.items() if number)
        where = "begun on this machine" if self.is_ours else f"of {len(nodes)} node" + ("s" if len(nodes) != 1 else "")
        return f"Ray cluster {where}: {shown}, {self.room} run" + ("s" if self.room != 1 else "") + " at once"


def connect(address: str, *, device: str, threads: int | str) -> Cluster:
    """Join the cluster at an address; auto: the one that is there, else a new one on this machine.

    device  auto, cpu or cuda; auto takes a GPU for each run where the cluster has any

    Raises ScenarioError where Ray is not installed, for a cluster that does not answer and for one without a node that
    a run fits on.
    """
    if threads == "auto":
        raise _wrong("--threads auto", "Ray places a run by the threads it takes; give a number of them")
    if device.startswith("cuda:"):
        raise _wrong(f"--device {device}", "Ray chooses the GPU of each run; write --device cuda")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing about its use leaves the machine
    try:
        import ray
    except ImportError as error:
        raise _wrong("", "needs Ray: pip install 'regtui[ray]', here and on every node of the cluster") from error
    is_ours = _join(ray, address)
    cluster = Cluster(ray, _needs(ray, device, int(threads)), is_ours)
    if not any(_fit(node, cluster.needs) for node in _nodes(ray)):
        there = ", ".join(f"{node.get('CPU', 0):g} CPUs, {node.get('GPU', 0):g} GPUs" for node in _nodes(ray))
        ray.shutdown()
        wanted = f"{cluster.needs.cpus} CPUs" + (" and a GPU" if cluster.needs.gpus else "")
        raise _wrong(address, f"has no node with the {wanted} that a run takes; there is {there}")
    return cluster


def _check(address: str) -> None:
    """Raises ScenarioError for an address that nobody answers at: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdecimal():
        raise _wrong(address, "is no address; allowed are auto and HOST:PORT, as `ray start --head` tells it")
    if trouble := _silence(address):
        raise _wrong(address, f"cannot be joined: {trouble}")


def _silence(address: str) -> str:
    """Why nobody answers at HOST:PORT; "" where somebody does."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=ANSWER).close()
    except (OSError, OverflowError, ValueError) as error:
        return str(error)
    return ""


def _left_behind() -> bool:
    """Whether the cluster of this machine that `auto` would join is gone without having said so.

    Ray keeps its latest address in a file and would wait there for a minute.
    """
    try:
        note = Path(os.environ.get("RAY_TMPDIR", "/tmp"), "ray", "ray_current_cluster").read_text(encoding="utf-8")
    except OSError:
        return False
    return "RAY_ADDRESS" not in os.environ and bool(_silence(note.strip()))


def _join(ray: Any, address: str) -> bool:
    """Whether the cluster was begun here."""
    if address != "auto":
        _check(address)
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    # Ray carries this very code to every node; PyTorch and what else it needs must be there.
    code = {"py_modules": [str(Path(regtui.__file__).parent)], "excludes": ["**/__pycache__"]}
    try:
        if address == "auto" and _left_behind():
            raise ConnectionError
        ray.init(address=address, runtime_env=code, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        # Beside a cluster of another version, auto must not silently begin one of this machine alone.
        if address != "auto" or MISMATCH in str(error):
            raise _wrong(address, f"cannot be joined: {_said(error)}") from None
        try:
            ray.init(address="local", num_cpus=cores(), include_dashboard=False, object_store_memory=OBJECTS, **quiet)
        except Exception as trouble:  # Ray raises plain ones where its processes do not come up in time
            raise _wrong(address, f"no cluster could be begun on this machine: {_said(trouble)}") from None
        return True
    return False


def _said(error: Exception) -> str:
    """What Ray says, in one line: a mismatch of versions is told in several, those of the cluster and those here."""
    return (" ".join(str(error).split()) or "it did not answer")[:300]


def _needs(ray: Any, device: str, threads: int) -> Needs:
    has_gpus = any(node.get("GPU", 0) for node in _nodes(ray))
    return Needs(threads, int(device == "cuda" or (device == "auto" and has_gpus)))


def _nodes(ray: Any) -> list[dict[str, float]]:
    """What each node that is up offers."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _fit(node: dict[str, float], needs: Needs) -> int:
    """Runs that a node can make at once."""
    by_cpu = int(node.get("CPU", 0) // needs.cpus)
    return min(by_cpu, int(node.get("GPU", 0))) if needs.gpus else by_cpu


def _wrong(what: str, sentence: str) -> ScenarioError:
    return ScenarioError(OPTION, [Problem(what, sentence)])
