"""The arms of a scenario with something of theirs exchanged: other data, another model."""

from __future__ import annotations

from collections.abc import Callable, Collection

from regtui.scenario.checking import check_arm
from regtui.scenario.errors import Problems, ScenarioError
from regtui.scenario.schema import Arm, Claim, Scenario


def exchanged(
    scenario: Scenario, exchange: Callable[[Arm, Problems], Arm], source: str, wanted: Collection[str] | None
) -> tuple[tuple[Arm, ...], tuple[Claim, ...]]:
    """The arms as they become, and the claims about them.

    exchange  gives an arm as it becomes, or notes why it cannot be
    source    is named in errors
    wanted    arms that will be run, None: all. Of the others those that cannot be are left out, with their claims

    Raises ScenarioError for a wanted arm that cannot be, and where none can be.
    """
    problems, gone = Problems(), set[str]()
    arms: list[Arm] = []
    for before in scenario.arms:
        found = Problems()
        arm = exchange(before, found)
        check_arm(arm, arm.name, found)
        if found and wanted and arm.name not in wanted:
            gone.add(arm.name)
            continue
        problems.add_new(found)
        arms.append(arm)
    if not arms:
        return exchanged(scenario, exchange, source, None)  # to say why
    if problems:
        raise ScenarioError(source, problems)
    claims = (claim for claim in scenario.claims if not {claim.check.of, claim.check.against} & gone)
    return tuple(arms), tuple(claims)
