"""Which rows the Fires pane has, in which order: worked out when fires, folds or what was asked for change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState
from opsconsole.query.environments import alert_env, owner_of
from opsconsole.view.cache import RowCache, Sieve
from opsconsole.view.folds import all_folds, folds
from opsconsole.view.naming import bare_name, natural_key
from opsconsole.view.options import ViewOptions
from opsconsole.view.triage import Group, grouped, in_order, single, waiting

_PENDING: Final = str(AlertState.PENDING)
"""A filter that says so is shown what waits to fire too; else that is no fire, and nowhere."""


class Place(NamedTuple):
    """One row."""

    group: Group
    inside: bool
    """True: it stands under a group that is unfolded."""


class Laid(NamedTuple):
    """The pane's rows by their keys."""

    shown: tuple[Alert, ...]
    """Those that pass the filter, in triage order."""
    places: Mapping[str, Place]
    keys: tuple[str, ...]


class FireLedger:
    """Remembers one pane's rows; what time alone changes is not in them."""

    def __init__(self) -> None:
        self._passing: tuple[Alert, ...] = ()
        self._made_of: tuple[object, ...] = ()
        self._laid = Laid((), {}, ())
        self._alerts: Mapping[str, Alert] = {}
        """The table that what is remembered of rows was last looked through for."""

    def standing_for(self, key: str) -> tuple[str, ...]:
        """Name the fires that a row stands for as it was laid last, by their episodes; empty: there is none."""
        place = self._laid.places.get(key)
        return () if place is None else tuple(alert.episode for alert in place.group.alerts)

    def lay(self, snapshot: Snapshot, now: float, options: ViewOptions, cache: RowCache) -> Laid:
        """Give the rows there are now; the same object while they are the same."""
        shown = self._shown(snapshot, now, options, cache)
        causes = _causes(snapshot, shown, now) if options.grouped else {}
        before = self._made_of
        self._made_of = (shown, causes, options)
        if self._made_of == before:  # what is the very same is not looked into
            if snapshot.alerts is not self._alerts:  # a filter remembers also what it leaves out
                self._forget(snapshot, cache)
            return self._laid
        groups = _folded(shown, causes) if options.grouped else [single(alert) for alert in shown]
        found = [place for group in _sorted(groups, options) for place in _places(group, options)]
        places = {place.group.key: place for place in found}
        self._laid = Laid(shown, places, tuple(places))
        self._forget(snapshot, cache)
        return self._laid

    def _forget(self, snapshot: Snapshot, cache: RowCache) -> None:
        self._alerts = snapshot.alerts
        cache.forget({**snapshot.alerts, **self._laid.places})

    def _shown(
        self, snapshot: Snapshot, now: float, options: ViewOptions, cache: RowCache
    ) -> tuple[Alert, ...]:
        every = in_order(snapshot)
        if options.filter.expr is None and not options.faults_only:
            return every
        if _PENDING in options.filter.source:
            every = (*every, *waiting(snapshot))
        passing = _passing(every, now, options, cache)
        if passing != self._passing:
            self._passing = passing
        return self._passing


def _causes(
    snapshot: Snapshot, shown: tuple[Alert, ...], now: float
) -> Mapping[str, tuple[Alert, ...]]:
    whole = shown is in_order(snapshot)  # as many may be others: a filter can ask for what waits
    return all_folds(snapshot, now) if whole else folds(snapshot, shown, now)


def _passing(
    every: tuple[Alert, ...], now: float, options: ViewOptions, cache: RowCache
) -> tuple[Alert, ...]:
    kept = [alert for alert in every if not (options.faults_only and alert.is_muted)]
    sieve: Sieve[Alert] = Sieve(
        options.filter, cache, "fire", lambda alert: alert_env(alert, now, options.me), now
    )
    return tuple(sieve.passing((alert.episode, alert, False) for alert in kept))


def _folded(shown: Sequence[Alert], causes: Mapping[str, tuple[Alert, ...]]) -> list[Group]:
    """Fold what likely follows from another fire under it, then a storm, then equal ones into one."""
    if not causes:
        return grouped(shown)
    under = {alert.episode for each in causes.values() for alert in each}
    rest = [a for a in shown if a.episode not in under and a.episode not in causes]
    roots = [
        Group(f"alert:{alert.episode}", (alert,), causes[alert.episode])
        for alert in shown
        if alert.episode in causes
    ]
    order = {alert.episode: place for place, alert in enumerate(shown)}
    return sorted([*roots, *grouped(rest)], key=lambda group: order[group.first.episode])


_SORTS: Final[dict[str, Callable[[Group], object]]] = {
    "for": lambda group: group.first.since,
    "alert": lambda group: natural_key(group.first.name),
    "on": lambda group: natural_key(bare_name(group.first.on)),
    "who": lambda group: owner_of(group.first) or "",
    "n": lambda group: -len(group.alerts) - len(group.behind),
    "state": lambda group: (group.first.has_owner, group.first.is_muted),
    "runbook": lambda group: group.first.runbook or "~",
}


def _sorted(groups: list[Group], options: ViewOptions) -> list[Group]:
    key = _SORTS.get(options.sort)
    if key is not None:
        groups = sorted(groups, key=key)  # type: ignore[arg-type]  # each sort compares with itself only
    return groups[::-1] if options.inverted else groups


def _places(group: Group, options: ViewOptions) -> Iterator[Place]:
    yield Place(group, inside=False)
    if group.is_folded and group.key in options.expanded:
        for alert in group.behind or group.alerts:
            yield Place(single(alert), inside=True)
