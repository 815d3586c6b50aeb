"""What people who do not look are told: differences of two looks at the fires, and at most so much of it."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from opsconsole.model.alert import Alert
from opsconsole.model.oncall import Notifier
from opsconsole.model.states import AlertState

OLD_NEWS: Final = 600.0
"""A fire that began longer ago than this when it was first seen did not happen now."""
BLIND: Final = "Blind"
_NAMED: Final = 5


class Occasion(Struct, frozen=True):
    """Something to tell: fired, escalated, resolved, or that we are blind."""

    kind: str
    alert: Alert


def occasions(
    old: Mapping[str, Alert], new: Mapping[str, Alert], told: frozenset[str], now: float
) -> tuple[tuple[Occasion, ...], frozenset[str]]:
    """Compare two looks.

    Args:
        old: Fires as they were at the last look.
        new: Fires now.
        told: Episodes of which somebody was told that they fired.
        now: Epoch seconds.

    Returns:
        What happened, and `told` from now on. What is suppressed fires and escalates in silence; the end of what
        was told is always told.
    """
    if old is new:
        return (), told
    found: list[Occasion] = []
    known = set(told)
    for episode, alert in new.items():
        before = old.get(episode)
        if before is alert:
            continue
        found += [Occasion(kind, alert) for kind in _kinds(before, alert, told, now)]
        if _is_loud(alert):
            known.add(episode)
        elif alert.state is AlertState.RESOLVED:
            known.discard(episode)
    return tuple(found), frozenset(known & new.keys())


def _kinds(before: Alert | None, alert: Alert, told: frozenset[str], now: float) -> Iterator[str]:
    was_told = alert.episode in told
    if _is_loud(alert) and not was_told:
        if before is not None or now - alert.since <= OLD_NEWS:
            yield "blind" if alert.name == BLIND else "fired"
    elif _is_loud(alert) and before is not None and before.severity != alert.severity:
        yield "fired"
    if before is not None and len(alert.escalated) > len(before.escalated):
        yield "escalated"
    if alert.state is AlertState.RESOLVED and was_told and not alert.is_let_go:
        yield "resolved"


def loud(alerts: Mapping[str, Alert]) -> frozenset[str]:
    """Give the episodes that burn and are not suppressed: those an earlier engine told of."""
    return frozenset(episode for episode, alert in alerts.items() if _is_loud(alert))


def _is_loud(alert: Alert) -> bool:
    return alert.is_firing and not alert.suppressed_by


class Pace(Struct, frozen=True):
    """What one notifier sent lately, and what it holds back."""

    sent: tuple[float, ...] = ()
    """Times of messages within its span."""
    held: int = 0
    named: tuple[str, ...] = ()
    """The first few of those held, in words."""


class Digest(Struct, frozen=True):
    """One message for many."""

    count: int
    named: tuple[str, ...]


def admit(pace: Pace, notifier: Notifier, now: float) -> tuple[Pace, bool]:
    """Let one message through, or not: `limit` of them in `per` seconds."""
    recent = tuple(at for at in pace.sent if now - at < notifier.per)
    if len(recent) < notifier.limit and not pace.held:
        return Pace((*recent, now)), True
    return Pace(recent, pace.held, pace.named), False


def hold(pace: Pace, words: str) -> Pace:
    """Count one that did not get through."""
    named = (*pace.named, words) if len(pace.named) < _NAMED else pace.named
    return Pace(pace.sent, pace.held + 1, named)


def digest(pace: Pace, notifier: Notifier, now: float) -> tuple[Pace, Digest | None]:
    """Give what was held as one message, as soon as the limit has room for it again."""
    recent = tuple(at for at in pace.sent if now - at < notifier.per)
    if not pace.held or len(recent) >= notifier.limit:
        return Pace(recent, pace.held, pace.named), None
    return Pace((*recent, now)), Digest(pace.held, pace.named)
