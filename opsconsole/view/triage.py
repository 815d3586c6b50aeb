"""Which fire comes first, what its state is called, and which fires are one.

Order: unsuppressed first, severity, what is seen before what is not, unowned, oldest first.
"""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from msgspec import Struct

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState, Freshness, HostState, ServiceState, Severity
from opsconsole.query.environments import owner_of
from opsconsole.view import census
from opsconsole.view.census import Once
from opsconsole.view.naming import natural_key
from opsconsole.view.rows import Tone

_SEVERITY_RANK: Final = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
_LEAST_GROUP: Final = 3
"""Equal alerts on this many objects are one row."""
_LOST: Final = (HostState.UNKNOWN, HostState.PENDING)
_SERVICE_LOST: Final = (ServiceState.UNKNOWN, ServiceState.PENDING)


class StateWord(NamedTuple):
    """What the STATE column says."""

    text: str
    tone: Tone


class Group(Struct, frozen=True):
    """Fires shown as one row: a single one, or equal ones on many objects."""

    key: str
    """`alert:<episode>` for a single one, `group:<name>:...` for several."""
    alerts: tuple[Alert, ...]
    behind: tuple[Alert, ...] = ()
    """Fires that likely burn because of the first: folded under it."""

    @property
    def is_folded(self) -> bool:
        """Tell whether it opens into several rows."""
        return len(self.alerts) > 1 or bool(self.behind)

    @property
    def first(self) -> Alert:
        """The fire that stands for the group: the first in triage order."""
        return self.alerts[0]


def fires(snapshot: Snapshot) -> list[Alert]:
    """List the firing alerts in triage order."""
    return list(in_order(snapshot))


def in_order(snapshot: Snapshot) -> tuple[Alert, ...]:
    """Give the firing alerts in triage order; the same object for the same table of alerts."""
    return _in_order.of(snapshot.alerts)


def _sorted(alerts: Mapping[str, Alert]) -> tuple[Alert, ...]:
    return tuple(sorted((a for a in alerts.values() if a.is_firing), key=order_key))


_in_order: Final = Once(_sorted)


def waiting(snapshot: Snapshot) -> tuple[Alert, ...]:
    """List what other systems see and do not call a fire yet, in triage order."""
    found = (a for a in snapshot.alerts.values() if a.state is AlertState.PENDING)
    return tuple(sorted(found, key=order_key))


def order_key(alert: Alert) -> tuple[object, ...]:
    """Give a fire's place in the triage order."""
    return (
        alert.is_muted,
        _SEVERITY_RANK[alert.severity],
        alert.no_data,
        alert.has_owner,
        alert.since,
        natural_key(alert.on),
        alert.episode,
    )


def state_word(alert: Alert, now: float, ack_within: float) -> StateWord:
    """Name a fire's state: NEW! NEW ACK MUTE, RECOV while it recovers, PEND before it is one."""
    if alert.state is AlertState.PENDING:
        return StateWord("PEND", Tone.DIM)
    if alert.is_muted:
        return StateWord("MUTE", Tone.MUTED)
    if alert.state is AlertState.RECOVERING:
        return StateWord("RECOV", Tone.OK)
    if alert.has_owner:
        return StateWord("ACK", Tone.OK)
    if is_overdue(alert, now, ack_within):
        return StateWord("NEW!", Tone.CRITICAL)
    return StateWord("NEW", Tone.NORMAL)


def is_overdue(alert: Alert, now: float, ack_within: float) -> bool:
    """Tell whether a critical fire has nobody past its ack time."""
    return (
        alert.severity is Severity.CRITICAL and is_unacked(alert) and now - alert.since > ack_within
    )


def is_unacked(alert: Alert) -> bool:
    """Tell whether a fire asks for somebody: firing, unsuppressed, with no owner."""
    return alert.is_firing and not alert.has_owner and not alert.is_muted


def severity_word(alert: Alert) -> tuple[str, Tone]:
    """Name a fire's severity as the SEV column does; one that nobody confirms any more is STALE."""
    if any(reason.startswith("maintenance:") for reason in alert.suppressed_by):
        return "MAINT", Tone.MUTED
    if alert.freshness is not Freshness.LIVE:
        return "STALE", Tone.STALE
    match alert.severity:
        case Severity.CRITICAL:
            return "CRIT", Tone.CRITICAL
        case Severity.WARNING:
            return "WARN", Tone.WARNING
        case Severity.INFO:
            return "INFO", Tone.DIM


