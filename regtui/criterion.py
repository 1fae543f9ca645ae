"""What exactly a claim asks of the runs: the short sentence of a claim leaves out the metric or the threshold.

Free of screens and of torch.
"""

from __future__ import annotations

from regtui.scenario.schema import Check, title, unit


def criterion(check: Check, *, part: str = "test") -> str:
    """A check in words: 'Train accuracy: "post high" below "pre high" by more than 5 points'.

    part  what stands for the test set: of own data validation, until their test part is revealed

    The mean over all seeds is meant, of which paired ones give an interval.
    """
    name = title(check.metric)
    if check.metric.startswith("test_"):
        name = f"{part.capitalize()} {name.removeprefix('Test ')}"
    side = "above" if check.sign > 0 else "below"
    if not isinstance(check.against, str):
        limit = check.against + check.sign * check.by
        return f'{name}: "{check.of}" {side} {_amount(limit, check.metric, is_level=True)}'
    if check.by < 0:
        other = "below" if check.sign > 0 else "above"
        return f'{name}: "{check.of}" less than {_amount(-check.by, check.metric)} {other} "{check.against}"'
    by = f" by more than {_amount(check.by, check.metric)}" if check.by else ""
    return f'{name}: "{check.of}" {side} "{check.against}"{by}'


def _amount(value: float, metric: str, *, is_level: bool = False) -> str:
    """A value with its unit; an accuracy is a share in percent, and what lies between two of them are points."""
    number = f"{value:.4g}"
    what = "%" if is_level and metric.endswith("_accuracy") and "." not in metric else unit(metric)
    return f"{number} {what.removesuffix('s') if number == '1' and what == 'points' else what}".rstrip()
