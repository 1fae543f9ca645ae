"""The monitor in loops that are not ours: what it writes is true, and the training is as without it."""

from __future__ import annotations

import copy
import io
import random
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from looping import looped, network, pictures, recorded, run_folder, watching
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset

from regtui import events
from regtui.store import list_runs, replay, rundir, writer
from regtui.store.writer import ask_to_stop


def test_the_training_is_bit_for_bit_the_one_without_it(tmp_path: Path) -> None:
    plain = network()
    without = looped(plain, None)
    watched = network()  # seeds the global generator, and so does the plain loop begin
    with watching(watched, tmp_path) as monitor:
        losses = looped(watched, monitor)
    assert losses == without
    assert all(
        torch.equal(a, b) for a, b in zip(plain.state_dict().values(), watched.state_dict().values(), strict=True)
    )
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in watched.modules())


def test_the_gap_is_that_of_eval_mode_on_all_samples(tmp_path: Path) -> None:
    model = network()
    with watching(model, tmp_path) as monitor:
        looped(model, monitor)
    run = recorded(monitor)
    inputs, labels = pictures()
    right = (model.eval()(inputs).argmax(1) == labels).double() * 100
    last = run.result
    assert last is not None and last.test is not None and last.gap is not None
    assert last.train.accuracy == pytest.approx(right[:180].mean().item())
    assert last.gap == pytest.approx((right[:180].mean() - right[180:].mean()).item())
    assert last.train.loss == pytest.approx(F.cross_entropy(model(inputs[:180]), labels[:180]).item(), rel=1e-5)
    assert [evaluated.step for evaluated in run.evaluations] == [15, 30]


def test_by_default_it_is_evaluated_after_each_epoch_of_the_batches_that_are_trained_on(tmp_path: Path) -> None:
    model = network()
    with watching(model, tmp_path, evaluate_every=None) as monitor:
        looped(model, monitor, 26)  # of 16 samples each: the 12th batch of an epoch has the last 4 of 180
    run = recorded(monitor)
    assert (run.spec.train.batch_size, run.steps_per_epoch) == (16, 12)
    assert [(evaluated.step, evaluated.epoch) for evaluated in run.evaluations] == [
        (12, 1), (24, 2), (26, pytest.approx(26 / 12)),
    ]  # fmt: skip


def test_every_loss_is_recorded_once_and_in_order(tmp_path: Path) -> None:
    model = network()
    with watching(model, tmp_path) as monitor:
        losses = looped(model, monitor, 40)
    run = recorded(monitor)
    told = [bucket for event in _read(run_folder(monitor)) if isinstance(event, events.Steps) for bucket in event.loss]
    assert [bucket.first for bucket in told] == list(range(1, 41))
    assert [bucket.mean for bucket in told] == pytest.approx(losses, rel=1e-5)
    assert (run.state, run.step) == ("finished", 40)


def test_what_the_hooks_saw_is_what_the_step_had(tmp_path: Path) -> None:
    model = network()
    seen: dict[str, Tensor] = {}

    def keep(step: int) -> None:
        if step == 9:
            assert isinstance(model[0], nn.Conv2d)
            assert model[0].weight.grad is not None
            seen["gradient"], seen["running"] = model[0].weight.grad.norm(), model[1].running_mean.clone()

    batches: list[Tensor] = []
    model[0].register_forward_hook(lambda _, __, output: batches.append(output.detach()) if model.training else None)
    with watching(model, tmp_path, evaluate_every=1000) as monitor:
        looped(model, monitor, 12, inner=keep)
    run = recorded(monitor)
    inside, norms = run.insides[0], run.norms[0]
    assert (inside.step, norms.step) == (10, 10)
    layer = next(layer for layer in inside.layers if layer.name == "0")
    assert layer.std == pytest.approx(batches[9].std(correction=0).item(), rel=1e-5)
    assert layer.grad == pytest.approx(seen["gradient"].item(), rel=1e-5)
    (norm,) = norms.layers
    assert norm.name == "1"
    assert norm.batch_mean == pytest.approx(batches[9].mean((0, 2, 3)).tolist(), rel=1e-4, abs=1e-6)
    assert norm.batch_var == pytest.approx(batches[9].var((0, 2, 3)).tolist(), rel=1e-4)
    assert norm.running_mean == pytest.approx(seen["running"].tolist(), rel=1e-4, abs=1e-6)


