"""The samples that a monitor evaluates on: drawn once, kept, the same ones every time."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, default_collate

BATCH = 100
"""Samples a forward pass, where the source has no batch size of its own."""


class Samples:
    """A fixed part of a data set, as batches on the CPU.

    batches    what a DataLoader over that part gives
    count      samples in all
    is_random  reading a sample twice gave two different ones: there is augmentation in it
    """

    def __init__(self, batches: list[Any], count: int, *, is_random: bool = False) -> None:
        self.batches, self.count, self.is_random = batches, count, is_random

    def __iter__(self) -> Iterator[Any]:
        return iter(self.batches)


def fixed_samples(source: Any, limit: int, what: str) -> Samples:
    """Draw up to `limit` samples, always the same ones of the same source.

    source  a data set with a length (a list of samples is one), a DataLoader, a pair of tensors or NumPy arrays
            (inputs, labels), or any other iterable, of batches
    what    its name in messages: train, test

    Of sources with a length the samples are spread over all of it by a seeded permutation, since data sets are often
    sorted by class; of others they are the first ones. Raises TypeError for anything else, ValueError for none at all.
    """
    if isinstance(source, DataLoader):
        # Its workers and its sampler stay untouched: a second reader must not disturb the training's order.
        size = source.batch_size or BATCH
        if not isinstance(source.dataset, IterableDataset):
            return _indexed(source.dataset, limit, size, source.collate_fn, what)
        with _left_alone(source.generator):
            return _first(source, limit, what)
    if isinstance(source, Sequence) and len(source) == 2 and all(map(_is_array, source)):
        inputs, labels = map(torch.as_tensor, source)
        if len(inputs) != len(labels):
            raise ValueError(f"{what}: {len(inputs)} inputs and {len(labels)} labels; each input needs its label")
        chosen = _spread(len(inputs), limit, what)
        parts = [chosen[i : i + BATCH] for i in range(0, len(chosen), BATCH)]
        return Samples([(inputs[part], labels[part]) for part in parts], len(chosen))
    if hasattr(source, "__getitem__") and hasattr(source, "__len__"):
        return _indexed(source, limit, BATCH, default_collate, what)
    if isinstance(source, Iterable):
        return _first(source, limit, what)
    raise TypeError(
        f"{what} is a {type(source).__name__}; it must be a data set, a DataLoader, a pair of tensors "
        "(inputs, labels) or an iterable of batches"
    )


@contextmanager
def untouched_generators() -> Iterator[None]:
    """Global random states of Python, NumPy and torch are afterwards what they were: the training draws as without."""
    numpy = sys.modules.get("numpy")
    initialized = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    devices = range(torch.cuda.device_count()) if initialized else []
    python_state, numpy_state = random.getstate(), numpy.random.get_state() if numpy else None
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        random.setstate(python_state)
        if numpy and numpy_state is not None:
            numpy.random.set_state(numpy_state)


@contextmanager
def _left_alone(generator: torch.Generator | None) -> Iterator[None]:
    """A loader's own generator is afterwards where it was: each pass through the loader draws from it."""
    state = None if generator is None else generator.get_state()
    try:
        yield
    finally:
        if generator is not None and state is not None:
            generator.set_state(state)


def size_of(batch: Any) -> int:
    """Samples in a batch: the length of its first tensor."""
    first = first_tensor(batch)
    return 0 if first is None else len(first)


def first_tensor(batch: Any) -> Tensor | None:
    """The first tensor of a batch that has a length; a single number, a temperature say, has none."""
    if isinstance(batch, Tensor):
        return batch if batch.ndim else None
    parts: Iterable[Any] = (
        batch.values() if isinstance(batch, Mapping) else batch if isinstance(batch, Sequence) else ()
    )
    for part in parts:
        if isinstance(part, (Tensor, Mapping, list, tuple)) and (found := first_tensor(part)) is not None:
            return found
    return None


def length_of(source: Any) -> int:
    """Samples in all; 0 where the source does not know."""
    try:
        if isinstance(source, (tuple, list)) and source and _is_array(source[0]):
            return len(source[0])
        return len(getattr(source, "dataset", source))
    except TypeError:
        return 0


def _is_array(part: Any) -> bool:
    """A tensor or a NumPy array, which has the same words for what it is."""
    return isinstance(part, Tensor) or (hasattr(part, "__array__") and hasattr(part, "ndim"))


def _spread(length: int, limit: int, what: str) -> list[int]:
    if not length:
        raise ValueError(f"{what} is empty; it needs at least one sample")
    order = torch.randperm(length, generator=torch.Generator().manual_seed(0))
    return sorted(order[:limit].tolist())


def _indexed(dataset: Any, limit: int, size: int, collate: Callable[[list[Any]], Any], what: str) -> Samples:
    chosen = _spread(len(dataset), limit, what)
    twice = dataset[chosen[0]], dataset[chosen[0]]
    read = getattr(dataset, "__getitems__", None) or (lambda part: [dataset[i] for i in part])
    parts = [chosen[i : i + size] for i in range(0, len(chosen), size)]
    try:
        batches = [collate(read(part)) for part in parts]
    except (TypeError, RuntimeError) as error:
        said = str(error).partition("\n")[0]
        raise TypeError(
            f"{what}: its samples cannot be put into batches ({said}); give the data set a transform that makes "
            "tensors of one shape, or hand over a DataLoader with its collate_fn"
        ) from error
    return Samples(batches, len(chosen), is_random=not _alike(*twice))


def _first(batches: Iterable[Any], limit: int, what: str) -> Samples:
    kept: list[Any] = []
    count = 0
    for batch in batches:
        kept.append(batch)
        count += size_of(batch)
        if count >= limit:
            break
    if not count:
        raise ValueError(f"{what} gave no batch with a tensor in it; it needs at least one sample")
    return Samples(kept, count)


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a.shape == b.shape and bool(torch.equal(a, b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(_alike, a, b))
    return True  # nothing that could be told apart: strings, numbers and pictures are left alone
