"""A preview shows what the stack really does, and the run it looks at trains as if nobody had looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from regtui import events
from regtui.catalog.text_augmentation import TEXT_AUGMENTATION
from regtui.commands import Probe, Set
from regtui.engine import answers, datasets, preview
from regtui.engine.randomness import CPU, Randomness, derive
from regtui.engine.regularizers import Batch
from regtui.engine.stack import Stack
from regtui.engine.text import UNKNOWN, TextData
from regtui.engine.training import Training
from regtui.events import AnyRunEvent, Evaluated, Preview, Steps
from regtui.preview import MOST_PIXELS, MOST_SAMPLES, Picture, Previewed, Word
from regtui.spec import DataSpec, ModelSpec, RunSpec, StackEntry, TrainSpec

if TYPE_CHECKING:
    from tests.engine.conftest import MadeRun, MakeEntry, MakeRun, MakeSpec

TEXTS = DataSpec(name="wordnet", train=80, validation=20, test=40)


def look(spec: RunSpec, draw: int = 0, training: Training | None = None) -> Preview:
    answer = answers.answer(Probe(ask="?", spec=spec, draw=draw, run="r" if training else ""), training)
    assert not answer.trouble and answer.ask == "?"
    return answer


def pixels(samples: list[Previewed], which: str) -> torch.Tensor:
    """(B, H * W) of gray pictures, 0 to 255."""
    return torch.tensor([list(getattr(sample, which).pixels) for sample in samples], dtype=torch.float64)


def text_spec(*stack: StackEntry) -> RunSpec:
    params = {"layers": 1, "width": 8, "heads": 2, "norm_place": "pre"}
    return RunSpec(scenario="t", arm="texts", seed=3, data=TEXTS, model=ModelSpec(name="gpt", params=params),
                   train=TrainSpec(epochs=1, batch_size=8), stack=stack)  # fmt: skip


def test_the_pictures_are_those_of_the_arms_own_stack_for_these_draws(tiny: MakeSpec, entry: MakeEntry) -> None:
    stack = (entry("crop"), entry("flip"), entry("gaussian_noise", std=0.3), entry("cutmix"), entry("label_smoothing"))
    spec = tiny(stack[0], entry("dropout"), *stack[1:])
    samples = look(spec, draw=2).samples
    task = datasets.load(spec.data, Randomness(spec.seed, CPU))
    batch = Batch(task.train.inputs[:MOST_SAMPLES], task.train.labels[:MOST_SAMPLES], classes=len(task.classes))
    after = Stack(stack, Randomness(derive(spec.seed, "preview/2"), CPU)).on_batch(batch)
    assert torch.equal(pixels(samples, "before"), (batch.inputs.flatten(1).double() * 255).round())
    assert torch.equal(pixels(samples, "after"), (after.inputs.clamp(0, 1).flatten(1) * 255).round().double())
    assert after.targets is not None
    for sample, target in zip(samples, after.targets.tolist(), strict=True):
        assert dict(sample.target) == pytest.approx(dict(zip(task.classes, target, strict=True)), abs=1e-4)
        assert [share for _, share in sample.target] == sorted((share for _, share in sample.target), reverse=True)


def test_lambda_and_partner_say_how_a_mixed_picture_was_made(tiny: MakeSpec, entry: MakeEntry) -> None:
    samples = look(tiny(entry("mixup", alpha=1.0, p=1.0), entry("label_smoothing", epsilon=0.3))).samples
    before, after = pixels(samples, "before"), pixels(samples, "after")
    assert len({sample.share for sample in samples}) > 1  # each its own; smoothing is no part of it
    for place, sample in enumerate(samples):
        blended = sample.share * before[place] + (1 - sample.share) * before[sample.partner]
        assert 0 <= sample.partner != place and (blended - after[place]).abs().max() < 1.1


def test_without_mixing_and_smoothing_the_label_is_the_target(tiny: MakeSpec, entry: MakeEntry) -> None:
    assert all(not one.target and one.partner == -1 and one.share == 1 for one in look(tiny(entry("crop"))).samples)


def test_a_draw_has_a_number_and_stays_the_same_at_another_strength(tiny: MakeSpec, entry: MakeEntry) -> None:
    def mirrored(p: float, draw: int) -> list[bool]:
        return [one.before != one.after for one in look(tiny(entry("flip", p=p)), draw).samples]

    assert mirrored(0.5, 1) == mirrored(0.5, 1)
    assert len({tuple(mirrored(0.5, draw)) for draw in range(4)}) > 1
    assert all(more >= less for less, more in zip(mirrored(0.3, 1), mirrored(0.7, 1), strict=True))
    assert not any(mirrored(0.0, 1)) and all(mirrored(1.0, 1))


def rebuilt(words: list[Word]) -> list[str]:
    """The augmented text that the words tell of."""
    return ["<unknown>" if word.fate == "masked" else word.text for word in words if word.fate != "deleted"]


@pytest.mark.parametrize("names", [*([r.name] for r in TEXT_AUGMENTATION), [r.name for r in TEXT_AUGMENTATION],
                                   [r.name for r in reversed(TEXT_AUGMENTATION)]], ids="-".join)  # fmt: skip
def test_the_fates_of_words_add_up_to_the_text_of_the_stack(names: list[str], entry: MakeEntry) -> None:
    spec = text_spec(*(entry(name, "input", p=0.5) for name in names))
    answer = look(spec)
    training = Training(spec)
    assert isinstance(training.task, TextData)
    words = ("", *training.task.vocabulary.words[UNKNOWN:])
    stack = preview.own_stack(spec, training.task, 0)
    after = stack.on_batch(preview.first_samples(training.task)).inputs.tolist()
    for sample, ids in zip(answer.samples, after, strict=True):
        assert rebuilt(sample.words) == [words[id] for id in ids if id]
        if len(names) == 1:  # an inserted word may be masked later, a replaced one be moved
            old = [word.was or word.text for word in sample.words if word.fate != "inserted"]
            assert sorted(old) == sorted(sample.original)
            assert names == ["word_swap"] or old == sample.original
    fates = {word.fate for sample in answer.samples for word in sample.words}
    expected = {"token_masking": "masked", "word_swap": "moved", "word_deletion": "deleted",
                "synonym_replacement": "replaced", "synonym_insertion": "inserted"}  # fmt: skip
    assert fates - {"kept"} <= {expected[name] for name in names} | {"deleted"}
    assert {expected[name] for name in names} <= fates or len(names) > 1


def test_a_replaced_word_tells_what_it_was_and_only_that_has_changed(entry: MakeEntry) -> None:
    for sample in look(text_spec(entry("synonym_replacement", "input", p=1.0))).samples:
        assert [word.was or word.text for word in sample.words] == sample.original
        assert all((word.fate == "replaced") == bool(word.was) for word in sample.words)


def measured(made: MadeRun) -> list[object]:
    told = [bucket for event in made.all(Steps) for bucket in event.loss]
    return [*((e.step, e.train, e.test) for e in made.all(Evaluated)), *((b.first, b.mean) for b in told)]


def test_a_run_that_is_looked_at_trains_the_same_network(tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    spec = tiny(entry("crop"), entry("mixup"), entry("dropout"), entry("batchnorm"))
    own, other = Probe(ask="own", spec=spec, run="r"), Probe(ask="other", spec=spec)

    def curious(made: MadeRun, _: AnyRunEvent) -> None:
        made.control.send(own)
        made.control.send(other)

    alone, watched = make_run(spec), make_run(spec, curious, commands=[own])
    assert measured(watched) == measured(alone)
    weights = watched.weights()
    assert all(torch.equal(value, weights[name]) for name, value in alone.weights().items())
    assert {p.step is None for p in watched.answers if p.ask == "other"} == {True}
    steps = [p.step for p in watched.answers if p.ask == "own"]
    assert steps[0] == 0 and len(set(steps)) > 1 and not any(p.trouble for p in watched.answers)


def test_a_run_answers_with_the_number_it_was_steered_to(tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    spec = tiny(entry("flip", p=0.0), entry("mixup", p=0.0))
    probe = Probe(ask="own", spec=spec, run="r")
    made = make_run(spec, commands=[probe, Set(run="r", key="flip@input.p", value=1.0), probe])
    first, second = made.answers
    assert [one.before for one in first.samples] == [one.after for one in first.samples]
    assert second.samples == look(tiny(entry("flip", p=1.0), entry("mixup", p=0.0))).samples


def test_mixing_that_rests_in_the_last_epochs_is_told(tiny: MakeSpec, entry: MakeEntry, make_run: MakeRun) -> None:
    spec = tiny(entry("mixup", off_last=0.4, p=1.0))
    made = make_run(spec)
    answer = look(spec, training=made.training)
    assert answer.resting == ["mixup@input"] and all(one.share == 1 for one in answer.samples)
    assert not look(spec).resting


def test_what_cannot_be_built_is_said_in_a_sentence_and_ends_nothing(tiny: MakeSpec, entry: MakeEntry) -> None:
    twice = tiny(entry("crop"), entry("crop"))
    assert "tiny cannot be shown: the stack has crop@input twice" in answers.answer(Probe(ask="?", spec=twice)).trouble


def test_large_pictures_are_scaled_down_and_all_of_a_preview_survives_the_wire(
    tiny: MakeSpec, entry: MakeEntry
) -> None:
    (picture,) = preview.pictures(torch.rand(1, 3, 64, 48))
    assert (picture.width, picture.height, picture.channels) == (24, MOST_PIXELS, 3)
    answer = look(tiny(entry("cutmix")))
    assert events.decode(events.encode(answer)) == answer
    assert len(events.encode(answer)) < 20_000
    with pytest.raises(ValueError, match="24 x 32 pixels of 3 bytes are 2304, not 3"):
        Picture(width=24, height=32, channels=3, pixels=b"abc")
