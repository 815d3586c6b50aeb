"""Reads an Alertmanager cluster (API v2): every member is asked, and what they say becomes one list."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from msgspec import Struct, structs

from opsconsole.clock import Clock
from opsconsole.collect.alert_list import AlertReader, Status, read_status
from opsconsole.collect.asker import Asker
from opsconsole.collect.credentials import Credentials
from opsconsole.collect.sink import Sink
from opsconsole.errors import ParseError
from opsconsole.model.inventory import AlertSource
from opsconsole.model.sample import RemoteAlert, SourceReading
from opsconsole.model.states import ServiceState
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.transport.http import Endpoint, HttpAnswer, HttpFault

BODY_LIMIT: Final = 48 << 20
"""Bytes; 10,000 alerts are 7 MB, never compressed."""
_BIG: Final = 1 << 20
"""A body of this size is read in a thread: it would hold the loop for more than 5 ms."""


class _Member(Struct, frozen=True):
    """What one member said; `reason` says why there is nothing."""

    url: str
    digest: bytes = b""
    started_at: float = 0.0
    clock: float = 0.0
    """Its own clock when it answered; 0: not told."""
    peers: int | None = None
    alerts: tuple[RemoteAlert, ...] = ()
    reason: str = ""
    refused: bool = False

    @property
    def is_up(self) -> bool:
        return not self.reason


class SourceProbe:
    """One alert source, polled; never clears anything because it could not look."""

    def __init__(
        self,
        source: AlertSource,
        timeout: float,
        *,
        http: Asker,
        credentials: Credentials,
        sink: Sink,
        clock: Clock,
    ) -> None:
        self._source = source
        self._timeout = timeout
        self._http = http
        self._credentials = credentials
        self._sink = sink
        self._clock = clock
        self._reader = AlertReader(source.drop_labels)
        self._members: Mapping[str, _Member] = {}
        self._told: tuple[RemoteAlert, ...] | None = None

    @property
    def name(self) -> str:
        """The probe's name."""
        return f"feed:{self._source.name}"

    async def poll(self) -> float | None:
        """Ask every member once; put one reading in every case."""
        began = self._clock.monotonic()
        async with asyncio.TaskGroup() as group:
            asked = [
                group.create_task(self._ask(url), name=f"alertmanager {url}")
                for url in self._source.urls
            ]
        members = [task.result() for task in asked]
        self._put(members, self._clock.monotonic() - began)
        return None

    def crashed(self, error: Exception) -> None:
        """Put an unknown reading; what was told before stays."""
        late = isinstance(error, TimeoutError)
        reason = "no answer in time" if late else f"opsconsole failed: {type(error).__name__}"
        self._put([_Member(url, reason=reason) for url in self._source.urls], 0.0)

    async def _ask(self, url: str) -> _Member:
        base = url.rstrip("/")
        async with asyncio.TaskGroup() as group:
            status = group.create_task(self._get(f"{base}/api/v2/status"), name="status")
            alerts = group.create_task(self._get(f"{base}/api/v2/alerts"), name="alerts")
        for answer in (alerts.result(), status.result()):
            if problem := _problem(answer):
                refused = answer.fault is HttpFault.REFUSED
                return _Member(url, reason=problem, refused=refused)
        try:
            return await self._read(url, read_status(status.result().body), alerts.result())
        except ParseError as error:
            return _Member(url, reason=f"bad reply: {error}")

    async def _get(self, url: str) -> HttpAnswer:
        source = self._source
        return await self._http.fetch(
            Endpoint(
                url, timeout=self._timeout, ca=source.ca, cert=source.cert, key=source.key,
                max_body=BODY_LIMIT, hidden=await self._credentials.of_source(source), gzip=True,
            )
        )  # fmt: skip

    async def _read(self, url: str, status: Status, answer: HttpAnswer) -> _Member:
        """Read the list, unless it is the same bytes as last time."""
        body = answer.body
        digest = hashlib.blake2b(body, digest_size=16).digest()
        before = self._members.get(url)
        if before is not None and before.digest == digest:
            alerts = before.alerts
        elif len(body) >= _BIG:
            alerts = await asyncio.to_thread(self._reader.read, body)
        else:
            alerts = self._reader.read(body)
        clock = _clock_of(answer)
        return _Member(url, digest, status.started_at, clock, status.peers, alerts)

    def _put(self, members: Iterable[_Member], took: float) -> None:
        members = tuple(members)
        up = [member for member in members if member.is_up]
        state, reason = _verdict(members)
        reading = SourceReading(
            self._source.name, self._clock.now(), took, state, clean(reason, LABEL_LIMIT),
            members_up=len(up), members=len(members),
            started_at=max((member.started_at for member in up), default=0.0),
            remote_now=max((member.clock for member in up), default=0.0),
        )  # fmt: skip
        if up:
            reading = self._with_alerts(reading, up)
        self._members = {**self._members, **{member.url: member for member in up}}
        self._sink.put_reading(reading)

    def _with_alerts(self, reading: SourceReading, up: list[_Member]) -> SourceReading:
        merged = merge(member.alerts for member in up)
        if merged == self._told:
            return structs.replace(reading, unchanged=True)
        self._told = merged
        return structs.replace(reading, alerts=merged)


