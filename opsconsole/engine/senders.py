"""The ways of telling: a program, a webhook, apprise, a plugin. Each within its time, each failure a sentence."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from opsconsole.collect.credentials import Credentials
from opsconsole.errors import TransportError
from opsconsole.model.event import Event
from opsconsole.model.inventory import Host
from opsconsole.model.oncall import Notifier
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.runs.contributions import Contributions
from opsconsole.transport.apprise import send as send_apprise
from opsconsole.transport.base import Command, Ending, Remote
from opsconsole.transport.http_answer import Endpoint, HttpAnswer

_HERE: Final = Host("console", "localhost", transport="local")
_OUTPUT: Final = 4_096


class Message(msgspec.Struct, frozen=True):
    """What is told: the document that programs and webhooks get."""

    schema: str = "opsconsole.notification/1"
    kind: str = ""
    """fired, escalated, resolved, blind, digest, test; approval, break-glass, run-waits, run-ended."""
    at: float = 0.0
    notifier: str = ""
    environment: str = ""
    title: str = ""
    """One line."""
    text: str = ""
    severity: str = ""
    name: str = ""
    on: str = ""
    episode: str = ""
    since: float = 0.0
    labels: Mapping[str, str] = {}
    runbook: str = ""
    runbook_url: str = ""
    to: str = ""
    """escalated: the person."""
    on_call: str = ""
    """Who is primary now."""
    count: int = 1
    """digest: how many it stands for."""
    missed: int = 0
    """How many before this one could not be delivered."""


class Fetcher(Protocol):
    """The part of the HTTP client that is used here."""

    async def fetch(self, endpoint: Endpoint) -> HttpAnswer:
        """Ask once; every failure is an answer."""
        ...


class Senders:
    """Sends one message by one notifier."""

    def __init__(
        self, remote: Remote, web: Fetcher, credentials: Credentials, plugins: Contributions
    ) -> None:
        self._remote = remote
        self._web = web
        self._credentials = credentials
        self._plugins = plugins

    async def send(self, notifier: Notifier, message: Message) -> str:
        """Send it; returns why it failed, without any secret, or nothing.

        Never longer than the notifier's time, and a little.
        """
        try:
            async with asyncio.timeout(notifier.timeout + 2.0):
                return await self._by_kind(notifier, message)
        except TimeoutError:
            return f"no end within {notifier.timeout:g} s"

    async def _by_kind(self, notifier: Notifier, message: Message) -> str:
        match notifier.kind:
            case "exec":
                return await self._program(notifier, message)
            case "webhook":
                return await self._webhook(notifier, message)
            case "apprise":
                return await self._apprise(notifier, message)
            case _:
                return await self._plugin(notifier, message)

    async def _program(self, notifier: Notifier, message: Message) -> str:
        command = Command(
            argv=notifier.argv,
            stdin=msgspec.json.encode(message) + b"\n",
            timeout=notifier.timeout,
            max_output=_OUTPUT,
            bare=True,
        )
        answer = await self._remote.run(_HERE, command)
        if answer.ending is not Ending.EXITED:
            return clean(answer.reason or str(answer.ending), LABEL_LIMIT)
        if answer.code == 0:
            return ""
        said = clean(answer.stderr.decode("utf-8", "replace").strip()[:200], LABEL_LIMIT)
        return f"exit {answer.code}" + (f": {said}" if said else "")

    async def _webhook(self, notifier: Notifier, message: Message) -> str:
        url = await self._credentials.reveal(notifier.url)
        if not url:
            return "its address cannot be read where it should be"
        endpoint = Endpoint(
            url,
            method="POST",
            headers={"content-type": "application/json"},
            body=msgspec.json.encode(message),
            timeout=notifier.timeout,
            ca=notifier.ca,
            max_body=_OUTPUT,
            hidden=await self._credentials.hidden(notifier.headers),
        )
        answer = await self._web.fetch(endpoint)
        if answer.status is None:
            reason = answer.reason or str(answer.fault or "no answer")
            return clean(reason.replace(url, "its address"), LABEL_LIMIT)
        return "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"

    async def _apprise(self, notifier: Notifier, message: Message) -> str:
        url = await self._credentials.reveal(notifier.url)
        if not url:
            return "its address cannot be read where it should be"
        try:
            await send_apprise(url, message.title, message.text or message.title)
        except TransportError as error:
            return clean(str(error), LABEL_LIMIT)
        return ""

    async def _plugin(self, notifier: Notifier, message: Message) -> str:
        spec = self._plugins.find("notifier", notifier.plugin)
        if spec is None:
            return f"no plugin has a notifier {notifier.plugin}"
        event = Event(
            0, message.at, "engine", message.kind, message.on, message.title, message.severity,
            {"episode": message.episode, "alert": message.name, "to": message.to},
        )  # fmt: skip
        return (await self._plugins.call(spec, given=(event,))).error
