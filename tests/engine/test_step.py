"""A step computes on the device alone, in tensors that stay where they are: what a CUDA graph asks of it.

There need be no GPU to see that. PyTorch can be told of tensors that are on one without having any memory: operations
on them work out shapes and devices and refuse whatever would have to look at a value. A step of a training that was
moved there shows everything that would come from the host or go back to it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from regtui.catalog import MODELS, REGULARIZERS
from regtui.engine import lattice, warp
from regtui.engine.metrics import PlacedMeter, StepMeter
from regtui.engine.probes import StepProbe
from regtui.engine.stack import Stack
from regtui.engine.step import Step
from regtui.engine.training import Training
from regtui.spec import DataSpec, ModelSpec, RunSpec, StackEntry, TrainSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MakeEntry

SMALL = {"width": 4, "depth": 3, "layers": 1, "blocks": 1, "members": 2, "heads": 2}
TESTED = {
    "cnn": {"layernorm", "groupnorm", "instancenorm", "rmsnorm", "max_norm", "gradient_clipping", "weight_decay",
            "l1", "l2", "ema", "swa", "early_stopping", "dropout", "dropout2d", "dropblock", "batchnorm", "crop",
            "flip", "vertical_flip", "rotation", "affine", "color_jitter", "random_erasing", "gaussian_noise",
            "randaugment", "trivialaugment", "augmix", "label_smoothing", "mixup", "cutmix", "mixup_cutmix",
            "ghost_batchnorm"},
    "resnet": {"stochastic_depth"},
    "bert": {"synonym_replacement", "synonym_insertion", "word_swap", "word_deletion", "token_masking", "batchnorm",
             "layernorm", "dropout", "stochastic_depth"},
}  # fmt: skip
"""By model: what its stack is made of, all at once."""
READ_BACK = {
    "aten._local_scalar_dense", "aten.nonzero", "aten.masked_select", "aten._unique2", "aten.unique_dim",
    "aten.unique_consecutive", "aten.is_nonzero", "aten.equal", "aten.bincount", "aten.repeat_interleave",
}  # fmt: skip
"""What waits for a GPU: a value or a shape that depends on values."""


def spec(model: str, *stack: StackEntry) -> RunSpec:
    record = MODELS[model]
    data = DataSpec(name="fashion-mnist" if "image" in record.inputs else "wordnet", train=48, validation=20, test=20)
    params = {param.name: SMALL.get(param.name, param.default) for param in record.params}
    train = TrainSpec(epochs=1, batch_size=8)
    return RunSpec(scenario="test", arm="a", seed=0, data=data, model=ModelSpec(name=model, params=params), train=train,
                   stack=stack)  # fmt: skip


@pytest.fixture
def stack_of(entry: MakeEntry) -> Any:
    def make(model: str) -> tuple[StackEntry, ...]:
        sites = MODELS[model].sites
        return tuple(
            entry(name, next((site for site in record.sites if site in sites), ""))
            for name, record in REGULARIZERS.items()
            if name in TESTED[model]
        )

    return make


def test_every_regularizer_is_in_a_stack_below() -> None:
    # Synchronized statistics need other processes, and a step that several of them take is never captured.
    assert set.union(*TESTED.values()) == set(REGULARIZERS) - {"sync_batchnorm"}


@pytest.mark.parametrize("model", [model for model in MODELS if model != "hf_encoder"])
def test_the_step_of_every_model_stays_on_the_device(model: str, gpu_without_memory: FakeTensorMode) -> None:
    assert strangers(spec(model), gpu_without_memory) == []


@pytest.mark.parametrize("model", TESTED)
def test_the_step_of_every_regularizer_stays_on_the_device(
    model: str, stack_of: Any, gpu_without_memory: FakeTensorMode
) -> None:
    assert strangers(spec(model, *stack_of(model)), gpu_without_memory) == []


@pytest.mark.parametrize("model", TESTED)
def test_so_it_does_while_it_is_probed(model: str, stack_of: Any, gpu_without_memory: FakeTensorMode) -> None:
    assert strangers(spec(model, *stack_of(model)), gpu_without_memory, probed=True) == []


@pytest.mark.parametrize(
    ("model", "name", "params"),
    [
        ("cnn", "batchnorm", {"statistics": "cumulative", "frozen_after": 0.5}),
        ("cnn", "batchnorm", {"statistics": "batch"}),
        ("bert", "batchnorm", {"mask": False}),
        ("cnn", "l1", {"exact_zeros": True}),
        ("cnn", "random_erasing", {"fill": "noise"}),
    ],
)
def test_so_it_does_with_settings_that_are_computed_otherwise(
    model: str, name: str, params: dict[str, Any], entry: MakeEntry, gpu_without_memory: FakeTensorMode
) -> None:
    where = next((site for site in REGULARIZERS[name].sites if site in MODELS[model].sites), "")
    assert strangers(spec(model, entry(name, where, **params)), gpu_without_memory) == []


@pytest.mark.parametrize("model", TESTED)
def test_backward_and_optimizer_read_nothing_back(model: str, stack_of: Any) -> None:
    """Seen on a CPU, where the step itself looks at its loss, once."""
    training = Training(spec(model, *stack_of(model)))
    step = Step(training, PlacedMeter(8, training.device))
    assert taken(step)
    with Operations() as seen:
        assert taken(step)
    assert [name for name in seen.names if name.rpartition(".")[0] in READ_BACK] == ["aten._local_scalar_dense.default"]
    assert "aten.lift_fresh.default" not in seen.names, "a tensor was made of Python numbers"


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("model", TESTED)
def test_everything_that_lasts_stays_where_it_is(model: str, optimizer: str, stack_of: Any) -> None:
    made = spec(model, *stack_of(model))
    training = Training(msgspec.structs.replace(made, train=msgspec.structs.replace(made.train, optimizer=optimizer)))
    step = Step(training, PlacedMeter(8, training.device))
    assert taken(step)
    before = addresses((step, training))
    samples = training.next_samples()
    moments = 2 if optimizer == "adamw" else 1
    assert len(before) > (1 + moments) * len(list(training.model.parameters()))
    for _ in range(3):
        training.lr.advance_to(training.step)
        assert step(samples, None)
        training.step += 1
    after = addresses((step, training))
    assert {way for way in before if after.get(way) != before[way]} == set()


def test_a_step_that_reads_back_or_brings_something_along_is_found(
    gpu_without_memory: FakeTensorMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bring(*hook: Any) -> None:
        hook[-1] * torch.tensor([1.0, 2.0], device=hook[-1].device)

    monkeypatch.setattr(Stack, "on_gradients", bring)
    assert any("_to_copy" in name for name in strangers(spec("mlp"), gpu_without_memory))
    monkeypatch.setattr(Stack, "on_gradients", lambda *hook: hook[-1].item())
    with pytest.raises(Exception, match="_local_scalar_dense"):
        strangers(spec("mlp"), gpu_without_memory)


def test_a_meter_in_its_place_says_what_the_other_one_says() -> None:
    ours, theirs = PlacedMeter(8, torch.device("cpu")), StepMeter()
    generator = torch.Generator().manual_seed(0)
    for count in (8, 3, 0):
        for _ in range(count):
            logits = torch.randn(5, 4, generator=generator)
            labels = torch.randint(4, (5,), generator=generator)
            targets = torch.rand(5, 4, generator=generator) if count == 3 else None
            for meter in (ours, theirs):
                meter.add(logits.sum(), logits, labels, targets)
        assert ours.take() == theirs.take()


# How a training gets onto a GPU that has no memory.


class Operations(TorchDispatchMode):
    """Notes what is computed, and what of it touches the host."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.on_host: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.names.append(str(func))
        if any(leaf.device.type == "cpu" for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)):
            self.on_host.append(str(func))
        return result


