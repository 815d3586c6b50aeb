"""What `status` says: the panes as text, and the JSON document `opsconsole.status/1`."""

from collections.abc import Mapping
from typing import Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.errors import QueryError
from opsconsole.model.alert import Ack, Alert
from opsconsole.model.snapshot import Feed, HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import HostState, ServiceState, Severity
from opsconsole.model.text import clean
from opsconsole.query.contexts import ALERTS, HOSTS, SERVICES
from opsconsole.query.environments import alert_env, host_env, owner_of, service_env
from opsconsole.query.filter_line import Filter, compile_filter
from opsconsole.view import fires, hosts, services
from opsconsole.view.cells import plain
from opsconsole.view.format import age
from opsconsole.view.header import Frame
from opsconsole.view.header import lines as header_lines
from opsconsole.view.naming import natural_key
from opsconsole.view.options import ViewOptions
from opsconsole.view.plain_table import lay_out
from opsconsole.view.rows import Table
from opsconsole.view.triage import count_by_state, is_blind, is_unacked, order_key

T = TypeVar("T")
SCHEMA: Final = "opsconsole.status/1"
OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
"""Exit codes, as Nagios plugins give them."""


class HostStatus(Struct, frozen=True):
    """One host of the document; `age` in seconds, null when it never answered."""

    name: str
    state: str
    reach: str | None
    reason: str
    age: float | None
    labels: Mapping[str, str]
    metrics: Mapping[str, float]


class ServiceStatus(Struct, frozen=True):
    """One service of the document; `latency` in seconds."""

    name: str
    state: str
    reason: str
    age: float | None
    latency: float | None


class AlertStatus(Struct, frozen=True):
    """One alert of the document; `since` in epoch seconds."""

    fingerprint: str
    episode: str
    name: str
    severity: str
    state: str
    since: float
    on: str
    source: str
    labels: Mapping[str, str]
    owner: str | None
    ack: Ack | None
    suppressed_by: tuple[str, ...]
    freshness: str
    """live, unconfirmed (its source restarted) or stale (its source is silent)."""
    summary: str
    value: float | None


class FeedStatus(Struct, frozen=True):
    """One feed of the document."""

    name: str
    kind: str
    state: str
    reason: str
    age: float | None


class Status(Struct, frozen=True):
    """The document; `msgspec.json.encode` writes it."""

    schema: str
    at: float
    hosts: tuple[HostStatus, ...]
    services: tuple[ServiceStatus, ...]
    alerts: tuple[AlertStatus, ...]
    feeds: tuple[FeedStatus, ...]
    counts: Mapping[str, Mapping[str, int]]


def select(snapshot: Snapshot, line: str, now: float, me: str = "") -> Snapshot:
    """Keep the hosts, services and alerts that pass a filter line; an alert also with its object.

    Raises:
        QueryError: The line has no meaning for any of the three.
    """
    if not line.strip():
        return snapshot
    by_host, by_service, by_alert = _filters(line)
    kept_hosts = {
        name: record
        for name, record in snapshot.hosts.items()
        if by_host is not None and by_host.matches(host_env(record, now, me))
    }
    kept_services = {
        name: record
        for name, record in snapshot.services.items()
        if by_service is not None and by_service.matches(service_env(record, now, me))
    }
    near = {
        *(f"host:{name}" for name in kept_hosts),
        *(f"service:{name}" for name in kept_services),
    }
    kept_alerts = {
        episode: alert
        for episode, alert in snapshot.alerts.items()
        if alert.on in near
        or (by_alert is not None and by_alert.matches(alert_env(alert, now, me)))
    }
    return replace(snapshot, hosts=kept_hosts, services=kept_services, alerts=kept_alerts)


def _filters(line: str) -> tuple[Filter | None, Filter | None, Filter | None]:
    first: QueryError | None = None
    found: list[Filter | None] = []
    for context in (HOSTS, SERVICES, ALERTS):
        try:
            found.append(compile_filter(line, context))
        except QueryError as error:
            first = first or error
            found.append(None)
    if first is not None and not any(found):
        raise first
    return found[0], found[1], found[2]


def document(snapshot: Snapshot, now: float, line: str = "") -> Status:
    """Make the JSON document of what passes a filter line; QueryError as `select`."""
    snapshot = select(snapshot, line, now)
    return Status(
        schema=SCHEMA,
        at=now,
        hosts=tuple(_host(r, now) for r in _by_name(snapshot.hosts)),
        services=tuple(_service(r, now) for r in _by_name(snapshot.services)),
        alerts=tuple(_alert(a) for a in sorted(snapshot.alerts.values(), key=order_key)),
        feeds=tuple(_feed(f, now) for f in _by_name(snapshot.feeds)),
        counts=counts(snapshot),
    )


