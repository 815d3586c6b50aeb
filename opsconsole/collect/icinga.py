"""Asks an Icinga 2 API for problems of hosts and services
(https://icinga.com/docs/icinga-2/latest/doc/12-icinga2-api/#querying-objects).
"""

import asyncio
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from opsconsole.collect.alert_list import start_of
from opsconsole.collect.member import Member, clock_of, failed, problem
from opsconsole.collect.source_asker import SourceAsker, digest_of
from opsconsole.collect.source_probe import BIG
from opsconsole.errors import ParseError
from opsconsole.model.alert import fingerprint
from opsconsole.model.sample import RemoteAlert
from opsconsole.model.text import MESSAGE_LIMIT, NAME_LIMIT, clean
from opsconsole.transport.http_answer import HttpAnswer

_COMMON: Final = (
    "name", "display_name", "state", "state_type", "last_check_result", "acknowledgement",
    "downtime_depth", "notes_url", "last_state_change",
)  # fmt: skip
_SERVICES: Final = urlencode(
    {"attrs": (*_COMMON, "host_name", "last_state_ok"), "filter": "service.state != 0"}, doseq=True
)
_HOSTS: Final = urlencode(
    {"attrs": (*_COMMON, "last_state_up"), "filter": "host.state != 0"}, doseq=True
)
_SEVERITY: Final = {1.0: "warning", 2.0: "critical"}
"""Of a service; 3 is unknown, which is what the row then says."""
_HARD: Final = 1.0
HOST_DOWN: Final = "HostDown"


class _Result(Struct):
    output: str = ""


class _Attrs(Struct):
    name: str = ""
    host_name: str = ""
    state: float = 0.0
    state_type: float = _HARD
    last_check_result: _Result | None = None
    acknowledgement: float = 0.0
    downtime_depth: float = 0.0
    notes_url: str = ""
    last_state_change: float = 0.0
    last_state_ok: float = 0.0
    last_state_up: float = 0.0


class _Row(Struct):
    attrs: _Attrs


class _Rows(Struct):
    results: list[_Row]


class _App(Struct):
    program_start: float = 0.0


class _IcingaApplication(Struct):
    app: _App = msgspec.field(default_factory=_App)


class _Named(Struct):
    icingaapplication: _IcingaApplication = msgspec.field(default_factory=_IcingaApplication)


class _StatusRow(Struct):
    status: _Named = msgspec.field(default_factory=_Named)


class _Status(Struct):
    results: list[_StatusRow]


class IcingaReader:
    """Reads what is not well; a soft state is pending, an acknowledgement or a downtime suppresses."""

    def __init__(self, asker: SourceAsker) -> None:
        self._asker = asker
        self._known: dict[str, tuple[bytes, tuple[RemoteAlert, ...]]] = {}

    async def ask(self, url: str) -> Member:
        """Ask one member."""
        paths = (
            f"/v1/objects/services?{_SERVICES}", f"/v1/objects/hosts?{_HOSTS}",
            "/v1/status/IcingaApplication",
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self._asker.get(url, path), name=path.partition("?")[0])
                for path in paths
            ]
        services, hosts, status = (task.result() for task in asked)
        for answer in (services, hosts):
            if why := problem(answer):
                return failed(url, answer, why)
        try:
            alerts = await self._read(url, services, hosts)
            started = 0.0 if problem(status) else read_start(status.body)
        except ParseError as error:
            return Member(url, reason=f"bad reply: {error}")
        size = len(services.body) + len(hosts.body)
        return Member(url, started, clock_of(services), None, alerts, size=size)

    async def _read(
        self, url: str, services: HttpAnswer, hosts: HttpAnswer
    ) -> tuple[RemoteAlert, ...]:
        digest = digest_of(services.body + hosts.body)
        before = self._known.get(url)
        if before is not None and before[0] == digest:
            return before[1]
        args = (services.body, hosts.body)
        big = len(services.body) + len(hosts.body) >= BIG
        alerts = await asyncio.to_thread(read_problems, *args) if big else read_problems(*args)
        self._known[url] = (digest, alerts)
        return alerts


def read_start(body: bytes) -> float:
    """Read when Icinga started, epoch seconds; 0 when it does not say.

    Raises:
        ParseError: It is something else.
    """
    try:
        rows = msgspec.json.decode(body, type=_Status).results
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise ParseError("icinga status", start_of(body)) from None
    return max((row.status.icingaapplication.app.program_start for row in rows), default=0.0)


def read_problems(services: bytes, hosts: bytes) -> tuple[RemoteAlert, ...]:
    """Read both lists of objects.

    Raises:
        ParseError: One is something else.
    """
    found = [_service(row.attrs) for row in _rows(services)]
    return (*found, *(_host(row.attrs) for row in _rows(hosts)))


def _rows(body: bytes) -> list[_Row]:
    try:
        return msgspec.json.decode(body, type=_Rows).results
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise ParseError("icinga objects", start_of(body)) from None


def _service(attrs: _Attrs) -> RemoteAlert:
    name = attrs.name.rpartition("!")[2]
    labels = {"alertname": name, "host": attrs.host_name, "service": name}
    severity = _SEVERITY.get(attrs.state, "unknown")
    return _alert(attrs, labels, severity, attrs.last_state_ok)


def _host(attrs: _Attrs) -> RemoteAlert:
    labels = {"alertname": HOST_DOWN, "host": attrs.name}
    return _alert(attrs, labels, "critical", attrs.last_state_up)


def _alert(attrs: _Attrs, labels: dict[str, str], severity: str, last_good: float) -> RemoteAlert:
    """Make the record: its identity leaves the severity out, which may change while it lasts."""
    labels = {name: str(clean(value, NAME_LIMIT)) for name, value in labels.items()}
    output = attrs.last_check_result.output if attrs.last_check_result else ""
    acked = ("icinga-acknowledged",) if attrs.acknowledgement else ()
    down = ("icinga-downtime",) if attrs.downtime_depth > 0 else ()
    annotations = {"summary": str(clean(output.partition("\n")[0], MESSAGE_LIMIT))}
    if attrs.notes_url.startswith(("http://", "https://")):
        annotations["runbook_url"] = str(clean(attrs.notes_url, MESSAGE_LIMIT))
    return RemoteAlert(
        fingerprint=fingerprint(labels),
        labels={**labels, "severity": severity},
        annotations=annotations,
        starts_at=last_good or attrs.last_state_change,
        muted_by=(*acked, *down),
        pending=attrs.state_type != _HARD,
    )
