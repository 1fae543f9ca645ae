"""Joining a cluster, by a stand-in for Ray: which one, what a run takes of it, and what is refused."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

import regtui
from regtui.cluster.connect import Needs, connect
from regtui.scenario import ScenarioError


class FakeRay:
    """Has one cluster, or none that `auto` could join, and notes what it is asked."""

    def __init__(self, *nodes: dict[str, float], is_there: bool = True, refuses: str = "") -> None:
        self.is_there, self.refuses = is_there, refuses
        self.asked: list[str] = []
        self.modules: list[str] = []
        self._nodes = [{"Alive": True, "NodeID": str(i), "Resources": node} for i, node in enumerate(nodes)]

    def init(self, *, address: str, runtime_env: dict[str, Any] | None = None, **_: Any) -> None:
        self.asked.append(address)
        self.modules = (runtime_env or {}).get("py_modules", [])
        if self.refuses:
            raise RuntimeError(self.refuses)
        if address == "auto" and not self.is_there:
            raise ConnectionError("none")

    def nodes(self) -> list[dict[str, Any]]:
        return [*self._nodes, {"Alive": False, "NodeID": "gone", "Resources": {"CPU": 99.0, "GPU": 99.0}}]

    def shutdown(self) -> None:
        self.asked.append("shutdown")


@pytest.fixture
def with_ray(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Put a stand-in in the place of Ray; no cluster of this machine is known."""
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)

    def put(ray: Any) -> Any:
        monkeypatch.setitem(sys.modules, "ray", ray)
        return ray

    return put


def test_auto_joins_the_cluster_that_is_there_and_else_begins_one(with_ray: Any) -> None:
    ray = with_ray(FakeRay({"CPU": 4.0}))
    assert not connect("auto", device="auto", threads=1).is_ours and ray.asked == ["auto"]
    ray = with_ray(FakeRay({"CPU": 4.0}, is_there=False))
    assert connect("auto", device="auto", threads=1).is_ours and ray.asked == ["auto", "local"]


def test_a_cluster_that_is_joined_gets_the_code_that_runs_here(with_ray: Any) -> None:
    ray = with_ray(FakeRay({"CPU": 4.0}))
    connect("auto", device="cpu", threads=1)
    (folder,) = ray.modules
    assert Path(folder) == Path(regtui.__file__).parent
    ray = with_ray(FakeRay({"CPU": 4.0}, is_there=False))
    connect("auto", device="cpu", threads=1)
    assert ray.modules == [], "one that is begun here has it"


def test_a_mismatch_of_versions_is_told_with_both_of_them(with_ray: Any) -> None:
    with_ray(
        FakeRay({"CPU": 4.0}, refuses="Version mismatch: The cluster was\n    Ray: 1.0\nThis process\n    Ray: 2.0\n")
    )
    with socket.create_server(("127.0.0.1", 0)) as head, pytest.raises(ScenarioError, match=r"Ray: 1\.0 .* Ray: 2\.0"):
        connect(f"127.0.0.1:{head.getsockname()[1]}", device="cpu", threads=1)


def test_auto_begins_none_beside_a_cluster_of_another_version_and_says_why_none_came_up(with_ray: Any) -> None:
    ray = with_ray(FakeRay(refuses="Version mismatch: The cluster was"))
    with pytest.raises(ScenarioError, match="auto: cannot be joined: Version mismatch"):
        connect("auto", device="cpu", threads=1)
    assert ray.asked == ["auto"]
    with_ray(FakeRay(refuses="The current node timed out\nduring startup."))
    with pytest.raises(
        ScenarioError, match="no cluster could be begun on this machine: The current node timed out dur"
    ):
        connect("auto", device="cpu", threads=1)


def test_a_cluster_that_was_killed_is_not_waited_for(with_ray: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text(f"127.0.0.1:{port}")
    ray = with_ray(FakeRay({"CPU": 4.0}))
    assert connect("auto", device="auto", threads=1).is_ours and ray.asked == ["local"]


@pytest.mark.parametrize(("device", "threads", "needs", "room"), [
    ("auto", 1, Needs(1, 1), 2), ("cpu", 1, Needs(1, 0), 10), ("cpu", 4, Needs(4, 0), 2), ("cuda", 4, Needs(4, 1), 2),
])  # fmt: skip
def test_room_is_what_fits_on_the_nodes_that_are_up(
    with_ray: Any, device: str, threads: int, needs: Needs, room: int
) -> None:
    with_ray(FakeRay({"CPU": 8.0, "GPU": 2.0}, {"CPU": 2.0}))
    cluster = connect("auto", device=device, threads=threads)
    assert (cluster.needs, cluster.room) == (needs, room)
    assert cluster.device == ("cuda" if needs.gpus else "cpu")
    assert "10 CPUs and 2 GPUs" in str(cluster)


@pytest.mark.parametrize(("address", "options", "says"), [
    ("auto", {"device": "cpu", "threads": "auto"}, "give a number"),
    ("auto", {"device": "cuda:1", "threads": 1}, "Ray chooses the GPU"),
    ("auto", {"device": "cuda", "threads": 1}, "no node with the 1 CPUs and a GPU"),
    ("auto", {"device": "cpu", "threads": 16}, "no node with the 16 CPUs that a run takes; there is 4 CPUs"),
    ("ray://head:10001", {"device": "cpu", "threads": 1}, "allowed are auto and HOST:PORT"),
    ("127.0.0.1:1", {"device": "cpu", "threads": 1}, "cannot be joined"),
])  # fmt: skip
def test_what_cannot_be_is_refused(with_ray: Any, address: str, options: dict[str, Any], says: str) -> None:
    with_ray(FakeRay({"CPU": 4.0}))
    with pytest.raises(ScenarioError, match=says):
        connect(address, **options)


def test_without_ray_one_line_says_what_to_install(with_ray: Any) -> None:
    with_ray(None)
    with pytest.raises(ScenarioError, match=r"pip install 'regtui\[ray\]'"):
        connect("auto", device="cpu", threads=1)
