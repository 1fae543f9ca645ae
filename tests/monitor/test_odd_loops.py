"""The monitor in loops that do what few loops do: it sees what is there, and never ends a training."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from looping import looped, network, pictures, recorded, run_folder, watching
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.data import DataLoader, IterableDataset

from regtui import Monitor
from regtui.events import Failed, Steps
from regtui.monitor.evaluation import measure, predict
from regtui.store.rundir import read_events

CPU = torch.device("cpu")


def told(monitor: Monitor) -> list[float]:
    """The losses that were recorded."""
    steps = [event for event in read_events(run_folder(monitor)) if isinstance(event, Steps)]
    return [bucket.mean for event in steps for bucket in event.loss]


def test_a_loss_that_is_written_over_is_recorded_as_it_was_told(tmp_path: Path) -> None:
    """As a running mean is, and the loss of a step that is a CUDA graph."""
    running = torch.zeros(())
    with watching(network(), tmp_path, evaluate_every=1000) as monitor:
        for step in range(5):
            running.add_(step)
            monitor.step(running)
    assert told(monitor) == [0, 1, 3, 6, 10]


@pytest.mark.parametrize("loss", [np.float32(1.5), np.float64(1.5), torch.tensor([1.5], dtype=torch.float64)])
def test_a_loss_may_be_a_number_of_any_kind(tmp_path: Path, loss: Any) -> None:
    with watching(network(), tmp_path, evaluate_every=1000) as monitor:
        monitor.step(loss)
    assert told(monitor) == [1.5]


class Experts(nn.Module):
    """Each sample goes to one of two experts; with all labels alike one of them is given none."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList(nn.Sequential(nn.Linear(64, 4), nn.ReLU()) for _ in range(2))
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)
        first = torch.ones(len(x), dtype=torch.bool)
        return self.head(torch.cat([self.experts[0](x[first]), self.experts[1](x[~first])]))


def test_a_layer_that_is_given_no_samples_ends_neither_the_training_nor_the_look(tmp_path: Path) -> None:
    model = Experts()
    with watching(model, tmp_path) as monitor:
        assert len(looped(model, monitor, 12)) == 12
    run = recorded(monitor)
    assert run.state == "finished"
    assert [layer.name for layer in run.insides[0].layers] == ["experts.0.0", "head"]


class Strange(nn.ReLU):
    """Gives a tensor that no look can be taken at."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).to_sparse() if self.training else super().forward(x)


class WithStrange(nn.Sequential):
    def forward(self, x: Tensor) -> Tensor:
        for layer in self:
            x = layer(x.to_dense() if x.is_sparse else x)
        return x


def test_a_hook_that_fails_ends_the_monitor_and_not_the_training(tmp_path: Path) -> None:
    model = network()
    model[2] = Strange()
    model = WithStrange(*model)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with watching(model, tmp_path) as monitor:
            assert len(looped(model, monitor, 12)) == 12
    assert any("the training goes on without it" in str(warning.message) for warning in heard)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


class Keyworded(nn.Module):
    """Calls its norm by keyword, and takes something without a length before its pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.net = network()

    def forward(self, temperature: Tensor, x: Tensor) -> Tensor:
        conv, norm, *rest = self.net
        x = norm(input=conv(x))
        for layer in rest:
            x = layer(x)
        return x / temperature


def test_arguments_may_come_by_name_and_without_a_length(tmp_path: Path) -> None:
    model, (inputs, labels) = Keyworded(), pictures()
    one = torch.tensor(1.0)
    with watching(
        model, tmp_path, predict=lambda model, batch: (model(one, batch[0]), batch[1]), probe_every=2, evaluate_every=2
    ) as monitor:
        for _ in range(4):
            F.cross_entropy(model(one, inputs[:16]), labels[:16]).backward()
            monitor.step(1.0)
    run = recorded(monitor)
    assert (run.state, run.spec.train.batch_size) == ("finished", 16)
    assert [layer.name for layer in run.insides[0].layers] == ["net.0", "net.5"] and not run.norms


