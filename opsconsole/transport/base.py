"""The contract between those who ask hosts and the libraries that reach them.

Nothing outside this room sees a raw SSH result: an Answer says which of six ways a command ended, and its
exit code cannot be read unless there was one.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from opsconsole.errors import OutcomeUnknownError
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach

OUTPUT_LIMIT = 256 * 1024
"""Bytes of one answer that are kept, both streams together, unless a command asks for less."""


class Ending(StrEnum):
    """How one command ended, as far as we saw."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    UNREACHABLE = "unreachable"
    """Failed before the request was confirmed: nothing ran, and a retry is allowed."""
    TIMED_OUT = "timed-out"
    """The remote `timeout` ended it (exit 124 or 137 of our wrapper), observed."""
    FLOODED = "flooded"
    """Passed the byte cap; we hung up, and it was ended by a broken pipe or `timeout`."""
    LOST = "lost"
    """Dispatched, and its end was not observed: never success, never failure."""


class Spool(Struct, frozen=True):
    """Where the host keeps how one step ended: `~/.opsc/<run>/<step>/`."""

    run: str
    step: str
    """Names this one dispatch; letters, digits, `._-`."""


class Command(Struct, frozen=True):
    """What to run: an argument list, or a constant script with arguments; never a command line."""

    argv: tuple[str, ...] = ()
    script: str = ""
    """A constant sh body; `args` arrive as $1, $2, ...; exactly one of argv and script is set."""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    """Names `[A-Z][A-Z0-9_]*`; LD_*, PATH, IFS, BASH_ENV and ENV are refused."""
    stdin: bytes = b""
    """End of file follows it at once."""
    timeout: float = 10.0
    """Seconds, enforced remotely by `timeout -k 2`, and here a little later."""
    max_output: int = OUTPUT_LIMIT
    bare: bool = False
    """On this very machine: True gives it a small fixed environment, not the engine's, which may hold secrets."""
    spool: Spool | None = None
    """Set: it is started once, and the host keeps how it ended; a lost channel is taken up again."""


class Answer(Struct, frozen=True):
    """What one command did, as far as it was observed."""

    ending: Ending
    status: int | None = None
    """Use `code`; this is None unless EXITED."""
    signal: str = ""
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False
    took: float = 0.0
    reach: Reach = Reach.UP
    reason: str = ""
    """A sentence for people; empty when EXITED."""
    note: str = ""
    """What the host lacks, when it could not be asked as it should: no `timeout` to end a stuck command."""
    evidence: str = ""
    """How an end was learned that the channel did not show: from the host's spool."""
    pid: int = 0
    """Its supervisor's process there, where it has a spool."""
    boot: str = ""
    """The host's boot id when it was started, where it has a spool."""

    @property
    def code(self) -> int:
        """The exit code.

        Raises:
            OutcomeUnknownError: There is none to speak of.
        """
        if self.ending is not Ending.EXITED or self.status is None:
            raise OutcomeUnknownError("command", self.reason or self.ending)
        return self.status


OnOutput = Callable[[str, bytes], None]
"""Told each chunk as it comes: stream name (`out` or `err`) and bytes; must not block."""

OnDispatch = Callable[[], Awaitable[None]]
"""Awaited after the channel is open and before the first byte of the command leaves."""


class Remote(Protocol):
    """How hosts are asked: SSH, or this machine itself."""

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        """Run one command and wait for its end, within its timeout; every failure is an Answer."""
        ...

    async def ask(
        self, host: Host, script: str, env: Mapping[str, str], *, timeout: float, max_output: int
    ) -> bytes:
        """Ask the host's resident loop of `script` for one more round and return what it wrote.

        The loop reads one line a round (a fresh nonce) and must end its answer with the line `\\x1e<nonce> end`.
        It is started when it does not run; at most one round is under way for a host and script.

        Raises:
            TransportError: The host could not be asked; `reach` says how far we got.
        """
        ...

    async def scan(self, host: Host) -> HostKey:
        """Fetch the host's key without logging in.

        Raises:
            TransportError: It could not be reached.
        """
        ...

    def retry(self, host: Host) -> None:
        """A person asks to try again: forget refused logins and back-off."""
        ...

    async def forget(self, host: Host) -> None:
        """Close what is open to the host."""
        ...

    async def close(self) -> None:
        """Close everything."""
        ...
