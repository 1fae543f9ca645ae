"""A monitored training as a run of the store: what `regtui runs`, `watch`, `compare` and `export` read."""

from __future__ import annotations

import hashlib
import threading
import traceback
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from regtui.engine import devices
from regtui.events import Failed, RunEvent, Started
from regtui.paths import runs_dir
from regtui.spec import DataSpec, ModelSpec, RunSpec, Scalar, TrainSpec
from regtui.store import new_run_id
from regtui.store.beside import RecorderBeside


def spec_of(
    model: nn.Module,
    *,
    name: str,
    project: str,
    seed: int,
    data: str,
    samples: int,
    held_out: Mapping[str, int],
    batch_size: int,
    epochs: int,
    config: Mapping[str, Any],
) -> RunSpec:
    """A spec that says what is known of somebody else's training; nothing can be trained from it.

    samples   training samples
    held_out  evaluated samples of "validation" and "test"
    config    the user's own settings; they stand where a model's parameters do, so that a comparison shows what differs
    """
    validation, test = held_out.get("validation", 0), held_out.get("test", 0)
    known = {key: _scalar(value) for key, value in config.items()}
    return RunSpec(
        scenario=f"own/{project}",
        arm=name,
        seed=seed,
        data=DataSpec(name=data, train=max(samples, 1), validation=validation, test=max(test, 1)),
        model=ModelSpec(name=type(model).__name__, params=seen_in(model) | known),
        train=TrainSpec(epochs=max(epochs, 1), batch_size=max(batch_size, 1)),
        device=str(device_of(model)),
        threads=torch.get_num_threads(),
    )


def seen_in(model: nn.Module) -> dict[str, Scalar]:
    """What regularizes a model, as far as its modules say: its dropouts' p and its norms, each with their number."""
    dropouts = Counter(f"p={m.p:g}" for m in model.modules() if isinstance(m, _DropoutNd))
    norms = Counter(type(m).__name__ for m in model.modules() if type(m).__name__.endswith("Norm") or _is_norm(m))
    found = {"dropouts": dropouts, "norms": norms}
    return {
        key: ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
        for key, counts in found.items()
        if counts
    }


def settings_of(optimizer: torch.optim.Optimizer | None) -> dict[str, Any]:
    """Name and first settings of an optimizer, as far as a comparison is about them."""
    if optimizer is None:
        return {}
    optimizer = getattr(optimizer, "optimizer", optimizer)  # Accelerate and Lightning wrap it
    first = optimizer.param_groups[0]
    kept = {key: float(first[key]) for key in ("lr", "weight_decay", "momentum") if isinstance(first.get(key), float)}
    return {"optimizer": type(optimizer).__name__, **kept}


def device_of(model: nn.Module) -> torch.device:
    """Where a model's first parameter lies; the CPU for one without parameters."""
    return next((parameter.device for parameter in model.parameters()), torch.device("cpu"))


class RecordingError(Exception):
    """Nothing more can be written; the message says why and where."""


class Record:
    """Writes one run's events."""

    def __init__(self, spec: RunSpec, store: Path | None) -> None:
        self.run = new_run_id()
        self.recorder = RecorderBeside(store or runs_dir())  # no disk holds up the training
        digest = hashlib.sha256(msgspec.json.encode(spec, order="deterministic")).hexdigest()[:12]
        self._asked = threading.Event()
        self.recorder.heartbeat.when_asked(lambda _: self._asked.set())
        self.recorder.open(self.run, spec, digest=digest)
        self.recorder.catch_up()

    @property
    def folder(self) -> Path:
        return self.recorder.root / self.run

    @property
    def is_asked_to_stop(self) -> bool:
        """Whether `regtui stop` was called for the run."""
        return self._asked.is_set()

    def emit(self, event: RunEvent) -> None:
        """Append an event, soon. Raises RecordingError where the disk was full before, or was never writable."""
        self.recorder.append(event)  # type: ignore[arg-type]  # all events of a run, by construction
        self._check()

    def settle(self) -> None:
        """Wait, but not long, until all events are written. Raises RecordingError where they could not be."""
        self.recorder.catch_up()
        self._check()

    def _check(self) -> None:
        if self.recorder.warning:
            raise RecordingError(self.recorder.warning.partition(". ")[0])

    def started(
        self, model: nn.Module, spec: RunSpec, *, total_steps: int, steps_per_epoch: int, clean_samples: int
    ) -> None:
        """The first event."""
        device = device_of(model)
        self.emit(
            Started(
                run=self.run,
                device=str(device),
                device_label=devices.label(device) if device.type in ("cpu", "cuda") else str(device),
                threads=torch.get_num_threads(),
                precision=str(next((p.dtype for p in model.parameters()), torch.float32)).removeprefix("torch."),
                parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
                total_steps=total_steps,
                steps_per_epoch=steps_per_epoch,
                train_samples=spec.data.train,
                clean_samples=clean_samples,
            )
        )

    def broke(self, error: BaseException, message: str) -> None:
        """An error of our own: its traceback goes into the log, for whoever wants to report it. Raises nothing."""
        self.recorder.log(self.run, "".join(traceback.format_exception(error)).encode())
        self.recorder.append(Failed(run=self.run, kind="monitor", message=message))  # or it was said why not

    def close(self) -> None:
        """Close the run's file."""
        self.recorder.close()


def _is_norm(module: nn.Module) -> bool:
    return isinstance(module, (_NormBase, nn.LayerNorm, nn.GroupNorm))


def _scalar(value: Any) -> Scalar:
    return value if isinstance(value, (bool, int, float, str)) else str(value)
