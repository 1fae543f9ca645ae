"""The answers of a worker to probes; whatever goes wrong becomes a sentence, so that no run ends when looked at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from regtui.commands import Probe, ProbeKind
from regtui.engine import checkpoint
from regtui.engine.both_modes import both_modes
from regtui.engine.live_subnetworks import live_subnetworks
from regtui.engine.norm_truth import norm_truth, recalibrated
from regtui.engine.preview import preview
from regtui.engine.told import told
from regtui.engine.training import Training
from regtui.events import ANSWERS, AnyAnswer, Cost, Inspected
from regtui.modes import Weights

Look = Callable[[Probe, Training, Weights], AnyAnswer]
LOOKS: dict[ProbeKind, Look] = {
    "modes": both_modes,
    "norms": norm_truth,
    "recalibrated": recalibrated,
    "subnetworks": live_subnetworks,
}
"""What looks at the weights of a run; a preview needs none."""


def answer(probe: Probe, training: Training | None = None, *, store: Path | None = None) -> AnyAnswer:
    """The answer to a probe.

    training  the run that is to answer for itself; None: the settings or the run's checkpoint answer
    store     where the checkpoints of this worker are
    """
    try:
        if probe.kind == "preview":
            return preview(probe, training)
        if probe.kind in ("model", "cost"):
            return _looked_ahead(probe)
        if training:
            return LOOKS[probe.kind](probe, training, "run")
        with torch.random.fork_rng(devices=[]):  # modules draw weights, for nothing, from the generator of the process
            restored = Training(probe.spec)
        folder = store / probe.run if store and probe.run and Path(probe.run).name == probe.run else None
        stored = folder is not None and (folder / checkpoint.TENSORS).is_file()
        if folder is not None and stored:
            checkpoint.restore(restored, folder)
        return LOOKS[probe.kind](probe, restored, "stored" if stored else "initial")
    except Exception as error:
        # A ValueError is a sentence of ours; what else there is comes from a model of the user's own, or says little.
        reason = str(error.args[0]) if isinstance(error, ValueError) and error.args else told(error)
        return ANSWERS[probe.kind](ask=probe.ask, trouble=f"{probe.spec.arm} cannot be shown: {reason}")


def _looked_ahead(probe: Probe) -> Inspected | Cost:
    """A look at what has not been trained yet."""
    from regtui.engine.cost import cost  # it takes steps, and the loop that takes them asks this module
    from regtui.engine.inspect import inspect

    return inspect(probe) if probe.kind == "model" else cost(probe)
