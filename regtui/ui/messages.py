"""What happened, as view messages. They may coalesce; the data itself never does: it is in the session already."""

from __future__ import annotations

from textual.message import Message

from regtui.scenario import Scenario


class StoreChanged(Message):
    """The session has something new that the texts show: numbers, states, sentences."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, StoreChanged)


class CurvesGrew(Message):
    """The session has new points that the charts show."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, CurvesGrew)


class ArmSelected(Message):
    """Another arm is looked at."""

    def __init__(self, arm: str) -> None:
        super().__init__()
        self.arm = arm


class ArmStepped(Message):
    """The arm so many rows below (or, negative, above) is looked at.

    Relative on purpose, as `ValueNudged` is: keys that come faster than they are handled each count.
    """

    def __init__(self, by: int) -> None:
        super().__init__()
        self.by = by


class LayerPicked(Message):
    """The charts of the inside are to follow one layer over time, or, "", to show all of them."""

    def __init__(self, layer: str) -> None:
        super().__init__()
        self.layer = layer


class ArmDropped(Message):
    """The user wants an arm gone."""

    def __init__(self, arm: str) -> None:
        super().__init__()
        self.arm = arm


class ValueEdited(Message):
    """A setting of the selected arm was given a value."""

    def __init__(self, key: str, value: bool | int | float | str, steerable: bool) -> None:
        super().__init__()
        self.key, self.value, self.steerable = key, value, steerable


class ValueNudged(Message):
    """A setting of the selected arm was made larger or (negative) smaller by so many presses."""

    def __init__(self, key: str, presses: int) -> None:
        super().__init__()
        self.key, self.presses = key, presses


class RegularizerToggled(Message):
    """A regularizer was switched on or off."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name


class EntryMoved(Message):
    """A stack entry was moved up (-1) or down (+1)."""

    def __init__(self, key: str, by: int) -> None:
        super().__init__()
        self.key, self.by = key, by


class ScenarioChosen(Message):
    """The user wants to look at another scenario."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__()
        self.scenario = scenario


class SentenceSaid(Message):
    """Something the user must be told, in one plain sentence."""

    def __init__(self, text: str, *, is_error: bool = False) -> None:
        super().__init__()
        self.text, self.is_error = text, is_error


class ActionPicked(Message):
    """An action was clicked, in the footer say."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.action = action
