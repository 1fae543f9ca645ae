"""A runner that plays recorded streams instead of training."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from ui_streams import stream

from regtui.commands import Probe, RunRequest
from regtui.events import PROTOCOL_VERSION, AnyRunEvent, Device, Hello, Marker, Stopped
from regtui.modes import MODE_KEY, Mode
from regtui.runner import Lost, Ready, Report


class FakeRunner:
    """Plays one run at a time, and only when `play` says so; notes what it was told."""

    def __init__(self, deliver: Callable[[Report], None]) -> None:
        self.deliver = deliver
        self.is_paused = False
        self.hello: Hello | None = None
        self.pids: list[int] = []
        self.told: list[tuple[object, ...]] = []
        """(command, arguments) in the order of the calls."""
        self.requests: list[RunRequest] = []
        self.probes: list[Probe] = []
        self._queue: deque[RunRequest] = deque()
        self._playing: Iterator[AnyRunEvent] | None = None
        self.present: RunRequest | None = None
        self.step_now = 0
        self.is_closed = False

    def warm(self, count: int | None = None) -> None:
        self.told.append(("warm", count))

    def say_hello(self) -> None:
        self.hello = Hello(protocol=PROTOCOL_VERSION, version="0", torch="2", pid=1, host="here",
                           devices=[Device(name="cpu", label="2 cores")])  # fmt: skip
        self.deliver(Ready(0, self.hello))

    def submit(self, requests: Iterable[RunRequest]) -> None:
        requests = list(requests)
        self.requests += requests
        self._queue.extend(requests)

    def pause(self) -> None:
        self.is_paused = True
        self.told.append(("pause",))
        self._mark("paused")

    def resume(self) -> None:
        self.is_paused = False
        self.told.append(("resume",))
        self._mark("resumed")

    def step(self, count: int = 1) -> None:
        self.is_paused = True
        self.told.append(("step", count))

    def set(self, run: str, key: str, value: float) -> None:
        self.told.append(("set", run, key, value))
        self.deliver(Marker(run=run, step=self.step_now, kind="set", key=key, value=value))

    def set_mode(self, run: str, mode: Mode) -> None:
        self.told.append(("mode", run, mode))
        self.deliver(Marker(run=run, step=self.step_now, kind="set", key=MODE_KEY, value=mode))

    def probe(self, probe: Probe) -> None:
        self.probes.append(probe)

    def stop(self, runs: Iterable[str] | None = None) -> None:
        wanted = None if runs is None else set(runs)
        self.told.append(("stop", wanted))
        for request in [*self._queue, *([self.present] if self.present else [])]:
            if wanted is None or request.run in wanted:
                self.deliver(Stopped(run=request.run, step=self.step_now if request is self.present else 0))
                if request is self.present:
                    self.present = self._playing = None
                else:
                    self._queue.remove(request)
        if wanted is None:
            self.is_paused = False

    async def close(self) -> None:
        self.is_closed = True

    def kill(self) -> None:
        self.is_closed = True

    def play(self, events: int = 1_000_000) -> None:
        """Deliver up to so many events of the waiting runs, one run after the other."""
        for _ in range(events):
            if self._playing is None:
                if not self._queue:
                    return
                self.present = self._queue.popleft()
                self._playing = stream(self.present.run, self.present.spec)
            event = next(self._playing, None)
            if event is None:
                self.present = self._playing = None
                continue
            self.step_now = getattr(event, "step", 0)
            self.deliver(event)

    def lose(self, sentence: str) -> None:
        """The worker dies with its run in hand."""
        runs = (self.present.run,) if self.present else ()
        self.present = self._playing = None
        self.deliver(Lost(0, runs, sentence))

    def _mark(self, kind: str) -> None:
        if self.present is not None:
            self.deliver(Marker(run=self.present.run, step=self.step_now, kind=kind))
