"""Studies of norms against the same thing computed directly, and on cases whose answer is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from regtui.engine.studies import STUDIES
from regtui.engine.studies.batch_noise import relative_variance, slope
from regtui.engine.studies.normality import normal_distance
from regtui.engine.studies.padding import distance
from regtui.engine.text import PAD
from regtui.engine.training import Training
from regtui.spec import DataSpec, ModelSpec, RunSpec, StackEntry

if TYPE_CHECKING:
    from regtui.engine.studies import Found
    from tests.engine.conftest import MakeEntry, MakeSpec

BERT = ModelSpec(name="bert", params={"layers": 2, "width": 16, "heads": 2, "norm_place": "pre", "weights": "random"})


def text_spec(plain: RunSpec, *stack: StackEntry, place: str = "pre", layers: int = 2) -> RunSpec:
    model = msgspec.structs.replace(BERT, params=BERT.params | {"norm_place": place, "layers": layers})
    data = DataSpec(name="wordnet", train=80, validation=20, test=40, length=16)
    return msgspec.structs.replace(plain, data=data, model=model, stack=stack)


def study(name: str, spec: RunSpec) -> Found:
    """Made of the network as it begins."""
    training = Training(spec)
    training.model.eval()
    return STUDIES[name](training, training.model)


def test_the_distance_to_the_normal_distribution_is_that_of_kolmogorov_and_smirnov() -> None:
    shares = (torch.arange(1000) + 0.5) / 1000
    quantiles = torch.special.ndtri(shares.double())
    assert normal_distance(quantiles) == pytest.approx(1 / 2000, rel=1e-3)  # half a step at each value
    assert normal_distance(quantiles + 1) == pytest.approx(math.erf(0.5 / math.sqrt(2)), abs=1e-3)  # apart by 1
    assert normal_distance(torch.zeros(9)) == 0.5
    assert normal_distance(torch.full((9,), 50.0)) == 1.0


def test_batchnorm_gives_mean_0_and_deviation_1_and_keeps_the_shape(tiny: MakeSpec, entry: MakeEntry) -> None:
    plain, normed = study("normality", tiny()), study("normality", tiny(entry("batchnorm")))
    assert normed.values["mean_offset"] < 0.02  # 0 but for the values that are drawn
    assert normed.values["std"] == pytest.approx(1, abs=0.02)
    assert normed.values["ks"] == normed.values["ks_start"] < plain.values["ks"]
    assert normed.values["shape"] > 0.03  # a network of one picture in ten classes is not normal for having a norm
    for one in normed.curves[:2]:
        assert 0.9 < sum(one.y) * (one.x[1] - one.x[0]) <= 1  # a density; few values lie beyond its edges


def test_the_noise_of_batches_is_that_of_their_means_computed_one_by_one() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20, 5, 3, generator=generator, dtype=torch.float64) + 2  # (N, V, C)
    mask = torch.arange(5) < torch.randint(1, 6, (20, 1), generator=generator)
    chosen = torch.randint(20, (7, 4), generator=generator)
    values = x[mask]
    means = torch.stack([x[row][mask[row]].mean(0) for row in chosen])
    expected = (means - values.mean(0)).square().mean(0) / values.var(0, correction=0)

    times = F.one_hot(chosen, 20).sum(1).double()
    share = mask[:, :, None].double()
    found = relative_variance(times, (x * share).sum(1), (x.square() * share).sum(1), share.sum((1, 2)))
    assert_close(found, expected)


def test_channels_that_are_constant_have_no_noise_to_compare() -> None:
    ones = torch.ones(4, 1, dtype=torch.float64)
    assert relative_variance(torch.eye(4).double(), ones, ones, ones[:, 0]).isnan().all()


@pytest.mark.parametrize("kind", ["image", "text"])
def test_sixteen_times_the_samples_leave_a_quarter_of_the_noise(kind: str, tiny: MakeSpec, entry: MakeEntry) -> None:
    spec = tiny(entry("batchnorm")) if kind == "image" else text_spec(tiny(), entry("batchnorm", "norm"))
    values = study("batch_noise", spec).values
    assert values["slope"] == pytest.approx(-0.5, abs=0.04)
    assert values["ratio_4_64"] == pytest.approx(4, rel=0.2)
    assert values["noise_4"] / values["noise_64"] == pytest.approx(values["ratio_4_64"])


def test_without_batchnorm_there_is_no_batch_mean(tiny: MakeSpec, entry: MakeEntry) -> None:
    found = study("batch_noise", tiny(entry("layernorm")))
    assert all(math.isnan(value) for value in found.values.values()) and not found.curves


def test_the_slope_is_that_of_the_line() -> None:
    x = torch.tensor([1.0, 2.0, 4.0])
    assert slope(x, 3 - 0.5 * x) == pytest.approx(-0.5)


def test_probabilities_that_share_nothing_are_100_points_apart() -> None:
    one, other = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0]]), torch.tensor([[0, 1.0, 0], [0.25, 0.5, 0.25]])
    assert distance(one, other).tolist() == [100, 25]


def test_layernorm_sees_neither_mates_nor_padding(tiny: MakeSpec, entry: MakeEntry) -> None:
    stack = (entry("layernorm", "norm"), entry("dropout", "residual", p=0.5))
    values = study("padding", text_spec(tiny(), *stack)).values
    assert max(values.values()) < 1e-3  # Dropout is off, or it would be points


def test_batchnorm_sees_its_mates_and_without_a_mask_the_padding(tiny: MakeSpec, entry: MakeEntry) -> None:
    masked = study("padding", text_spec(tiny(), entry("batchnorm", "norm"))).values
    assert masked["mates"] > 0.1 and masked["padding"] < 1e-3
    unmasked = study("padding", text_spec(tiny(), entry("batchnorm", "norm", mask=False))).values
    assert unmasked["mates"] > 0.1 and unmasked["padding"] > 0.1
    assert unmasked["eval_padding"] < 1e-3  # running averages know no batch


@pytest.mark.parametrize("name", ["bert", "gpt"])
def test_more_padding_than_a_transformer_was_built_for_changes_nothing(
    name: str, tiny: MakeSpec, entry: MakeEntry
) -> None:
    spec = text_spec(tiny(), entry("layernorm", "norm"))
    params = {key: value for key, value in spec.model.params.items() if key != "weights" or name == "bert"}
    training = Training(msgspec.structs.replace(spec, model=ModelSpec(name=name, params=params)))
    model, ids = training.model.eval(), training.task.test.inputs
    with torch.no_grad():
        assert_close(model(F.pad(ids, (0, 16), value=PAD)), model(ids), rtol=1e-4, atol=1e-5)


def test_the_gradients_are_those_of_a_first_step_and_none_is_kept(tiny: MakeSpec, entry: MakeEntry) -> None:
    training = Training(text_spec(tiny(), entry("layernorm", "norm"), layers=3))
    model, clean = training.model, training.task.clean
    found = STUDIES["gradients"](training, model)
    assert all(parameter.grad is None for parameter in model.parameters())
    F.cross_entropy(model(clean.inputs[:8]), clean.labels[:8]).backward()
    expected = [float(model.get_submodule(f"block{i}.up").weight.grad.norm()) for i in (1, 2, 3)]
    assert found.curves[0].y == pytest.approx(expected, rel=1e-5)
    assert found.values["ratio"] == pytest.approx(expected[2] / expected[0], rel=1e-5)
    assert found.values["last"] == pytest.approx(expected[2], rel=1e-5)
    assert (found.values["largest"], found.values["smallest"]) == pytest.approx((max(expected), min(expected)))


def test_twice_the_gain_makes_the_last_signal_twice_as_large_for_every_layer(tiny: MakeSpec, entry: MakeEntry) -> None:
    def plain(gain: float, *stack: StackEntry) -> Found:
        model = ModelSpec(name="plain_deep", params={"depth": 6, "width": 4, "gain": gain})
        return study("signal", msgspec.structs.replace(tiny(*stack), model=model))

    one, two = plain(1.0), plain(2.0)
    assert two.values["ratio"] / one.values["ratio"] == pytest.approx(2**5, rel=1e-4)
    assert two.values["last"] / one.values["last"] == pytest.approx(2**6, rel=1e-4)
    assert one.curves[0].x == [1, 2, 3, 4, 5, 6]
    flat = plain(1.0, entry("batchnorm")).values
    assert flat["ratio"] == pytest.approx(plain(2.0, entry("batchnorm")).values["ratio"], rel=0.01)
