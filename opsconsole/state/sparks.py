"""Sparks: sixteen steps over fifteen minutes, written as digits 0..8 and `?` where nothing was known."""

import math
from typing import Final

STEPS: Final = 16
STEP: Final = 900 / STEPS
LOAD_FULL: Final = 2.0
"""Load per core at which a bar is full: where the starter rule warns."""


def step_at(at: float) -> int:
    """Number the step that a time falls into."""
    return int(at // STEP)


def extend(spark: str, last: int, at: float, level: int | None) -> tuple[str, int]:
    """Write one more value; the highest of a step stays.

    Args:
        spark: What was there; empty for a new one.
        last: The number of its newest step.
        at: Epoch seconds of the value; one older than `last` falls into `last`.
        level: 0..8, or None when the value is not known.

    Returns:
        Sixteen characters, and the number of the newest step.
    """
    step = max(step_at(at), last)
    shift = min(step - last, STEPS) if spark else STEPS
    spark = (spark + "?" * shift)[-STEPS:]
    if level is None:
        return spark, step
    before = spark[-1]
    digit = str(level) if before == "?" else str(max(int(before), level))
    return spark[:-1] + digit, step


def load_level(load_per_core: float | None) -> int | None:
    """Turn a load per core into a bar's height."""
    if load_per_core is None or not math.isfinite(load_per_core):
        return None
    return max(0, min(8, round(load_per_core / LOAD_FULL * 8)))


def ratio_level(ratio: float | None) -> int | None:
    """Turn a share 0..1 into a bar's height; anything above zero is seen."""
    if ratio is None:
        return None
    return max(0, min(8, math.ceil(ratio * 8)))
