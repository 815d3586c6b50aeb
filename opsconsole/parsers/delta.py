"""Counters to rates: only differences of two looks mean anything, and a counter may start anew."""


def increase(before: int, after: int) -> int:
    """Tell how much a counter grew; a decrease is a reset, and then all of the new value is growth."""
    return after - before if after >= before else after


def rate(before: int, after: int, seconds: float) -> float:
    """Tell a counter's growth a second; nothing when no time has passed."""
    return increase(before, after) / seconds if seconds > 0 else 0.0