def suppression_words(alert: Alert) -> str:
    """Say why a fire is quiet: `silenced`, `inhibited`, `maintenance kernel patch`, `after host:sw-1`."""
    words = []
    for reason in alert.suppressed_by:
        kind, _, name = reason.partition(":")
        words.append(_SUPPRESSED.get(kind, kind) + (f" {name}" if kind in _NAMED else ""))
    return ", ".join(dict.fromkeys(words))


_SUPPRESSED: Final = {
    "silence": "silenced",
    "inhibited": "inhibited",
    "muted": "muted in",
    "maintenance": "maintenance",
    "depends": "follows",
}
_NAMED: Final = ("muted", "maintenance", "depends")


def grouped(alerts: Iterable[Alert]) -> list[Group]:
    """Fold equal fires on many objects into groups; each group stands where its first fire stood."""
    together: dict[tuple[object, ...], list[Alert]] = {}
    places: dict[str, int] = {}
    for place, alert in enumerate(alerts):
        together.setdefault(_alike(alert), []).append(alert)
        places[alert.episode] = place
    groups: list[Group] = []
    for members in together.values():
        if len(members) < _LEAST_GROUP:
            groups.extend(single(member) for member in members)
        else:
            groups.append(Group(_group_key(members[0]), tuple(members)))
    return sorted(groups, key=lambda group: places[group.first.episode])


def single(alert: Alert) -> Group:
    """Make the group of one fire."""
    return Group(f"alert:{alert.episode}", (alert,))


def _alike(alert: Alert) -> tuple[object, ...]:
    """Give all that fires of one row share; `_group_key` tells apart what this does."""
    return (
        alert.name,
        alert.severity,
        owner_of(alert),
        alert.ack is not None,
        alert.is_muted,
        alert.freshness,
        alert.no_data,
        alert.state,
    )


def _group_key(alert: Alert) -> str:
    """Name a group after one of its fires; what is usual goes without saying."""
    unusual = (
        "" if alert.state is AlertState.FIRING else str(alert.state),
        "" if alert.freshness is Freshness.LIVE else str(alert.freshness),
        "nodata" if alert.no_data else "",
        "ack" if alert.ack is not None else "",
    )
    usual = (str(alert.severity), owner_of(alert) or "", "mute" if alert.is_muted else "")
    return ":".join(("group", alert.name, *usual, *filter(None, unusual)))


def members(
    snapshot: Snapshot,
    key: str,
    folds: Mapping[str, tuple[str, ...]] = {},
) -> tuple[Alert, ...]:
    """Give the fires behind a row's key, a group's included: those that `folds` says, else all that are alike."""
    kind, _, name = key.partition(":")
    if kind == "alert":
        alert = snapshot.alerts.get(name)
        return () if alert is None else (alert,)
    if key in folds:
        return tuple(snapshot.alerts[e] for e in folds[key] if e in snapshot.alerts)
    if kind == "group":
        return _groups.of(in_order(snapshot)).get(key, ())
    return ()


def _by_key(alerts: tuple[Alert, ...]) -> Mapping[str, tuple[Alert, ...]]:
    return {group.key: group.alerts for group in grouped(alerts)}


_groups: Final = Once(_by_key)


def on_object(snapshot: Snapshot, reference: str) -> list[Alert]:
    """List the fires on an object, in triage order."""
    found = [a for a in snapshot.alerts.values() if a.on == reference and a.is_firing]
    return sorted(found, key=order_key)


def count_by_state(states: Iterable[str]) -> Mapping[str, int]:
    """Count states by their word."""
    counts: dict[str, int] = {}
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    return counts


def is_blind(snapshot: Snapshot) -> bool:
    """Tell whether something is not seen: a host, a service, a whole feed; or nothing at all yet."""
    if not (snapshot.hosts or snapshot.services or snapshot.feeds):
        return True
    return (
        any(state in census.hosts(snapshot.hosts).states for state in _LOST)
        or any(state in census.services(snapshot.services) for state in _SERVICE_LOST)
        or any(
            feed.state in (*_SERVICE_LOST, ServiceState.DOWN) for feed in snapshot.feeds.values()
        )
    )