class Pair(NamedTuple):
    pictures: Tensor
    labels: Tensor


def test_a_batch_may_be_a_named_tuple(tmp_path: Path) -> None:
    inputs, labels = pictures()
    loader = DataLoader([Pair(x, y) for x, y in zip(inputs[:180], labels[:180], strict=True)], 16)
    with watching(network(), tmp_path, train=loader) as monitor:
        monitor.step(1.0)
    assert recorded(monitor).state == "finished"


class Named(nn.Module):
    """Gives its logits by name."""

    def __init__(self) -> None:
        super().__init__()
        self.net = network()

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"hidden": x, "logits": self.net(x)}


def test_logits_may_have_a_name_in_what_the_model_gives(tmp_path: Path) -> None:
    with watching(Named(), tmp_path) as monitor:
        monitor.step(1.0)
    assert recorded(monitor).state == "finished"


def test_gradients_are_unscaled_by_the_scale_that_they_had(tmp_path: Path) -> None:
    """This scaler doubles its scale after each step."""
    model, (inputs, labels) = network(), pictures()
    optimizer = torch.optim.SGD(model.parameters(), 0.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=1)
    weight, seen = model[5].weight, []
    with watching(model.train(), tmp_path, scaler=scaler, probe_every=3) as monitor:
        for _ in range(3):
            torch.manual_seed(0)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(inputs[:16]), labels[:16])
            torch.autograd.backward(scaler.scale(loss))
            scaler.unscale_(optimizer)
            seen.append(weight.grad.norm().item())
            scaler.step(optimizer)
            scaler.update()
            monitor.step(loss)
    layer = {layer.name: layer for layer in recorded(monitor).insides[0].layers}["5"]
    assert layer.grad == pytest.approx(seen[2], rel=1e-4)


def test_an_error_that_takes_the_device_along_is_the_end_that_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = network()
    monitor = watching(model, tmp_path, evaluate_every=1000)
    error = RuntimeError("CUDA error: device-side assert triggered")

    def gone(*_: object) -> None:
        raise RuntimeError("CUDA error: device-side assert triggered, of the losses")

    with pytest.raises(RuntimeError), monitor:
        monitor.step(1.0)
        monkeypatch.setattr(torch, "stack", gone)
        raise error
    ending = recorded(monitor).ending
    assert isinstance(ending, Failed) and (ending.kind, ending.message) == ("RuntimeError", str(error))


def test_a_model_without_numbers_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="device meta"):
        watching(network().to("meta"), tmp_path)


def test_activations_belong_to_the_layer_before_them_also_where_that_is_not_reported(tmp_path: Path) -> None:
    """Of 130 layers 64 are reported; every unit behind every second one is dead."""
    layers: list[nn.Module] = []
    for number in range(130):
        layer = nn.Linear(4, 4)
        nn.init.constant_(layer.bias, -100.0 if number % 2 else 1.0)
        layers += [layer, nn.ReLU()]
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 4), *layers, nn.Linear(4, 3))
    with watching(model, tmp_path) as monitor:
        looped(model, monitor, 10)
    dead = {layer.name: layer.dead for layer in recorded(monitor).insides[0].layers}
    assert len(dead) == 64
    for name, share in dead.items():
        number = (int(name) - 2) // 2
        assert share == (number % 2 if 0 <= number < 130 else 0), name


class Endless(IterableDataset[tuple[Tensor, Tensor]]):
    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return iter(zip(*pictures(), strict=True))


