"""A source that tells instead of being asked: an Alertmanager's webhook, on loopback or a unix socket."""

import asyncio
import hmac
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from opsconsole.clock import Clock
from opsconsole.collect.credentials import Credentials
from opsconsole.collect.hook_list import read_message
from opsconsole.collect.sink import Sink
from opsconsole.errors import ParseError, RefusedError
from opsconsole.model.inventory import AlertSource
from opsconsole.model.sample import FORGOTTEN, SourceReading
from opsconsole.model.states import ServiceState
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.transport.http_receiver import HttpReceiver, Told

_HEARTBEAT: Final = "/heartbeat/"


class WebhookProbe:
    """Listens from its first poll on; each poll after it says that it still does."""

    def __init__(
        self,
        source: AlertSource,
        *,
        credentials: Credentials,
        hear: Callable[[str], None],
        sink: Sink,
        clock: Clock,
    ) -> None:
        self._source = source
        self._credentials = credentials
        self._hear = hear
        self._sink = sink
        self._clock = clock
        self._receiver: HttpReceiver | None = None
        self._open: dict[str, float] = {}
        """When each was told last, by fingerprint."""
        self._note = ""
        self._closed = asyncio.Event()

    @property
    def name(self) -> str:
        """The probe's name."""
        return f"feed:{self._source.name}"

    @property
    def port(self) -> int:
        """Where it listens; 0 when it does not, or on a unix socket."""
        return self._receiver.port if self._receiver else 0

    async def poll(self) -> float | None:
        """Listen if it does not yet, and say how it is."""
        try:
            await self._listen()
        except OSError as error:
            why = f"cannot listen on {self._source.listen}: {error.strerror or error}"
            self._sink.put_reading(self._reading(ServiceState.UNKNOWN, why, members_up=0))
        else:
            self._sink.put_reading(self._reading(ServiceState.UP, self._note))
        return None

    async def _listen(self) -> None:
        """Begin to listen, once.

        Raises:
            OSError: It cannot.
        """
        if self._receiver is not None or self._closed.is_set():
            return
        self._receiver = HttpReceiver(self._source.listen, self._take)
        try:
            await self._receiver.start()
        except OSError:
            self._receiver = None
            raise
        if self._closed.is_set():  # the source went while we waited
            await self.close()

    def crashed(self, error: Exception) -> None:
        """Put an unknown reading; what was told before stays."""
        text = f"opsconsole failed: {type(error).__name__}"
        self._sink.put_reading(self._reading(ServiceState.UNKNOWN, text, members_up=0))

    async def close(self) -> None:
        """Stop listening, for good."""
        self._closed.set()
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            await receiver.close()

    async def _take(self, told: Told) -> tuple[int, str]:
        if not await self._is_allowed(told):
            return 401, "the bearer token is wrong"
        path = told.path.partition("?")[0]
        if path.startswith(_HEARTBEAT):
            return self._beat(unquote(path.removeprefix(_HEARTBEAT)))
        try:
            message = read_message(told.body, self._source.drop_labels)
        except ParseError as error:
            return 400, str(clean(str(error), LABEL_LIMIT))
        now = self._clock.now()
        for each in message.ended:
            self._open.pop(each, None)
        self._open = {each: at for each, at in self._open.items() if now - at <= FORGOTTEN}
        room = self._source.max_alerts - len(self._open)
        new = [a for a in message.firing if a.fingerprint not in self._open]
        over = {alert.fingerprint for alert in new[max(0, room) :]}
        firing = tuple(a for a in message.firing if a.fingerprint not in over)
        self._open.update((alert.fingerprint, now) for alert in firing)
        left_out = len(over) + message.left_out
        self._note = f"{left_out} alerts of the last message are not taken in" if left_out else ""
        reading = self._reading(ServiceState.UP, self._note, alerts=firing, ended=message.ended)
        self._sink.put_reading(reading)
        return 200, f"{len(firing)} firing, {len(message.ended)} resolved"

    def _beat(self, name: str) -> tuple[int, str]:
        try:
            self._hear(name)
        except RefusedError as error:
            return 404, str(clean(str(error), LABEL_LIMIT))
        return 200, "heard"

    async def _is_allowed(self, told: Told) -> bool:
        if not self._source.bearer:
            return True
        wanted = await self._credentials.reveal(self._source.bearer)
        said = told.headers.get("authorization", "").removeprefix("Bearer ")
        return bool(wanted) and hmac.compare_digest(said.encode(), wanted.encode())

    def _reading(
        self, state: ServiceState, reason: str, members_up: int = 1, **fields: tuple[object, ...]
    ) -> SourceReading:
        return SourceReading(
            self._source.name, self._clock.now(), 0.0, state, reason, members_up=members_up,
            members=1, pushed=True, **fields,  # type: ignore[arg-type]
        )  # fmt: skip
