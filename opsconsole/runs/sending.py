"""From a request to what is sent: what the action declared, the command or the call, and how people read it."""

import hashlib
from collections.abc import Callable
from typing import Final

from opsconsole.actions.steps import Request
from opsconsole.errors import ActionError
from opsconsole.model.action import ActionSpec
from opsconsole.model.inventory import Host
from opsconsole.model.states import Effect
from opsconsole.runs.commands import shown_argv
from opsconsole.runs.output import LineCutter
from opsconsole.runs.ports import Clients
from opsconsole.runs.redaction import Redactor
from opsconsole.transport.base import Answer, Command, OnDispatch

CONSOLE: Final = Host("console", "localhost", transport="local")
"""The jump host itself."""
Say = Callable[[str, str, str | bytes], None]
"""Told one line: step, stream, text."""


class Listener:
    """Cuts what a shown step says into lines of the run's output."""

    def __init__(self, request: Request, say: Say, redactor: Redactor) -> None:
        self._request = request
        self._say = say
        self._redactor = redactor
        self._cutters = {"out": LineCutter(), "err": LineCutter()}

    def hear(self, stream: str, chunk: bytes) -> None:
        if self._request.hear is not None:
            self._request.hear(stream, self._redactor.content(chunk))
        if self._request.show:
            self._tell(stream, self._cutters[stream].feed(chunk))

    def end(self) -> None:
        for stream, cutter in self._cutters.items():
            self._tell(stream, cutter.end())

    def _tell(self, stream: str, lines: list[bytes]) -> None:
        for line in lines:
            self._say(self._request.step, stream, self._redactor.content(line))


def idempotency_key(run: str, target: str, step: str) -> str:
    """Name one change for the far side: sent again, it is the same change."""
    return hashlib.sha256(f"{run}/{target}/{step}".encode()).hexdigest()[:32]


def why_undeclared(request: Request, spec: ActionSpec) -> str:
    """Say what a request does that its action never declared; empty when nothing."""
    if request.effect is not Effect.READ and spec.effect is Effect.READ:
        return "a reading action may not change anything"
    if request.http is not None:
        needs = [f"http:{request.http.client}"]
    else:
        needs = ["local" if request.on_console else "ssh"]
    if request.sudo:
        needs.append(f"sudo:{request.sudo}")
    missing = [need for need in needs if need not in spec.needs]
    return f"the action does not declare {missing[0]}" if missing else ""


async def send_call(
    clients: Clients | None,
    request: Request,
    command: Command,
    *,
    key: str,
    on_dispatch: OnDispatch | None = None,
) -> Answer:
    """Send an HTTP call within the limits that its command would have."""
    assert request.http is not None
    if clients is None:
        raise ActionError(request.step, "this engine has no HTTP clients")
    return await clients.send(
        request.http,
        key=key,
        timeout=command.timeout,
        max_output=command.max_output,
        on_dispatch=on_dispatch,
    )


def shown_words(request: Request, command: Command) -> tuple[str, ...]:
    """Show a request as the journal has it: a call's method, client, path and body, or the argument list."""
    if (call := request.http) is None:
        return shown_argv(command)
    return tuple(call.words.split(" ", 3))
