"""The board as it was: everything at a moment that is over, read back from the history."""

from typing import Final

from msgspec import Struct

from opsconsole.model.call import Call
from opsconsole.model.snapshot import Snapshot

BOARD_KEPT: Final = 35 * 86_400.0
"""Seconds for which a board can be read back: samples of a day, then means of five minutes."""


class ReadMoment(Call, frozen=True, tag="moment"):
    """Read the board as it was at a moment. Answered with Moment."""

    at: float
    """Epoch seconds; read back in whole seconds."""
    step: int = 0
    """-1: at the newest event before `at`; 1: at the first one after it; 0: at `at` itself."""


class Moment(Struct, frozen=True):
    """What was known then."""

    at: float
    """Epoch seconds; with a step, where it led. The end of a step past the newest event is now."""
    board: Snapshot
    """Hosts, services, checks, fires, events, runs and feeds as they were; everything else is empty.

    Hosts have the metrics that the history keeps, fires say what they said last.
    """
    note: str = ""
    """What is not known of then, a sentence; empty: nothing is missing."""
