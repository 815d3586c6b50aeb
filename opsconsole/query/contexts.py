"""The tables of names: what an expression may ask of a host, a service, a fire, a check, a match."""

from typing import Final

from opsconsole.model.metrics import METRICS, Unit
from opsconsole.model.states import AlertState, HostState, Reach, ServiceState
from opsconsole.query.fields import Context, Field, Kind, context
from opsconsole.query.functions import GENERAL

_KIND_OF_UNIT: Final = {
    Unit.NONE: Kind.NUMBER,
    Unit.RATIO: Kind.RATIO,
    Unit.BYTES: Kind.BYTES,
    Unit.BYTES_PER_SECOND: Kind.BYTES,
    Unit.PER_SECOND: Kind.NUMBER,
    Unit.SECONDS: Kind.SECONDS,
}
_HOST_STATES: Final = tuple(
    str(state)
    for state in (
        HostState.OK, HostState.MAINTENANCE, HostState.PENDING, HostState.WARNING,
        HostState.UNKNOWN, HostState.CRITICAL,
    )
)  # fmt: skip
_SERVICE_STATES: Final = tuple(
    str(state)
    for state in (
        ServiceState.UP, ServiceState.MAINTENANCE, ServiceState.PENDING, ServiceState.DEGRADED,
        ServiceState.UNKNOWN, ServiceState.DOWN,
    )
)  # fmt: skip
_STATE_SYNONYMS: Final = {
    "crit": "critical", "warn": "warning", "maint": "maintenance", "unk": "unknown", "good": "ok",
}  # fmt: skip
_SERVICE_SYNONYMS: Final = {
    "maint": "maintenance", "unk": "unknown", "ok": "up", "warn": "degraded", "crit": "down",
    "warning": "degraded", "critical": "down",
}  # fmt: skip
_SEVERITIES: Final = ("info", "warning", "critical")
_SEVERITY_SYNONYMS: Final = {"crit": "critical", "warn": "warning", "page": "critical"}
_FAULTS: Final = ("fault", "stale", "acked", "owned")

_COMMON: Final = (
    Field("text", title="everything one reads in the row"),
    Field("exact", title="the same, letters as they stand"),
    Field("me", title="who is asking"),
    Field("now", Kind.NUMBER, "epoch seconds"),
    Field("labels", Kind.MAP, "all labels"),
    Field("labels.*", title="one label"),
)