def test_whole_set_statistics_are_those_of_all_clean_samples(tmp_path: Path) -> None:
    model = network()
    with watching(model, tmp_path, evaluate_every=9) as monitor:
        looped(model, monitor, 9)
        found = model[0](pictures()[0][:180]).detach()
        looped(model, monitor, 1)
    norm = recorded(monitor).norms[0].layers[0]
    assert norm.set_mean == pytest.approx(found.mean((0, 2, 3)).tolist(), rel=1e-4)
    assert norm.set_var == pytest.approx(found.var((0, 2, 3)).tolist(), rel=1e-4)


def test_a_dead_unit_is_counted(tmp_path: Path) -> None:
    model = network()
    with torch.no_grad():
        model[1].bias[:2] = -1000.0
    with watching(model, tmp_path) as monitor:
        looped(model, monitor, 10)
    assert recorded(monitor).insides[0].layers[0].dead == 0.5


def test_units_that_die_are_told_and_gradients_that_nobody_saw_are_no_trouble(tmp_path: Path) -> None:
    model = network()
    model[0].weight.requires_grad_(False)  # its gradient is never seen, which is not the same as none
    with torch.no_grad():
        model[1].bias[:3] = -100.0
    with watching(model, tmp_path) as monitor:
        looped(model, monitor)
    assert [(one.kind, one.layer) for one in replay(tmp_path / monitor.run).lasting] == [("dying", "0")]


def test_who_is_asked_to_stop_says_so_and_the_run_counts_as_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LISTEN", 0.01)
    model = network()
    with watching(model, tmp_path) as monitor:
        looped(model, monitor, 3)
        assert not monitor.should_stop
        ask_to_stop(tmp_path / monitor.run)
        deadline = time.monotonic() + 20
        while not monitor.should_stop:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    found = replay(tmp_path / monitor.run)
    assert found.state == "stopped" and found.last is not None and found.last.step == 3


def test_a_data_set_that_augments_is_named(tmp_path: Path) -> None:
    class Augmented(Dataset[tuple[Tensor, Tensor]]):
        def __len__(self) -> int:
            return 50

        def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
            return torch.rand(1, 8, 8), torch.tensor(index % 3)

    with pytest.warns(UserWarning, match="so it augments"):
        watching(network(), tmp_path, train=Augmented()).close()


@pytest.mark.parametrize("as_source", [
    lambda x, y: TensorDataset(x, y),
    lambda x, y: DataLoader(TensorDataset(x, y), 16, shuffle=True),
    lambda x, y: iter([(x[:100], y[:100]), (x[100:], y[100:])]),
    lambda x, y: list(zip(x, y, strict=True)),
])  # fmt: skip
def test_every_kind_of_source_gives_the_same_figures(
    tmp_path: Path, as_source: Callable[[Tensor, Tensor], object]
) -> None:
    model = network()
    inputs, labels = pictures()
    source = as_source(inputs[:180], labels[:180])
    with watching(model, tmp_path, train=source) as monitor:
        looped(model, monitor, 15)
    right = (model.eval()(inputs[:180]).argmax(1) == labels[:180]).double().mean().item() * 100
    result = recorded(monitor).result
    assert result is not None and result.train.accuracy == pytest.approx(right)


