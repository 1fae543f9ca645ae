"""A check in words says the metric, the arms, the side and the threshold."""

from __future__ import annotations

import pytest

from regtui.criterion import criterion
from regtui.scenario import Check


@pytest.mark.parametrize(
    ("check", "words"),
    [
        (Check(metric="gap", of="b", below="a"), 'Gap: "b" below "a"'),
        (
            Check(metric="train_accuracy", of="b", above="a", by=5.0),
            'Train accuracy: "b" above "a" by more than 5 points',
        ),
        (
            Check(metric="test_accuracy", of="b", above="a", by=-1.0),
            'Test accuracy: "b" less than 1 point below "a"',
        ),
        (Check(metric="test_loss", of="b", below="a", by=-0.1), 'Test loss: "b" less than 0.1 nats above "a"'),
        (Check(metric="train_accuracy", of="b", above=95.0), 'Train accuracy: "b" above 95 %'),
        (
            Check(metric="mode_switch.cost", of="b", above=0.0, by=3.0),
            'Cost of forgetting eval(): "b" above 3 points',
        ),
        (Check(metric="drift", of="b", below=0.5, by=0.1), 'Drift: "b" below 0.4'),
    ],
)
def test_the_words_say_what_is_asked(check: Check, words: str) -> None:
    assert criterion(check) == words


def test_of_own_data_validation_is_asked_for_until_the_test_part_is_revealed() -> None:
    check = Check(metric="test_accuracy", of="b", above="a")
    assert criterion(check, part="validation") == 'Validation accuracy: "b" above "a"'
    assert criterion(Check(metric="gap", of="b", above="a"), part="validation") == 'Gap: "b" above "a"'