HOST_FIELDS: Final = (
    *_COMMON,
    Field("name", title="the host's name"),
    Field("host", alias_of="name"),
    Field("address", title="where it is dialled"),
    Field("state", Kind.WORD, "ok to critical", _HOST_STATES, _STATE_SYNONYMS),
    Field("reach", Kind.WORD, "how far we get to it", tuple(str(reach) for reach in Reach)),
    Field("reason", title="why it is not ok"),
    Field("user"),
    Field("port", Kind.NUMBER),
    Field("jump", Kind.LIST, "hosts on the way"),
    Field("transport"),
    Field("groups", Kind.LIST, "the groups it is in"),
    Field("group", alias_of="groups"),
    Field("alerts", Kind.NUMBER, "firing alerts on it"),
    Field("age", Kind.SECONDS, "since its last good sample"),
    Field("is", Kind.FLAGS, "a flag", (*_FAULTS[:2], *_HOST_STATES), _STATE_SYNONYMS),
    Field("in_maintenance", Kind.TRUTH),
    Field("features", Kind.LIST, "what it has: its init system, its groups"),
    Field("facts.*", title="one fact (`facts.kernel`)"),
    Field("os", title="the system's family: linux, freebsd, ..."),
    Field("kernel"),
    Field("init", title="init system"),
    Field("load", alias_of="load.1m"),
    Field("cpu", alias_of="cpu.busy"),
    Field("mem", alias_of="mem.used_ratio"),
    Field("disk", alias_of="fs.worst_used_ratio"),
    Field("up", alias_of="uptime"),
    *(Field(metric.name, _KIND_OF_UNIT[metric.unit], metric.title) for metric in METRICS.values()),
)
SERVICE_FIELDS: Final = (
    *_COMMON,
    Field("name", title="the service's name"),
    Field("service", alias_of="name"),
    Field("state", Kind.WORD, "up to down", _SERVICE_STATES, _SERVICE_SYNONYMS),
    Field("reason", title="why it is not up"),
    Field("latency", Kind.SECONDS, "of the last answer"),
    Field("p95", Kind.SECONDS, "latency, 95th percentile over 15 minutes"),
    Field("errors", Kind.RATIO, "share of failed results over 15 minutes"),
    Field("err", alias_of="errors"),
    Field("hosts", Kind.LIST, "the hosts that carry it"),
    Field("host", alias_of="hosts"),
    Field("checks", Kind.NUMBER, "how many checks it has"),
    Field("passing", Kind.NUMBER, "how many of them pass"),
    Field("alerts", Kind.NUMBER, "firing alerts on it"),
    Field("age", Kind.SECONDS, "since its last answer"),
    Field("features", Kind.LIST),
    Field("runbook", title="the action offered first"),
    Field("is", Kind.FLAGS, "a flag", (*_FAULTS[:2], *_SERVICE_STATES), _SERVICE_SYNONYMS),
)
ALERT_FIELDS: Final = (
    *_COMMON,
    Field("name", title="the alert's name"),
    Field("alert", alias_of="name"),
    Field("severity", Kind.WORD, "info to critical", _SEVERITIES, _SEVERITY_SYNONYMS),
    Field("sev", alias_of="severity"),
    Field("state", Kind.WORD, "where it stands", tuple(str(state) for state in AlertState)),
    Field("for", Kind.SECONDS, "how long it has been so"),
    Field("age", alias_of="for"),
    Field("since", Kind.NUMBER, "when it began, epoch seconds"),
    Field("on", title="what it is on"),
    Field("host", title="the host it is on"),
    Field("service", title="the service it is on"),
    Field("source", title="who says so"),
    Field("owner", title="who has it"),
    Field("own", alias_of="owner"),
    Field("who", alias_of="owner"),
    Field("summary", title="what it says"),
    Field("what", alias_of="summary"),
    Field("value", Kind.NUMBER, "the value that fired it"),
    Field("annotations", Kind.MAP),
    Field("annotations.*", title="one annotation"),
    Field("fingerprint"),
    Field("episode"),
    Field("runbook", title="the action offered first"),
    Field(
        "is",
        Kind.FLAGS,
        "a flag",
        (
            "new",
            "acked",
            "owned",
            "muted",
            "stale",
            "blind",
            *(str(s) for s in AlertState),
            *_SEVERITIES,
        ),
        {**_SEVERITY_SYNONYMS, "mute": "muted", "ack": "acked", "no-data": "blind"},
    ),
)
EVENT_FIELDS: Final = (
    *_COMMON[:4],
    Field("name", title="what it is about"),
    Field("subject", alias_of="name"),
    Field("on", alias_of="name"),
    Field("actor", title="who did it"),
    Field("who", alias_of="actor"),
    Field("kind", title="fired, resolved, acked, run, deploy, ..."),
    Field("what", title="the line"),
    Field(
        "severity",
        Kind.WORD,
        "its sign",
        ("ok", "unknown", "warning", "critical"),
        _SEVERITY_SYNONYMS,
    ),
    Field("sev", alias_of="severity"),
    Field("age", Kind.SECONDS, "how long ago"),
)

HOSTS: Final = context("hosts", HOST_FIELDS, GENERAL | {"any_label"})
SERVICES: Final = context("services", SERVICE_FIELDS, GENERAL | {"any_label"})
ALERTS: Final = context("fires", ALERT_FIELDS, GENERAL | {"any_label"})
EVENTS: Final = context("events", EVENT_FIELDS, GENERAL)


def _under(prefix: str, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    """Hang a table's fields below a name: `state` of a host is `host.state`."""
    return tuple(
        Field(
            f"{prefix}.{field.name}",
            field.kind,
            field.title,
            field.words,
            field.synonyms,
            f"{prefix}.{field.alias_of}" if field.alias_of else "",
        )
        for field in fields
        if field.name not in ("me", "now", "text", "exact")
    )


MATCH: Final[Context] = context(
    "match",
    (
        Field("host", Kind.MAP, "the host, if there is one"),
        *_under("host", HOST_FIELDS),
        Field("host.*"),
        Field("service", Kind.MAP, "the service, if there is one"),
        *_under("service", SERVICE_FIELDS),
        Field("service.*"),
        Field("alert", Kind.MAP, "the fire one stands on, if there is one"),
        *_under("alert", ALERT_FIELDS),
        Field("alert.*"),
        Field("fleet.hosts", Kind.NUMBER, "how many hosts there are"),
        Field("fleet.services", Kind.NUMBER),
        Field("fleet.environment", title="the environment's name"),
        Field("fleet.*"),
        Field("me", title="who is asking"),
        Field("now", Kind.NUMBER, "epoch seconds"),
    ),
    GENERAL | {"any_label"},
)
"""A runbook's `match`: host, service, alert, fleet, me, now; names that are missing are none."""
