"""Records as environments: values computed when asked for, stale ones unknown."""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.metrics import METRICS, instances
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot, is_stale
from opsconsole.model.states import Freshness, HostState, ServiceState
from opsconsole.query.values import UNKNOWN, Env, Value

R = TypeVar("R")
Reader = Callable[[R, float], Value]
_LESS_IS_WORSE: Final = ("available", "available_ratio")


class HostEnv:
    """A host's row as an environment."""

    __slots__ = ("_me", "_now", "_record", "_text")

    def __init__(
        self, record: HostRecord, now: float, me: str = "", text: str | None = None
    ) -> None:
        self._record = record
        self._now = now
        self._me = me
        self._text = text

    def get(self, name: str, /) -> Value:
        """Give a field, a metric (unknown when stale), a label or a fact."""
        if name == "text" and self._text is not None:
            return self._text
        reader = _HOST.get(name)
        if reader is not None:
            return reader(self._record, self._now)
        if name == "me":
            return self._me
        head, _, rest = name.partition(".")
        if head == "labels":
            return self._record.labels.get(rest)
        if head == "facts":
            return self._record.facts.get(rest)
        return self._metric(name)

    def _metric(self, name: str) -> Value:
        if name.partition("{")[0] not in METRICS:
            return self._record.facts.get(name)
        value = self._record.metrics.get(name)
        if value is None:
            value = _worst(self._record.metrics, name)
        if value is not None and is_stale(self._record, self._now):
            return UNKNOWN
        return value


def _worst(metrics: Mapping[str, float], name: str) -> float | None:
    """Stand one number for a metric with instances: the worst of them."""
    values = [value for _, value in instances(metrics, name)]
    if not values:
        return None
    return min(values) if name.rpartition(".")[2].endswith(_LESS_IS_WORSE) else max(values)


def _host_flags(record: HostRecord, now: float) -> tuple[str, ...]:
    flags = [str(record.state)]
    if is_stale(record, now):
        flags.append("stale")
    if record.state in (HostState.CRITICAL, HostState.WARNING, HostState.UNKNOWN):
        flags.append("fault")
    return tuple(flags)


def _system(record: HostRecord) -> str | None:
    """Name the family of the system as uname does, in lower case: `linux`, `freebsd`."""
    name = record.facts.get("system") or record.facts.get("os")
    return name.lower() if name else None


def host_text(record: HostRecord) -> str:
    """Join what one reads of a host: name, address, labels, groups, reason."""
    words = (record.name, record.address, *record.labels.values(), *record.groups, record.reason)
    return " ".join(words)


_HOST: Final[Mapping[str, Reader[HostRecord]]] = {
    "name": lambda r, _: r.name,
    "address": lambda r, _: r.address,
    "state": lambda r, _: str(r.state),
    "reach": lambda r, _: None if r.reach is None else str(r.reach),
    "reason": lambda r, _: r.reason,
    "user": lambda r, _: r.user,
    "port": lambda r, _: r.port,
    "jump": lambda r, _: r.jump,
    "transport": lambda r, _: r.transport,
    "groups": lambda r, _: r.groups,
    "labels": lambda r, _: r.labels,
    "alerts": lambda r, _: r.alerts,
    "age": lambda r, now: max(0.0, now - r.at) if r.at else None,
    "is": _host_flags,
    "in_maintenance": lambda r, _: r.state is HostState.MAINTENANCE or bool(r.maintenance),
    "features": lambda r, _: (*(v for k in ("init", "os") if (v := r.facts.get(k))), *r.groups),
    "os": lambda r, _: _system(r),
    "kernel": lambda r, _: r.facts.get("kernel"),
    "init": lambda r, _: r.facts.get("init"),
    "text": lambda r, _: host_text(r).lower(),
    "exact": lambda r, _: host_text(r),
    "now": lambda _, now: now,
}


