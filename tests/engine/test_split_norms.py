"""BatchNorm of a batch that devices share, within one process; test_shared.py has several."""

from __future__ import annotations

import copy
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from regtui.engine import models
from regtui.engine.models.norms import BatchNorm, batch_statistics
from regtui.engine.models.split_norms import GhostBatchNorm, SyncBatchNorm, combined
from regtui.engine.randomness import CPU, Randomness
from regtui.engine.ranks import ALONE, Ranks, uniform_rows
from regtui.engine.regularizers import Batch
from regtui.engine.regularizers.dropout import DropoutLayer
from regtui.engine.stack import Stack
from regtui.spec import ModelSpec

if TYPE_CHECKING:
    from regtui.engine.splits import TaskData
    from tests.engine.conftest import MakeEntry

SHAPES = [(12, 5), (12, 5, 4, 4), (12, 7, 5)]


def ghost(parts: int) -> GhostBatchNorm:
    return GhostBatchNorm(5, 1e-5, 0.1, parts=parts, device=CPU)


def second_of_two() -> Ranks:
    """The second of two processes, in the middle of a step."""
    ranks = Ranks()
    ranks.rank, ranks.world, ranks.together = 1, 2, True
    return ranks


def torchs(x: Tensor) -> tuple[Tensor, nn.BatchNorm1d]:
    """torch's BatchNorm of a batch in training, and the layer with its running averages."""
    norm = nn.BatchNorm1d(5)
    rows = x.movedim(1, -1) if x.ndim == 4 else x
    normalized = norm(rows.flatten(0, -2)).view_as(rows)
    return (normalized.movedim(-1, 1) if x.ndim == 4 else normalized), norm


@pytest.mark.parametrize("shape", SHAPES)
def test_each_part_is_normalized_as_torch_does_it_alone_and_the_first_is_remembered(shape: tuple[int, ...]) -> None:
    x, norm = torch.randn(shape, generator=torch.Generator().manual_seed(1)) * 3 + 1, ghost(3)
    expected = [torchs(part) for part in x.chunk(3)]
    assert_close(norm(x), torch.cat([normalized for normalized, _ in expected]))
    assert_close(norm.running_mean, expected[0][1].running_mean)
    assert_close(norm.running_var, expected[0][1].running_var)
    assert norm.num_batches_tracked == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_one_part_is_batchnorm_and_so_is_evaluation(shape: tuple[int, ...]) -> None:
    x, norm, plain = torch.randn(shape), ghost(1), BatchNorm(5, 1e-5, 0.1, device=CPU)
    assert torch.equal(norm(x), plain(x))
    parted = ghost(4)
    parted.load_state_dict(plain.state_dict())
    assert torch.equal(parted.eval()(x), plain.eval()(x))


def test_padding_counts_in_no_part() -> None:
    x, mask = torch.randn(4, 6, 5), torch.ones(4, 6, dtype=torch.bool)
    mask[:, 4:] = False
    other = x.clone()
    other[:, 4:] = 100.0
    assert_close(ghost(2)(x, mask=mask)[:, :4], ghost(2)(other, mask=mask)[:, :4])


def test_a_batch_that_is_not_of_training_may_leave_uneven_parts() -> None:
    assert ghost(8)(torch.randn(11, 5, 4, 4)).shape == (11, 5, 4, 4)
    assert ghost(8)(torch.randn(3, 5, 4, 4)).shape == (3, 5, 4, 4)


def test_parts_of_a_single_value_are_refused_with_a_sentence(task: TaskData, entry: MakeEntry) -> None:
    model = models.build(ModelSpec(name="mlp", params={"width": 4, "depth": 1}), task)
    Stack([entry("ghost_batchnorm", "linear", parts=4)], Randomness(0, CPU)).build(model)
    with pytest.raises(ValueError, match="for 4 parts: one value a channel has no variance"):
        model.train()(task.train.inputs[:4])
    model(task.train.inputs[:8])


def test_a_process_alone_synchronizes_with_nobody(task: TaskData, entry: MakeEntry) -> None:
    found = []
    for name in ("batchnorm", "sync_batchnorm"):
        model = models.build(ModelSpec(name="cnn", params={"width": 2}), task)
        Stack([entry(name)], Randomness(0, CPU)).build(model)
        models.initialize(model, 0)
        found.append(model.train()(task.train.inputs[:8]))
    assert torch.equal(*found)


class Meeting(Ranks):
    """One of two threads that hand each other their sums as processes do."""

    def __init__(self, rank: int, table: list[Tensor], both: Barrier) -> None:
        self.rank, self.world, self.together = rank, 2, True
        self._table, self._both = table, both

    def total(self, value: Tensor) -> Tensor:
        self._table[self.rank] = value
        self._both.wait(10)
        summed = self._table[0] + self._table[1]
        self._both.wait(10)
        return summed


def test_statistics_of_parts_of_any_size_combine_to_those_of_the_whole() -> None:
    values = torch.randn(30, 5) * 2 + 1000  # a mean far from 0 must not cost the variance
    table, both = [values, values], Barrier(2)
    parts = values.split((10, 20))

    def one(rank: int) -> tuple[Tensor, Tensor, Tensor]:
        return combined(*batch_statistics(parts[rank]), Meeting(rank, table, both))

    with ThreadPoolExecutor(2) as pool:
        for mean, var, count in pool.map(one, range(2)):
            assert_close(mean, values.mean(0))
            assert_close(var, values.var(0, unbiased=False), rtol=1e-4, atol=0)
            assert count == 30


def test_a_rank_draws_its_rows_of_what_one_process_draws() -> None:
    for x in (torch.zeros(6, 3), torch.zeros(6, 3, 4, 4).to(memory_format=torch.channels_last), torch.zeros(6, 1, 1)):
        whole = DropoutLayer(torch.zeros(()), torch.Generator().manual_seed(3)).uniform(x)
        own = uniform_rows(x[3:], torch.Generator().manual_seed(3), second_of_two())
        assert torch.equal(own, whole[3:]) and own.stride() == whole.stride()


def test_a_rank_has_its_part_of_every_tensor_of_a_batch() -> None:
    batch = Batch(torch.arange(8), torch.arange(8) + 10, targets=torch.eye(8), classes=8, samples=torch.arange(8) + 20)
    part = second_of_two().part_of(batch)
    assert part.inputs.tolist() == [4, 5, 6, 7] and part.labels.tolist() == [14, 15, 16, 17]
    assert part.targets is not None and torch.equal(part.targets, torch.eye(8)[4:])
    assert part.samples is not None and part.samples.tolist() == [24, 25, 26, 27] and part.classes == 8
    assert ALONE.part_of(batch) is batch


def test_a_copied_layer_has_the_same_ranks() -> None:
    norm = SyncBatchNorm(5, 1e-5, 0.1, device=CPU)
    norm.ranks = second_of_two()
    assert copy.deepcopy(norm).ranks is norm.ranks


def test_a_part_of_a_single_word_has_no_variance_and_spoils_nothing() -> None:
    norm, x, mask = ghost(2), torch.randn(2, 4, 5), torch.zeros(2, 4, dtype=torch.bool)
    mask[0, 0] = mask[1, :3] = True
    before = norm.running_var.clone()
    assert norm(x, mask=mask).isfinite().all()
    assert norm.running_var is not None
    assert_close(norm.running_var, before * 0.9)
