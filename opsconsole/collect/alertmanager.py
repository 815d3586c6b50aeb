"""Asks a member of an Alertmanager cluster (API v2) for its alerts and its state."""

import asyncio

from msgspec import Struct

from opsconsole.collect.alert_list import AlertReader, read_status
from opsconsole.collect.member import Member, clock_of, failed, problem
from opsconsole.collect.source_asker import SourceAsker, digest_of
from opsconsole.collect.source_probe import BIG
from opsconsole.errors import ParseError
from opsconsole.model.sample import RemoteAlert
from opsconsole.transport.http_answer import HttpAnswer


class _Known(Struct, frozen=True):
    """The last list of a member."""

    digest: bytes
    alerts: tuple[RemoteAlert, ...]


class AlertmanagerReader:
    """Reads `/api/v2/alerts` and `/api/v2/status`; a body that is the same is not read again."""

    def __init__(self, asker: SourceAsker, reader: AlertReader | None = None) -> None:
        self._asker = asker
        self._reader = reader or AlertReader(asker.source.drop_labels)
        self._known: dict[str, _Known] = {}

    async def ask(self, url: str) -> Member:
        """Ask one member."""
        async with asyncio.TaskGroup() as group:
            status = group.create_task(self._asker.get(url, "/api/v2/status"), name="status")
            alerts = group.create_task(self._asker.get(url, "/api/v2/alerts"), name="alerts")
        for answer in (alerts.result(), status.result()):
            if why := problem(answer):
                return failed(url, answer, why)
        try:
            said = read_status(status.result().body)
            found = await self._read(url, alerts.result())
        except ParseError as error:
            return Member(url, reason=f"bad reply: {error}")
        size = len(alerts.result().body)
        return Member(url, said.started_at, clock_of(alerts.result()), said.peers, found, size=size)

    async def _read(self, url: str, answer: HttpAnswer) -> tuple[RemoteAlert, ...]:
        """Read the list, unless it is the same bytes as last time."""
        body = answer.body
        digest = digest_of(body)
        before = self._known.get(url)
        if before is not None and before.digest == digest:
            return before.alerts
        if len(body) >= BIG:
            alerts = await asyncio.to_thread(self._reader.read, body)
        else:
            alerts = self._reader.read(body)
        self._known[url] = _Known(digest, alerts)
        return alerts