def merge(lists: Iterable[tuple[RemoteAlert, ...]]) -> tuple[RemoteAlert, ...]:
    """Join the members' lists by fingerprint: the earliest start, and every reason to be quiet."""
    found: dict[str, RemoteAlert] = {}
    for alert in (alert for alerts in lists for alert in alerts):
        other = found.get(alert.fingerprint)
        found[alert.fingerprint] = alert if other is None else _joined(other, alert)
    return tuple(found.values())


def _joined(one: RemoteAlert, two: RemoteAlert) -> RemoteAlert:
    return structs.replace(
        one,
        starts_at=min(one.starts_at, two.starts_at),
        silenced_by=_union(one.silenced_by, two.silenced_by),
        inhibited_by=_union(one.inhibited_by, two.inhibited_by),
        muted_by=_union(one.muted_by, two.muted_by),
        receivers=_union(one.receivers, two.receivers),
    )


def _union(one: tuple[str, ...], two: tuple[str, ...]) -> tuple[str, ...]:
    return one if one == two else tuple(dict.fromkeys((*one, *two)))


def _problem(answer: HttpAnswer) -> str:
    """Say why a reply is of no use; empty when it is."""
    if answer.fault is not None:
        return answer.reason or str(answer.fault)
    if answer.status != 200:  # an error body has one of three shapes; its first bytes say enough
        said = clean(answer.body[:200].strip())
        return f"status {answer.status} {said}".strip()
    return ""


def _clock_of(answer: HttpAnswer) -> float:
    """Read the `Date` header (RFC 9110, 6.6.1) as epoch seconds; 0 where there is none."""
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return 0.0


def _verdict(members: tuple[_Member, ...]) -> tuple[ServiceState, str]:
    """Tell how much of the cluster answered, and what is wrong with the rest."""
    down = [member for member in members if not member.is_up]
    if not down:
        return ServiceState.UP, _split(members)
    first = down[0].reason
    if len(down) < len(members):
        up = len(members) - len(down)
        return ServiceState.DEGRADED, f"{up}/{len(members)} members; {down[0].url}: {first}"
    state = ServiceState.DOWN if all(member.refused for member in down) else ServiceState.UNKNOWN
    return state, first if len(members) == 1 else f"0/{len(members)} members; {first}"


def _split(members: tuple[_Member, ...]) -> str:
    """Say so when members do not see each other: silences made on one do not reach the others."""
    lonely = [m.url for m in members if m.peers is not None and m.peers < len(members)]
    return f"split: {lonely[0]} does not see all {len(members)} members" if lonely else ""
