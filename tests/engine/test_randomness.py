"""One generator for each (seed, purpose)."""

from __future__ import annotations

import pytest
import torch

from regtui.engine.randomness import CPU, Randomness, derive


def test_a_derived_seed_is_the_same_on_every_machine() -> None:
    assert derive(0, "order") == 5231958647509549229  # printf 0/order | sha256sum


def test_seeds_and_purposes_have_draws_of_their_own() -> None:
    draws = {
        float(torch.rand((), generator=Randomness(seed, CPU).generator(purpose)))
        for seed in (0, 1)
        for purpose in ("order", "split", "dropout@head/head")
    }
    assert len(draws) == 6


def test_draws_for_one_purpose_leave_another_as_it_was() -> None:
    alone, beside = Randomness(3, CPU), Randomness(3, CPU)
    torch.rand(100, generator=beside.generator("dropout@head/head"))
    expected = torch.randperm(50, generator=alone.generator("order", on_cpu=True))
    assert torch.equal(torch.randperm(50, generator=beside.generator("order", on_cpu=True)), expected)


def test_a_generator_goes_on_where_it_was(randomness: Randomness) -> None:
    first = torch.rand(4, generator=randomness.generator("order"))
    assert not torch.equal(torch.rand(4, generator=randomness.generator("order")), first)


def test_global_draws_change_nothing(randomness: Randomness) -> None:
    expected = torch.rand(4, generator=Randomness(0, CPU).generator("order"))
    torch.manual_seed(99)
    torch.rand(10)
    assert torch.equal(torch.rand(4, generator=randomness.generator("order")), expected)


def test_a_loaded_state_repeats_the_draws_even_of_generators_not_yet_used(randomness: Randomness) -> None:
    torch.rand(7, generator=randomness.generator("crop@input"))
    state = randomness.state()
    expected = torch.rand(5, generator=randomness.generator("crop@input"))
    resumed = Randomness(0, CPU)
    resumed.load_state(state)
    assert torch.equal(torch.rand(5, generator=resumed.generator("crop@input")), expected)


def test_a_state_of_another_kind_of_device_is_refused(randomness: Randomness) -> None:
    of_a_gpu = torch.zeros(16, dtype=torch.uint8)
    with pytest.raises(RuntimeError):
        randomness.load_state({"crop@input": of_a_gpu})
