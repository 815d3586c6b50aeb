"""Who is on call at a moment: turns on the wall's clock, and shifts of a calendar before them; pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from opsconsole.model.oncall import PRIMARY, SECONDARY, OnCall, Rotation, Shift

_DAY: Final = 86_400.0
_LOOKS: Final = 50
"""Hand-overs looked at for one that changes who it is."""


def on_call_at(rotation: Rotation, shifts: Sequence[Shift], at: float) -> OnCall:
    """Say who has it at a moment, and who follows.

    Args:
        rotation: Whose turn it is where no shift says otherwise; without people: nobody's.
        shifts: Of a calendar, repetitions unfolded, around the moment.
        at: Epoch seconds.
    """
    now = _pair(rotation, shifts, at)
    for end in islice(_changes(rotation, shifts, at), _LOOKS):
        after = _pair(rotation, shifts, end)
        if after != now:
            return OnCall(*now, until=end, next=after[0], next_secondary=after[1])
    return OnCall(*now)


def _pair(rotation: Rotation, shifts: Sequence[Shift], at: float) -> tuple[str, str]:
    turn = _turn_at(rotation, at)
    people = rotation.people
    first = _on_shift(shifts, PRIMARY, at) or (people[turn % len(people)] if people else "")
    second = _on_shift(shifts, SECONDARY, at)
    if not second and len(people) > 1:
        waiting = (people[(turn + step) % len(people)] for step in range(1, len(people) + 1))
        second = next(one for one in waiting if one != first)
    return first, second


def _on_shift(shifts: Sequence[Shift], role: str, at: float) -> str:
    """Give who has a role; of shifts that overlap, the one that began last: an override."""
    live = [each for each in shifts if each.role == role and each.start <= at < each.end]
    return max(live, key=lambda each: each.start).user if live else ""


def _changes(rotation: Rotation, shifts: Sequence[Shift], at: float) -> Iterator[float]:
    """Give the moments at which it may become somebody else, in order."""
    edges = sorted({moment for each in shifts for moment in (each.start, each.end) if moment > at})
    turn = _turn_at(rotation, at) + 1
    turns = (_begin_of(rotation, turn + n) for n in range(_LOOKS if rotation.people else 0))
    return merge(edges, turns)


def _turn_at(rotation: Rotation, at: float) -> int:
    """Count the turns since the first; before it, backwards."""
    turn = int((at - rotation.start) // rotation.every)
    # a clock change moves a hand-over by an hour: look at the neighbours
    while _begin_of(rotation, turn + 1) <= at:
        turn += 1
    while _begin_of(rotation, turn) > at:
        turn -= 1
    return turn


def _begin_of(rotation: Rotation, turn: int) -> float:
    if rotation.every % _DAY:
        return rotation.start + turn * rotation.every
    zone = ZoneInfo(rotation.zone)
    first = datetime.fromtimestamp(rotation.start, UTC).astimezone(zone).replace(tzinfo=None)
    days = timedelta(seconds=rotation.every * turn)
    return (first + days).replace(tzinfo=zone).timestamp()