def counts(snapshot: Snapshot) -> Mapping[str, Mapping[str, int]]:
    """Count hosts, services and firing alerts by their words."""
    firing = [alert for alert in snapshot.alerts.values() if alert.is_firing]
    loud = [alert for alert in firing if not alert.is_muted]
    by_severity = count_by_state(alert.severity for alert in loud)
    return {
        "hosts": dict(count_by_state(record.state for record in snapshot.hosts.values())),
        "services": dict(count_by_state(record.state for record in snapshot.services.values())),
        "alerts": {
            **{str(severity): by_severity.get(severity, 0) for severity in Severity},
            "unacked": sum(is_unacked(alert) for alert in loud),
            "suppressed": len(firing) - len(loud),
        },
    }


def exit_code(snapshot: Snapshot, now: float, line: str = "") -> int:
    """Give the exit code: the worst unsuppressed firing alert, acked ones too; 3 where we cannot see."""
    snapshot = select(snapshot, line, now)
    loud = [a.severity for a in snapshot.alerts.values() if a.is_firing and not a.is_muted]
    if Severity.CRITICAL in loud:
        return CRITICAL
    if is_blind(snapshot):
        return UNKNOWN
    return WARNING if Severity.WARNING in loud else OK


def is_complete(snapshot: Snapshot) -> bool:
    """Tell whether every host, service and feed has had a result, so that `--wait` may end."""
    return (
        all(record.state is not HostState.PENDING for record in snapshot.hosts.values())
        and all(record.state is not ServiceState.PENDING for record in snapshot.services.values())
        and all(feed.state is not ServiceState.PENDING for feed in snapshot.feeds.values())
    )


def text(
    snapshot: Snapshot,
    now: float,
    line: str = "",
    *,
    width: int = 100,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> str:
    """Write what the panes would show: all fires, the faults among hosts and services, silent feeds."""
    snapshot = select(snapshot, line, now, options.me)
    head = [
        plain(each).rstrip() for each in header_lines(snapshot, now, width, Frame(), options)[:1]
    ]
    lines = [*head, *(clean(banner.text) for banner in snapshot.banners.values())]
    lines += _block(fires.table(snapshot, now, width, options), width, options)
    if snapshot.hosts:
        how = replace(options, faults_only=len(snapshot.hosts) > _SMALL)
        lines += _block(hosts.table(snapshot, now, width, how), width, options)
    if snapshot.services:
        how = replace(options, faults_only=len(snapshot.services) > _SMALL)
        lines += _block(services.table(snapshot, now, width, how), width, options)
    return "\n".join(lines + _feed_lines(snapshot, now))


_SMALL: Final = 20
"""Up to this many hosts or services are printed whole; of more only the faults."""


def _block(table: Table, width: int, options: ViewOptions) -> list[str]:
    title = "  ".join(text for part in (table.title, table.footer) if (text := plain(part)))
    rows = lay_out(table, width, options.glyphs) if table.rows else [f"   {table.empty}"]
    return ["", title, *rows]


def _feed_lines(snapshot: Snapshot, now: float) -> list[str]:
    silent = [
        f
        for f in _by_name(snapshot.feeds)
        if f.state not in (ServiceState.UP, ServiceState.PENDING)
    ]
    if not silent:
        return []
    return ["", "Feeds", *(_feed_line(feed, now) for feed in silent)]


def _feed_line(feed: Feed, now: float) -> str:
    reason = feed.reason or f"{feed.ok} of {feed.total} answer"
    return clean(f"   {feed.name} {feed.state}: {reason} ({_ago(feed, now)})")


def _ago(feed: Feed, now: float) -> str:
    return f"last heard {age(now - feed.at)} ago" if feed.at else "never heard"


def _by_name(table: Mapping[str, T]) -> list[T]:
    return [table[name] for name in sorted(table, key=natural_key)]


def _since(at: float, now: float) -> float | None:
    return round(max(0.0, now - at), 3) if at else None


def _host(record: HostRecord, now: float) -> HostStatus:
    return HostStatus(
        name=record.name,
        state=record.state,
        reach=record.reach,
        reason=record.reason,
        age=_since(record.at, now),
        labels=record.labels,
        metrics=record.metrics,
    )


def _service(record: ServiceRecord, now: float) -> ServiceStatus:
    return ServiceStatus(
        record.name, record.state, record.reason, _since(record.at, now), record.latency
    )


def _alert(alert: Alert) -> AlertStatus:
    return AlertStatus(
        fingerprint=alert.fingerprint,
        episode=alert.episode,
        name=alert.name,
        severity=alert.severity,
        state=alert.state,
        since=alert.since,
        on=alert.on,
        source=alert.source,
        labels=alert.labels,
        owner=owner_of(alert),
        ack=alert.ack,
        suppressed_by=alert.suppressed_by,
        freshness=alert.freshness,
        summary=alert.summary,
        value=alert.value,
    )


def _feed(feed: Feed, now: float) -> FeedStatus:
    return FeedStatus(feed.name, feed.kind, feed.state, feed.reason, _since(feed.at, now))