def test_making_a_monitor_draws_from_no_global_generator(tmp_path: Path) -> None:
    inputs, labels = pictures()
    random.seed(0)
    torch.manual_seed(0)
    expected = random.random(), torch.rand(3)
    random.seed(0)
    torch.manual_seed(0)
    loader = DataLoader(TensorDataset(inputs, labels), 16, shuffle=True)
    watching(network(), tmp_path, train=loader).close()  # `network` seeds anew
    torch.manual_seed(0)
    assert random.random() == expected[0]
    watching(nn.Sequential(nn.Flatten(), nn.Linear(64, 3, bias=False)), tmp_path, train=loader)
    torch.manual_seed(0)
    assert torch.equal(torch.rand(3), expected[1])


def test_looking_waits_until_it_is_paid_for(tmp_path: Path) -> None:
    model = network()
    with watching(model, tmp_path, budget=0.0) as monitor:
        looped(model, monitor)
    run = recorded(monitor)
    assert not run.insides
    assert [evaluated.step for evaluated in run.evaluations] == [30]


def test_an_error_inside_is_told_once_and_the_training_goes_on(tmp_path: Path) -> None:
    model, breaks = network(), False

    def broken(model: nn.Module, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        if breaks:
            raise RuntimeError("no such thing")
        return model(batch[0]), batch[1]

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with watching(model, tmp_path, predict=broken) as monitor:
            breaks = True
            losses = looped(model, monitor)
    assert len(losses) == 30
    assert [str(warning.message) for warning in told if "regtui" in str(warning.message)] == [
        "regtui: the monitor stopped (RuntimeError: no such thing); the training goes on without it."
    ]
    assert model.training
    run = recorded(monitor)
    assert run.state == "failed" and "the training went on" in run.trouble
    assert "no such thing" in (run_folder(monitor) / "log.txt").read_text()


@pytest.mark.parametrize(("error", "state"), [(KeyboardInterrupt(), "stopped"), (ZeroDivisionError("oh"), "failed")])
def test_how_the_loop_ended_is_recorded(tmp_path: Path, error: BaseException, state: str) -> None:
    model = network()
    monitor = watching(model, tmp_path)
    with pytest.raises(type(error)), monitor:
        looped(model, monitor, 3)
        raise error
    assert recorded(monitor).state == state


def test_a_single_lost_step_is_left_out_and_many_are_a_divergence(tmp_path: Path) -> None:
    model = network()
    with watching(model, tmp_path, evaluate_every=1000) as monitor:
        for loss in [1.0, float("nan"), 0.5]:
            monitor.step(loss)
    run = recorded(monitor)
    assert run.state == "finished"
    told = [bucket for event in _read(run_folder(monitor)) if isinstance(event, events.Steps) for bucket in event.loss]
    assert [(bucket.first, bucket.mean) for bucket in told] == [(1, 1.0), (3, 0.5)]
    monitor = watching(model, tmp_path, evaluate_every=1000)
    for loss in [1.0, *[float("inf")] * 12, 1.0]:
        monitor.step(loss)
    monitor.close()
    run = recorded(monitor)
    assert run.state == "diverged"
    assert isinstance(run.ending, events.Diverged) and run.ending.step == 2


def test_a_model_that_is_copied_or_saved_between_steps_leaves_the_monitor_behind(tmp_path: Path) -> None:
    """Between two steps hooks wait for the next one: a copy must not call them, nor a file need them."""
    model, inputs = network(), pictures()[0]
    monitor = watching(model, tmp_path, probe_every=2)
    copies = [copy.deepcopy(model)]  # before the first step there is a hook that learns the size of a batch
    looped(model, monitor, 1)
    file = io.BytesIO()
    torch.save(model, file)
    copies += [copy.deepcopy(model), torch.load(io.BytesIO(file.getvalue()), weights_only=False)]
    assert b"regtui" not in file.getvalue()
    for copied in copies:
        copied(inputs * 100)
    looped(model, monitor, 1)
    monitor.close()
    assert [inside.step for inside in recorded(monitor).insides] == [2]
    assert recorded(monitor).insides[0].layers[0].std < 1, "what the copies saw is not what the model saw"


class Compiled(nn.Module):
    """Has its model where torch.compile puts it; loading the compiler would take longer than all of these tests."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self._orig_mod = model

    def forward(self, x: Tensor) -> Tensor:
        hooks = [module._forward_hooks or module._forward_pre_hooks for module in self._orig_mod.modules()]
        self.met_hooks = any(hooks[1:])
        return self._orig_mod(x)


def test_a_compiled_model_gets_no_hooks_and_the_run_says_so(tmp_path: Path) -> None:
    model = Compiled(network())
    with watching(model, tmp_path, probe_every=2) as monitor:
        looped(model, monitor, 5, inner=lambda _: model.met_hooks and pytest.fail("hooks would be compiled"))
    run = recorded(monitor)
    assert (run.state, run.spec.train.batch_size, run.insides) == ("finished", 16, [])
    assert [(mark.step, "the model is compiled" in mark.text) for mark in run.markers] == [(1, True)]


@pytest.mark.parametrize("labels", [torch.arange(60) % 2, (torch.arange(60) % 2).float()[:, None]])
def test_one_output_a_sample_is_a_class_against_another(tmp_path: Path, labels: Tensor) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 1))
    inputs = pictures(60)[0]
    with watching(model, tmp_path, train=(inputs, labels), test=(inputs.numpy(), labels.numpy())) as monitor:
        monitor.step(1.0)
    told = recorded(monitor).result
    logits, classes = model(inputs).flatten(), labels.flatten().float()
    assert told is not None and told.test is not None
    assert told.train.loss == pytest.approx(F.binary_cross_entropy_with_logits(logits, classes).item(), rel=1e-5)
    assert told.test.accuracy == pytest.approx(100 * ((logits > 0) == (classes > 0)).float().mean().item())


@pytest.mark.parametrize(("misuse", "says"), [
    (lambda _, model: looped(model, None, 2), "no step was told: call monitor.step"),
    (lambda monitor, _: monitor.step(torch.rand(16)), r"shape \(16,\); step\(\) takes the single number"),
    (lambda monitor, _: monitor.step("much"), "the loss is a str"),
])  # fmt: skip
def test_misuse_in_a_loop_is_warned_of_in_a_sentence(
    tmp_path: Path, misuse: Callable[[Any, nn.Module], object], says: str
) -> None:
    model = network()
    with pytest.warns(UserWarning, match=says), watching(model, tmp_path) as monitor:
        misuse(monitor, model)


def test_a_store_that_cannot_be_written_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    model = network()
    with (
        pytest.warns(UserWarning, match="Recording stopped: .*the training goes on without it"),
        watching(model, tmp_path / "file") as monitor,
    ):
        assert len(looped(model, monitor, 3)) == 3


@pytest.mark.parametrize(("options", "error", "says"), [
    ({"samples": 0}, ValueError, "samples is 0; allowed is 1 or more"),
    ({"budget": -0.1}, ValueError, "allowed is 0 or more"),
    ({"test": (torch.rand(4, 2, 8, 8), torch.zeros(4, dtype=torch.long))}, ValueError,
     r"test: the model cannot take a batch of it, \(4, 2, 8, 8\) float32 and \(4,\) int64"),
    ({"train": (torch.rand(4, 1, 8, 8), torch.full((4,), 3))}, TypeError, "labels go from 3 to 3.*3 outputs"),
    ({"train": (torch.rand(4, 1, 8, 8), torch.ones(4, 3))}, TypeError, "do not sum to 1"),
    ({"train": [("text", 1)] * 4}, ValueError, "train: the model cannot take a batch of it, a str"),
    ({"train": [(object(), 1)] * 4}, TypeError, "cannot be put into batches"),
    ({"predict": lambda model, batch: model(batch[0])}, TypeError, "logits and labels are two tensors"),
    ({"test": None}, ValueError, "without held-out samples there is no gap"),
    ({"train": 3}, TypeError, "train is a int"),
    ({"train": (torch.rand(3, 1, 8, 8), torch.zeros(4))}, ValueError, "3 inputs and 4 labels"),
    ({"train": (torch.rand(4, 1, 8, 8), torch.rand(4))}, TypeError, "Monitor measures classifiers"),
    ({"train": TensorDataset(torch.rand(0, 3))}, ValueError, "train is empty"),
])  # fmt: skip
def test_what_cannot_be_measured_is_refused_at_once(
    tmp_path: Path, options: dict[str, object], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        watching(network(), tmp_path, **options)
    assert not list(tmp_path.iterdir())


def test_modes_are_given_back_module_by_module(tmp_path: Path) -> None:
    model = network()
    model[1].eval()  # a frozen BatchNorm, as in fine-tuning
    with watching(model, tmp_path) as monitor:
        looped(model, monitor, 15)
    assert [module.training for module in model] == [True, False, True, True, True, True]


def test_the_run_says_what_regularizes_the_model(tmp_path: Path) -> None:
    model = network()
    with watching(model, tmp_path, name="small", project="mine", config={"depth": 2}) as monitor:
        looped(model, monitor, 2)
    (info,) = list_runs(tmp_path)
    assert (info.spec.scenario, info.spec.arm, info.spec.train.batch_size) == ("own/mine", "small", 16)
    assert info.spec.model.params == {"dropouts": "1 p=0.3", "norms": "1 BatchNorm2d", "depth": 2}


def test_a_script_without_with_is_finished_at_its_end(tmp_path: Path) -> None:
    """One process that loads torch and forks: its child fails, and it goes on to its last line."""
    script = f"""
import os
import torch
from regtui import Monitor
child = os.fork()
model = torch.nn.Linear(4, 3)
x, y = torch.rand(30, 4), torch.arange(30) % 3
monitor = Monitor(model, train=(x, y), test=(x, y), store={str(tmp_path)!r})
for _ in range(5):
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    monitor.step(loss)
if child == 0:
    raise ValueError("bad luck")
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
"""
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    states = {replay(tmp_path / info.run).state for info in list_runs(tmp_path)}
    assert states == {"finished", "failed"}


def _read(folder: Path) -> list[events.AnyEvent]:
    return [events.decode(line) for line in (folder / "events.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize(("fails_at", "why"), [
    ("mark", "No space left on device"), ("step", "ZeroDivisionError"), ("close", "No space left on device"),
])  # fmt: skip
def test_a_disk_that_fills_up_ends_the_monitor_and_not_the_training(
    fails_at: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    model = network()
    with pytest.warns(UserWarning, match=f"{why}.*the training goes on without it") as told:
        with watching(model, tmp_path) as monitor:
            monitor.step(1.0)
            if fails_at == "mark":
                monkeypatch.setattr(rundir, "_write_all", full)
                monitor.mark("the rate was halved")
            elif fails_at == "step":
                assert monitor._observation is not None
                # An error of our own, whose telling then finds the disk full.
                monkeypatch.setattr(monitor._observation, "_is_time_to_tell", lambda: 1 / 0)
                monkeypatch.setattr(rundir, "_write_all", full)
                monitor.step(1.0)
            else:
                monkeypatch.setattr(rundir, "_write_all", full)
        monitor.mark("nobody listens any more")
    assert len(told) == 1


def test_a_disk_that_holds_every_write_does_not_hold_up_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, write = threading.Event(), rundir._write_all

    def held(*given: Any) -> None:
        assert answers.wait(30)
        write(*given)

    model = network()
    with watching(model, tmp_path) as monitor:
        monkeypatch.setattr(rundir, "_write_all", held)
        assert len(looped(model, monitor)) == 30
        monitor.mark("the disk is away")
        answers.set()
    assert replay(tmp_path / monitor.run).state == "finished"
    assert [m.text for m in replay(tmp_path / monitor.run).markers] == ["the disk is away"]
