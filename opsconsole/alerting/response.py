"""How fast people and things answered: times to acknowledge and to resolve, over episodes; pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.model.episode import Episode

FLAP_GAP: Final = 600.0
"""Seconds: the same alert that fires again so soon is the same trouble."""


class Spread(Struct, frozen=True):
    """Some durations, seconds."""

    count: int
    mean: float
    median: float
    p90: float


class Response(Struct, frozen=True):
    """What a span of time asked of people."""

    fired: int
    """Troubles: an alert that flaps is one."""
    critical: int
    unanswered: int
    """Of the critical ones, those that nobody ever took or acked."""
    to_ack: Spread | None = None
    """MTTA: from fired to the first ack or owner; None: nothing was acked."""
    to_resolve: Spread | None = None
    """MTTR: from fired to resolved."""


def respond(episodes: Iterable[Episode]) -> Response:
    """Sum episodes up; suppressed ones called nobody and are left out."""
    troubles = merged(each for each in episodes if not each.suppressed_by)
    acks = [t[0].acked_at - t[0].fired_at for t in troubles if t[0].acked_at is not None]
    ends = [end - t[0].fired_at for t in troubles if (end := t[-1].resolved_at) is not None]
    critical = [t for t in troubles if any(each.severity == "critical" for each in t)]
    return Response(
        fired=len(troubles),
        critical=len(critical),
        unanswered=sum(all(each.acked_at is None for each in t) for t in critical),
        to_ack=spread_of(acks),
        to_resolve=spread_of(ends),
    )


def merged(episodes: Iterable[Episode]) -> list[tuple[Episode, ...]]:
    """Join episodes of one alert that follow one another closely; each trouble oldest first."""
    troubles: list[list[Episode]] = []
    last: dict[str, list[Episode]] = {}
    for each in sorted(episodes, key=lambda one: one.fired_at):
        trouble = last.get(each.fingerprint)
        end = trouble[-1].resolved_at if trouble else None
        if trouble and end is not None and each.fired_at - end <= FLAP_GAP:
            trouble.append(each)
            continue
        last[each.fingerprint] = [each]
        troubles.append(last[each.fingerprint])
    return [tuple(trouble) for trouble in troubles]


def spread_of(values: Sequence[float]) -> Spread | None:
    """Give mean, median and 90th percentile; None for no values."""
    if not values:
        return None
    ordered = sorted(max(0.0, value) for value in values)
    return Spread(
        count=len(ordered),
        mean=sum(ordered) / len(ordered),
        median=quantile(ordered, 0.5),
        p90=quantile(ordered, 0.9),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """Give a quantile of sorted values, linear between neighbours."""
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
