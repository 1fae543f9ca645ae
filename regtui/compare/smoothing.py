"""Exponential smoothing that starts where the curve starts and survives a NaN."""

from __future__ import annotations

import math
from collections.abc import Sequence


def smoothed(values: Sequence[float], weight: float) -> list[float]:
    """The debiased exponential moving average, a value for each one given.

    values  any floats; what is not finite stays as it is, a gap, and is no part of the average
    weight  of the past, [0, 1): 0 changes nothing

    After n finite values the average is divided by 1 - weight^n, which it lacks for having begun at 0 (Kingma & Ba
    2015, section 3, https://arxiv.org/abs/1412.6980). Raises ValueError for a weight outside of [0, 1).
    """
    if not 0 <= weight < 1:
        raise ValueError(f"weight is {weight}; allowed is 0 to below 1")
    average, share = 0.0, 0.0
    result = []
    for value in values:
        if not math.isfinite(value):
            result.append(value)
            continue
        average = weight * average + (1 - weight) * value
        share = weight * share + (1 - weight)
        result.append(average / share)
    return result
