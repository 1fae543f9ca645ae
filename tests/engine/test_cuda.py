"""What only a GPU can show: the same batches, the same start and the same protocol as on a CPU."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import torch

from regtui.commands import Stop
from regtui.engine.studies import STUDIES
from regtui.engine.training import Training
from regtui.events import AnyRunEvent, Diverged, Evaluated, Finished, Inside, Norms, Started, Steps

if TYPE_CHECKING:
    from regtui.spec import RunSpec
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec

pytestmark = pytest.mark.gpu


@pytest.fixture
def spec(cuda: torch.device, tiny: MakeSpec, full: Any) -> RunSpec:
    return msgspec.structs.replace(tiny(*full, evaluations=6), device=str(cuda))


def test_a_run_on_a_gpu_tells_everything(spec: RunSpec, make_run: MakeRun) -> None:
    made = make_run(spec)
    assert made.all(Started)[0].device.startswith("cuda")
    assert isinstance(made.events[-1], Finished)
    assert sum(bucket.count for event in made.all(Steps) for bucket in event.loss) == 30
    assert len(made.all(Evaluated)) == 6
    assert made.all(Norms)
    assert made.all(Inside)


def test_start_and_order_are_those_of_the_cpu(spec: RunSpec) -> None:
    gpu, cpu = Training(spec), Training(msgspec.structs.replace(spec, device="cpu"))
    for (name, ours), theirs in zip(gpu.model.named_parameters(), cpu.model.parameters(), strict=True):
        assert torch.equal(ours.cpu(), theirs), name
    batch, other = gpu.next_batch(), cpu.next_batch()
    assert torch.equal(batch.labels.cpu(), other.labels)
    assert torch.equal(batch.inputs.cpu(), other.inputs)


def test_a_run_without_random_masks_follows_the_cpu(
    cuda: torch.device, tiny: MakeSpec, make_run: MakeRun, entry: MakeEntry
) -> None:
    """Ten steps: later ones amplify differences in the last bits."""
    on_cpu = msgspec.structs.replace(tiny(entry("batchnorm"), epochs=1), device="cpu")
    ours = make_run(msgspec.structs.replace(on_cpu, device=str(cuda))).all(Steps)
    theirs = make_run(on_cpu).all(Steps)
    losses = [[bucket.mean for event in events for bucket in event.loss] for events in (ours, theirs)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


def test_studies_find_what_they_find_on_a_cpu(cuda: torch.device, tiny: MakeSpec, entry: MakeEntry) -> None:
    on_cpu = msgspec.structs.replace(tiny(entry("batchnorm"), entry("dropout")), device="cpu")
    for name in ("normality", "batch_noise", "signal", "gradients"):
        theirs, ours = (Training(spec) for spec in (on_cpu, msgspec.structs.replace(on_cpu, device=str(cuda))))
        expected = STUDIES[name](theirs, theirs.model.eval()).values
        assert STUDIES[name](ours, ours.model.eval()).values == pytest.approx(expected, rel=1e-2, abs=1e-2), name


def test_a_stopped_run_goes_on_where_it_was(spec: RunSpec, make_run: MakeRun, tmp_path: Path) -> None:
    def stop(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated) and event.step == 15:
            made.control.send(Stop(run="r"))

    make_run(spec, stop, store=tmp_path)
    resumed, whole = make_run(spec, store=tmp_path, resume=True), make_run(spec)
    assert resumed.all(Started)[0].start_step == 15
    assert resumed.all(Evaluated)[-1].train.loss == pytest.approx(whole.all(Evaluated)[-1].train.loss, rel=0.05)


def test_the_first_bad_step_is_exact_although_it_is_found_later(spec: RunSpec, make_run: MakeRun) -> None:
    def poison(made: MadeRun, event: AnyRunEvent) -> None:
        if isinstance(event, Evaluated) and event.step == 10:
            with torch.no_grad():
                made.training.model.get_parameter("head.bias").fill_(torch.nan)

    last = make_run(msgspec.structs.replace(spec, stack=()), poison).events[-1]
    assert isinstance(last, Diverged)
    assert last.step == 11