class Moving(TorchFunctionMode):
    """While it is on, a deep copy of a tensor lies on a GPU."""

    def __init__(self, fake: FakeTensorMode) -> None:
        super().__init__()
        self.fake = fake

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not Tensor.__deepcopy__:
            return func(*args, **(kwargs or {}))
        old, memo = args
        return memo.setdefault(id(old), moved(old, self.fake))


def moved(old: Tensor, fake: FakeTensorMode) -> Tensor:
    with fake:
        return torch.empty_strided(old.shape, old.stride(), dtype=old.dtype, device="cuda")


def forget_constants() -> None:
    for made_once in (lattice._turns, lattice._places, warp._constants, warp._pixels):
        made_once.cache_clear()


@pytest.fixture
def gpu_without_memory() -> Iterator[FakeTensorMode]:
    fake = FakeTensorMode()
    try:
        with fake:
            torch.empty(1, device="cuda")[:, None]
    except torch.AcceleratorError:
        pytest.skip("this PyTorch wants a driver even for tensors that have no memory")
    forget_constants()
    yield fake
    forget_constants()


def taken(step: Step) -> bool:
    """A step as the loop takes it."""
    training = step.training
    training.lr.advance_to(training.step)
    done = step(training.next_samples(), None)
    training.step += 1
    return done


def strangers(spec: RunSpec, fake: FakeTensorMode, *, probed: bool = False) -> list[str]:
    """Operations of a step on a GPU that touch the host.

    Raises one of PyTorch's errors where a value or a shape has to be read back. Backward and optimizer are left out:
    they want a real GPU.
    """
    training = Training(spec)
    step = Step(training, PlacedMeter(8, training.device))
    assert taken(step), "averages and the like are made in the first step"
    memo: dict[int, Any] = {id(one): one for one in training.randomness._generators.values()}
    memo |= {id(one): nn.Parameter(moved(one, fake)) for one in training.model.parameters()}
    with Moving(fake):
        step, samples = copy.deepcopy((step, training.next_samples()), memo)
    training = step.training
    probe = StepProbe(training.model) if probed else None

    def backward(_: Tensor) -> None:
        for parameter in training.model.parameters():
            parameter.grad = torch.empty_like(parameter)

    training.optimizer.step = lambda: None  # type: ignore[method-assign,assignment]
    with pytest.MonkeyPatch.context() as patch, fake:
        patch.setattr(Tensor, "backward", backward)
        step(samples, probe)  # makes constants of the device
        with Operations() as seen:
            step(samples, probe)
    return seen.on_host


PASSING = ("inputs", "_chosen")
"""What holds something of the latest batch."""


def parts(one: Any) -> list[tuple[str, Any]]:
    """What an object of ours or of PyTorch's is made of."""
    if isinstance(one, dict):
        return [(key if isinstance(key, str) else str(number), one[key]) for number, key in enumerate(one)]
    if isinstance(one, (list, tuple)):
        return [(str(number), value) for number, value in enumerate(one)]
    ours = type(one).__module__.startswith(("regtui", "torch.nn", "torch.optim"))
    return list(vars(one).items()) if ours and hasattr(one, "__dict__") else []


def addresses(thing: Any) -> dict[str, int]:
    """The address of every tensor that can be reached, by its way there; gradients and batches come and go."""
    found: dict[str, int] = {}
    seen: set[int] = set()

    def walk(one: Any, way: str) -> None:
        if isinstance(one, Tensor):
            found[way] = one.data_ptr()
        elif id(one) not in seen:
            seen.add(id(one))
            for key, value in parts(one):
                if key not in PASSING:
                    walk(value, f"{way}.{key}")

    walk(thing, "")
    return found