def test_a_loader_of_an_endless_data_set_draws_what_it_would_have_drawn(tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(5)
    before = generator.get_state()
    watching(network(), tmp_path, train=DataLoader(Endless(), 16, generator=generator)).close()
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("frozen", [False, True])
def test_accumulated_passes_are_one_batch_of_one_step(tmp_path: Path, frozen: bool) -> None:
    model, (inputs, labels) = network(), pictures()
    model[5].requires_grad_(not frozen)
    with watching(model, tmp_path, evaluate_every=None) as monitor:
        for _ in range(15):  # of 180 samples in steps of 3 x 4
            for _ in range(3):
                chosen = torch.randint(0, 180, (4,))
                F.cross_entropy(model(inputs[chosen]), labels[chosen]).backward()
            monitor.step(1.0)
    run = recorded(monitor)
    assert (run.spec.train.batch_size, run.steps_per_epoch) == (12, 15)
    assert [(evaluated.step, evaluated.epoch) for evaluated in run.evaluations] == [(15, 1.0)]


def test_passes_of_a_closure_that_is_called_again_are_one_batch(tmp_path: Path) -> None:
    model, (inputs, labels) = network(), pictures()
    optimizer, batch = torch.optim.LBFGS(model.parameters(), max_iter=4), inputs[:20]
    passes = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(batch), labels[:20])
        torch.autograd.backward(loss)
        passes.append(loss)
        return loss

    with watching(model, tmp_path, probe_every=2, optimizer=optimizer) as monitor:
        for _ in range(2):
            monitor.step(optimizer.step(closure))
    run = recorded(monitor)
    assert len(passes) > 4
    assert (run.state, run.spec.train.batch_size, len(run.insides)) == ("finished", 20, 1)


def test_several_processes_take_a_batch_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 0)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 3)
    model = network()
    with watching(model, tmp_path, evaluate_every=None) as monitor:
        looped(model, monitor, 4)
    run = recorded(monitor)
    assert (run.spec.train.batch_size, run.steps_per_epoch) == (48, 4)
    assert run.evaluations[-1].epoch == 1.0


def test_inside_autocast_the_weights_of_after_the_step_are_measured_and_the_training_is_as_without(
    tmp_path: Path,
) -> None:
    inputs, labels = pictures()
    expected = []

    def plain() -> nn.Module:
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 3))

    def train(model: nn.Module, monitor: Monitor | None) -> Tensor:
        """Two passes a step, the second after the monitor has looked."""
        optimizer = torch.optim.SGD(model.parameters(), 5.0)
        for _ in range(2):
            with torch.autocast("cpu", torch.bfloat16):
                optimizer.zero_grad()
                torch.autograd.backward(F.cross_entropy(model(inputs[:16]), labels[:16]))
                optimizer.step()
                if monitor:
                    monitor.step(1.0)
                torch.autograd.backward(F.cross_entropy(model(inputs[:16]), labels[:16]))
            with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
                expected.append(F.cross_entropy(model(inputs[:180]).float(), labels[:180]).item())
        return torch.cat([parameter.grad.flatten() for parameter in model.parameters()])

    without, model = train(plain(), None), plain()
    with watching(model, tmp_path, evaluate_every=1) as monitor:
        assert torch.equal(train(model, monitor), without)
    told = [evaluated.train.loss for evaluated in recorded(monitor).evaluations]
    assert told == pytest.approx(expected[:2], rel=1e-4)


class NoDoubles(TorchDispatchMode):
    """A device without double precision, as Apple's GPUs are."""

    def __torch_dispatch__(self, function: Any, types: Any, given: Any = (), named: Any = None) -> Any:
        found = function(*given, **(named or {}))
        for one in found if isinstance(found, (tuple, list)) else (found,):
            assert not isinstance(one, Tensor) or one.dtype != torch.float64, function
        return found


def test_nothing_is_measured_in_double_precision() -> None:
    inputs, labels = pictures()
    with NoDoubles():
        found = measure(network().eval(), [(inputs[:100], labels[:100]), (inputs[100:], labels[100:])], predict, CPU)
    logits = network().eval()(inputs)
    assert found.loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    assert found.accuracy == pytest.approx((logits.argmax(1) == labels).double().mean().item() * 100)