class RecordEnv:
    """A record as an environment: a table of readers, and open maps behind a dot."""

    __slots__ = ("_maps", "_me", "_now", "_read")

    def __init__(
        self,
        read: Callable[[str, float], Value],
        maps: Mapping[str, Mapping[str, str]],
        now: float,
        me: str,
    ) -> None:
        self._read = read
        self._maps = maps
        self._now = now
        self._me = me

    def get(self, name: str, /) -> Value:
        """Give a field, or a label or annotation behind a dot."""
        if name == "me":
            return self._me
        if name == "now":
            return self._now
        head, dot, rest = name.partition(".")
        if dot and head in self._maps:
            return self._maps[head].get(rest)
        return self._read(name, self._now)


def host_env(record: HostRecord, now: float, me: str = "", text: str | None = None) -> Env:
    """See a host as an environment of `contexts.HOSTS`.

    Args:
        record: The host.
        now: Epoch seconds, for ages and staleness.
        me: Who asks.
        text: `host_text` in lower case, where the caller has it already.
    """
    return HostEnv(record, now, me, text)


def service_env(record: ServiceRecord, now: float, me: str = "") -> Env:
    """See a service as an environment of `contexts.SERVICES`."""
    return RecordEnv(_reading(_SERVICE, record), {"labels": record.labels}, now, me)


def alert_env(alert: Alert, now: float, me: str = "") -> Env:
    """See a fire as an environment of `contexts.ALERTS`."""
    maps = {"labels": alert.labels, "annotations": alert.annotations}
    return RecordEnv(_reading(_ALERT, alert), maps, now, me)


def event_env(event: Event, now: float, me: str = "") -> Env:
    """See an event as an environment of `contexts.EVENTS`."""
    return RecordEnv(_reading(_EVENT, event), {}, now, me)


def match_env(
    snapshot: Snapshot,
    *,
    host: HostRecord | None = None,
    service: ServiceRecord | None = None,
    alert: Alert | None = None,
    me: str = "",
    now: float | None = None,
) -> Env:
    """See what a person stands on as an environment of `contexts.MATCH`.

    Args:
        snapshot: For `fleet`, and for `now` when none is given.
        host: None: `host` and all below it is none.
        service: As host.
        alert: As host.
        me: Who asks.
        now: Epoch seconds.
    """
    at = snapshot.now if now is None else now
    below: dict[str, Env] = {}
    if host is not None:
        below["host"] = host_env(host, at, me)
    if service is not None:
        below["service"] = service_env(service, at, me)
    if alert is not None:
        below["alert"] = alert_env(alert, at, me)
    return _MatchEnv(snapshot, below, at, me)


class _MatchEnv:
    def __init__(self, snapshot: Snapshot, below: Mapping[str, Env], now: float, me: str) -> None:
        self._below = below
        self._top: Mapping[str, Value] = {
            "me": me,
            "now": now,
            "fleet.hosts": len(snapshot.hosts),
            "fleet.services": len(snapshot.services),
            "fleet.environment": snapshot.access.environment,
        }
        self._service_features = self._features_of_service(snapshot, now)

    def _features_of_service(self, snapshot: Snapshot, now: float) -> Value:
        """A service has what its checks are, and what its hosts have."""
        env = self._below.get("service")
        name = env.get("name") if env is not None else None
        service = snapshot.services.get(name) if isinstance(name, str) else None
        if env is None or service is None:
            return None
        known = (snapshot.hosts[host] for host in service.hosts if host in snapshot.hosts)
        found = [_HOST["features"](record, now) for record in known]
        own = env.get("features")
        every = [own, *found]
        return tuple(
            dict.fromkeys(word for words in every if isinstance(words, tuple) for word in words)
        )

    def get(self, name: str, /) -> Value:
        if name == "service.features":
            return self._service_features
        head, dot, rest = name.partition(".")
        if head in self._below:
            env = self._below[head]
            return env.get(rest) if dot else {"name": env.get("name"), "labels": env.get("labels")}
        return self._top.get(name)


def _reading(table: Mapping[str, Reader[R]], record: R) -> Callable[[str, float], Value]:
    def read(name: str, now: float) -> Value:
        reader = table.get(name)
        return None if reader is None else reader(record, now)

    return read


def _service_flags(record: ServiceRecord, now: float) -> tuple[str, ...]:
    flags = [str(record.state)]
    if is_stale(record, now):
        flags.append("stale")
    if record.state in (ServiceState.DOWN, ServiceState.DEGRADED, ServiceState.UNKNOWN):
        flags.append("fault")
    return tuple(flags)


