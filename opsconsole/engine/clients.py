"""The configuration's HTTP clients and secrets, as runs use them: credentials are put in and masked here."""

import base64
import re
from collections.abc import Callable, Collection, Mapping
from typing import Final, Protocol

from opsconsole.actions.steps import HttpCall
from opsconsole.clock import Clock
from opsconsole.collect.credentials import Credentials
from opsconsole.errors import ActionError
from opsconsole.model.inventory import Host, HttpClient, Settings
from opsconsole.model.secret import Secret
from opsconsole.model.states import Reach
from opsconsole.model.text import clean
from opsconsole.runs.redaction import Redactor
from opsconsole.transport.base import Answer, Command, Ending, OnDispatch, Remote
from opsconsole.transport.http_answer import Endpoint, HttpAnswer, HttpFault

_SECRET_WITHIN: Final = 5.0
"""Seconds that a `command:` of `secrets:` may take."""
_CONSOLE: Final = Host("console", "localhost", transport="local")
_REACH: Final = {
    HttpFault.DNS: Reach.DNS, HttpFault.NO_ANSWER: Reach.NO_ANSWER, HttpFault.TIMEOUT: Reach.SILENT,
    HttpFault.BUSY: Reach.SLOW,
}  # fmt: skip
"""How far we got where nothing of a call was sent; else it was refused."""
_BASIC: Final = re.compile(r"Basic (.+)")


class Fetcher(Protocol):
    """The part of the HTTP client that is used here."""

    async def fetch(self, endpoint: Endpoint) -> HttpAnswer:
        """Ask once; every failure is an answer."""
        ...


class NamedClients:
    """Sends calls of runs through the clients that the configuration names, and fetches secrets for them."""

    def __init__(
        self, settings: Callable[[], Settings], web: Fetcher, remote: Remote, clock: Clock
    ) -> None:
        """Set up; `settings` gives those of the moment, so that a reload is followed."""
        self._settings = settings
        self._web = web
        self._remote = remote
        self.credentials: Final = Credentials(lambda: settings().secrets, clock, self._run)

    def why_not(self, client: str, method: str = "GET") -> str:
        """Say why a client cannot be used so; empty when it can."""
        found = self._settings().http.get(client)
        if found is None:
            return f"the configuration names no HTTP client {clean(client, 60)} under http:"
        if method not in found.methods and method != "GET":
            return f"{client} may not {method}: its methods: are {', '.join(found.methods)}"
        return ""

    @property
    def secrets(self) -> Collection[str]:
        """Names of the secrets there are."""
        return self._settings().secrets.keys()

    async def secret(self, name: str) -> str:
        """Fetch a secret's value.

        Raises:
            ActionError: It is not named, or cannot be had now.
        """
        if name not in self._settings().secrets:
            raise ActionError("secret", f"the configuration names no secret {clean(name, 60)}")
        value = await self.credentials.reveal(f"secret:{name}")
        if not value:
            raise ActionError("secret", f"{name} is empty, or cannot be read where it should be")
        return value

    async def send(
        self,
        call: HttpCall,
        *,
        key: str,
        timeout: float,
        max_output: int,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        """Send a call once; see `runs.ports.Clients`."""
        if why := self.why_not(call.client, call.method):
            return Answer(Ending.UNREACHABLE, reach=Reach.REFUSED, reason=why)
        client = self._settings().http[call.client]
        hidden = await self.credentials.of_source(client)
        endpoint = _endpoint(client, call, key, hidden, timeout, max_output)
        if on_dispatch is not None:
            await on_dispatch()
        answer = _read(await self._web.fetch(endpoint), call)
        return _redactor(hidden).answer(answer)

    async def _run(self, argv: tuple[str, ...]) -> str | None:
        answer = await self._remote.run(_CONSOLE, Command(argv=argv, timeout=_SECRET_WITHIN))
        if answer.ending is not Ending.EXITED or answer.code != 0:
            return None
        return answer.stdout.decode("utf-8", "replace")


def _endpoint(
    client: HttpClient,
    call: HttpCall,
    key: str,
    hidden: Mapping[str, Secret],
    timeout: float,
    max_output: int,
) -> Endpoint:
    pairs = "&".join(f"{name}={value}" for name, value in call.query)
    headers = {"accept": "application/json, */*;q=0.5"}
    if call.body:
        headers["content-type"] = "application/json"
    if key and call.method not in ("GET", "HEAD"):
        headers["idempotency-key"] = key
    return Endpoint(
        f"{client.url}{call.path}" + (f"?{pairs}" if pairs else ""),
        method=call.method,
        headers=headers,
        body=call.body,
        timeout=min(timeout, client.timeout),
        ca=client.ca,
        max_body=max_output,
        cert=client.cert,
        key=client.key,
        hidden=hidden,
    )


def _read(answer: HttpAnswer, call: HttpCall) -> Answer:
    """Say how the call ended: a status is an exit code; what was not seen to end is lost."""
    if answer.status is not None and answer.fault is None:
        return Answer(Ending.EXITED, answer.status, stdout=answer.body, took=answer.took)
    reason = f"{call.client}: {answer.reason or answer.fault or 'no answer'}"
    if not answer.sent:
        reach = _REACH.get(answer.fault or HttpFault.REFUSED, Reach.REFUSED)
        return Answer(Ending.UNREACHABLE, reach=reach, reason=reason, took=answer.took)
    if answer.fault is HttpFault.TIMEOUT:
        return Answer(Ending.TIMED_OUT, reason=reason, took=answer.took)
    if answer.fault is HttpFault.TOO_LARGE:
        return Answer(Ending.FLOODED, reason=reason, stdout=answer.body, took=answer.took)
    return Answer(Ending.LOST, reason=reason, took=answer.took)


def _redactor(hidden: Mapping[str, Secret]) -> Redactor:
    """A far side that says our credentials back is masked."""
    redactor = Redactor()
    for name, secret in hidden.items():
        value = secret.reveal()
        redactor.add(value.removeprefix("Bearer "))
        if name == "authorization" and (found := _BASIC.fullmatch(value)):
            user, _, password = base64.b64decode(found[1]).decode().partition(":")
            redactor.add(password if user else "")
    return redactor
