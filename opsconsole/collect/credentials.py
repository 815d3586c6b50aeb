"""Puts secrets into headers at the moment they are sent; files hold references only, never values."""

import base64
import os
import shlex
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from opsconsole.clock import Clock
from opsconsole.model.inventory import AlertSource, HttpClient
from opsconsole.model.secret import Secret

_MARK: Final = "secret:"
_LIMIT: Final = 16 * 1024
_KEPT: Final = 60.0
"""Seconds that what a command said is used again."""

Headers = Mapping[str, str]
RunProgram = Callable[[tuple[str, ...]], Awaitable[str | None]]
"""Runs a program of this machine and gives its output; None when it failed."""


AskPlugin = Callable[[str], Awaitable[str]]
"""Asks a plugin's secret provider, `<id>/<name>`; empty where it cannot be had."""


async def _no_plugins(_name: str) -> str:
    return ""


async def _no_programs(_argv: tuple[str, ...]) -> str | None:
    return None


class Credentials:
    """Knows where secrets are, and reads them anew each time: they may be changed while we run."""

    def __init__(
        self,
        secrets: Callable[[], Mapping[str, str]],
        clock: Clock,
        run: RunProgram = _no_programs,
        plugin: AskPlugin = _no_plugins,
    ) -> None:
        self._secrets = secrets
        self._clock = clock
        self._run = run
        self._plugin = plugin
        self._said: dict[str, tuple[float, str]] = {}

    async def reveal(self, value: str) -> str:
        """Replace `secret:NAME` at a value's end by the secret.

        Args:
            value: A header's value as configured: `Bearer secret:api` or plain text.

        Returns:
            The value to send; where a secret cannot be had its place stays empty, and the far side refuses us.
        """
        before, mark, name = value.partition(_MARK)
        if not mark:
            return value
        kind, _, where = self._secrets().get(name.strip(), "").partition(":")
        match kind:
            case "env":
                return before + os.environ.get(where, "")
            case "file":
                return before + _from_file(Path(where))
            case "plugin":
                return before + await self._plugin(where)
            case "command":
                return before + await self._from_command(where)
            case _:
                return before

    async def hidden(self, headers: Headers) -> Mapping[str, Secret]:
        """Give the headers to send, each hidden: which of them is a secret is for the file to say."""
        return {name: Secret(await self.reveal(value)) for name, value in headers.items()}

    async def of_source(self, source: AlertSource | HttpClient) -> Mapping[str, Secret]:
        """Give the headers of a source or a client, its basic or bearer authorization among them."""
        found = dict(await self.hidden(source.headers))
        if source.bearer:
            found["authorization"] = Secret("Bearer " + await self.reveal(source.bearer))
        elif source.user:
            pair = f"{source.user}:{await self.reveal(source.password)}"
            found["authorization"] = Secret("Basic " + base64.b64encode(pair.encode()).decode())
        return found

    async def _from_command(self, words: str) -> str:
        now = self._clock.monotonic()
        at, said = self._said.get(words, (0.0, ""))
        if said and now - at < _KEPT:
            return said
        try:
            argv = tuple(shlex.split(words))
        except ValueError:
            return ""
        said = (await self._run(argv) or "").strip() if argv else ""
        self._said[words] = (now, said)
        return said


def _from_file(path: Path) -> str:
    try:
        with path.expanduser().open(encoding="utf-8", errors="replace") as file:
            return file.read(_LIMIT).strip()
    except OSError:
        return ""
