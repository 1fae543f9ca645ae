"""The words of the lesson: whatever the presets abbreviate and the settings name is explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args, get_type_hints

import pytest

from regtui.catalog import Site
from regtui.scenario import Scenario, load, preset_files
from regtui.spec import TrainSpec
from regtui.ui.screens.help import help_lines
from regtui.ui.text import plain, width
from regtui.ui.words import WORDS, word_lines

NEEDS_NO_WORD = {"CPU", "GPU"}


def spoken(scenario: Scenario) -> Iterator[str]:
    yield from (scenario.title, scenario.question, scenario.watch, scenario.story)
    for claim in scenario.claims:
        yield from (claim.text, claim.note)
    for question in scenario.quiz:
        yield from (question.question, question.because, *question.choices)


def test_every_abbreviation_of_the_presets_is_a_word_of_the_list() -> None:
    known = " ".join(word for word, _ in WORDS)
    for path in preset_files():
        text = " ".join(spoken(load(path)))
        for found in {name.removesuffix("s") for name in re.findall(r"\b[A-Z]{2,}s?\b", text)} - NEEDS_NO_WORD:
            assert re.search(rf"\b{found}\b", known), f"{path.stem} says {found}"


def test_what_settings_can_be_is_explained() -> None:
    told = " ".join(f"{word} {meaning}" for word, meaning in WORDS)
    hints = get_type_hints(TrainSpec)
    named = [*get_args(Site), *get_args(hints["optimizer"]), *get_args(hints["schedule"])]
    assert len(named) == len(get_args(Site)) + 5
    for name in named:
        assert re.search(rf"\b{name}\b", told), name


def test_words_stand_in_the_order_of_the_alphabet_and_once() -> None:
    words = [word.lower() for word, _ in WORDS]
    assert words == sorted(set(words))


@pytest.mark.parametrize("room", [40, 76, 100])
def test_the_help_ends_with_the_words_and_they_fit(room: int) -> None:
    rows = help_lines(room)
    own = word_lines(room)
    assert max(map(width, own)) <= room
    assert rows[-len(own) :] == own and plain(rows[-len(own) - 1]).startswith("Words ")