def service_text(record: ServiceRecord) -> str:
    """Join what one reads of a service."""
    return " ".join((record.name, *record.labels.values(), record.reason))


_SERVICE: Final[Mapping[str, Reader[ServiceRecord]]] = {
    "name": lambda r, _: r.name,
    "state": lambda r, _: str(r.state),
    "reason": lambda r, _: r.reason,
    "latency": lambda r, now: UNKNOWN if is_stale(r, now) else r.latency,
    "p95": lambda r, _: r.p95,
    "errors": lambda r, _: r.error_ratio,
    "hosts": lambda r, _: r.hosts,
    "checks": lambda r, _: len(r.checks),
    "passing": lambda r, _: sum(check.state is ServiceState.UP for check in r.checks),
    "alerts": lambda r, _: r.alerts,
    "labels": lambda r, _: r.labels,
    "age": lambda r, now: max(0.0, now - r.at) if r.at else None,
    "is": _service_flags,
    "features": lambda r, _: tuple({check.kind for check in r.checks}),
    "runbook": lambda r, _: r.runbook,
    "text": lambda r, _: service_text(r).lower(),
    "exact": lambda r, _: service_text(r),
}


def _alert_flags(alert: Alert, _: float) -> tuple[str, ...]:
    flags = [str(alert.state), str(alert.severity)]
    if alert.is_firing and not alert.has_owner and not alert.is_muted:
        flags.append("new")
    if alert.ack is not None:
        flags.append("acked")
    if alert.has_owner:
        flags.append("owned")
    if alert.is_muted:
        flags.append("muted")
    if alert.freshness is not Freshness.LIVE:
        flags.append("stale")
    if alert.no_data:
        flags.append("blind")
    return tuple(flags)


def owner_of(alert: Alert) -> str | None:
    """Name who has a fire: who took it, else who acknowledged it."""
    if alert.owner is not None:
        return alert.owner
    return None if alert.ack is None else alert.ack.actor


def _behind(kind: str) -> Reader[Alert]:
    def read(alert: Alert, _: float) -> Value:
        head, _colon, name = alert.on.partition(":")
        return name if head == kind else None

    return read


def alert_text(alert: Alert) -> str:
    """Join what one reads of a fire."""
    words = (alert.name, alert.on, alert.summary, owner_of(alert) or "", *alert.labels.values())
    return " ".join(words)


_ALERT: Final[Mapping[str, Reader[Alert]]] = {
    "name": lambda a, _: a.name,
    "severity": lambda a, _: str(a.severity),
    "state": lambda a, _: str(a.state),
    "for": lambda a, now: max(0.0, now - a.since),
    "since": lambda a, _: a.since,
    "on": lambda a, _: a.on.partition(":")[2] or a.on,
    "host": _behind("host"),
    "service": _behind("service"),
    "source": lambda a, _: a.source,
    "owner": lambda a, _: owner_of(a),
    "summary": lambda a, _: a.summary,
    "value": lambda a, _: a.value,
    "labels": lambda a, _: a.labels,
    "annotations": lambda a, _: a.annotations,
    "fingerprint": lambda a, _: a.fingerprint,
    "episode": lambda a, _: a.episode,
    "runbook": lambda a, _: a.runbook,
    "is": _alert_flags,
    "text": lambda a, _: alert_text(a).lower(),
    "exact": lambda a, _: alert_text(a),
}
_EVENT: Final[Mapping[str, Reader[Event]]] = {
    "name": lambda e, _: e.subject.partition(":")[2] or e.subject,
    "actor": lambda e, _: e.actor,
    "kind": lambda e, _: e.kind,
    "what": lambda e, _: e.text,
    "severity": lambda e, _: e.severity or None,
    "age": lambda e, now: max(0.0, now - e.at),
    "text": lambda e, _: f"{e.actor} {e.kind} {e.subject} {e.text}".lower(),
    "exact": lambda e, _: f"{e.actor} {e.kind} {e.subject} {e.text}",
}
