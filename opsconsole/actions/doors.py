"""The doors that `Ctx` holds: commands on the target, named HTTP clients, the jump host, a cache."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from opsconsole.actions.secret import Secret


class Result(Protocol):
    """What one command or call did; it ended, and its exit code or HTTP status was among the allowed ones."""

    @property
    def code(self) -> int:
        """The exit code, or the HTTP status."""
        ...

    @property
    def text(self) -> str:
        """Standard output or body, decoded, without its last newline. It is data: hostile until cleaned."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """`text` by lines; empty for no output."""
        ...

    @property
    def data(self) -> bytes:
        """Standard output or body as it came."""
        ...

    def json(self) -> object:
        """Read `text` as JSON.

        Raises:
            ActionError: It is none.
        """
        ...

    @property
    def stderr(self) -> str:
        """Standard error, decoded."""
        ...

    @property
    def took(self) -> float:
        """Seconds."""
        ...


class Ssh(Protocol):
    """Commands on the target. An argument list always: a str is a TypeError."""

    async def read(
        self,
        argv: Sequence[str | int],
        *,
        step: str = "",
        sudo: str | None = None,
        stdin: bytes | Secret = b"",
        timeout: float | None = None,
        ok: Sequence[int] = (0,),
        cwd: str = "",
        env: Mapping[str, str] | None = None,
        retries: int = 0,
        show: bool = False,
        max_output: int | None = None,
    ) -> Result:
        """Run a command that changes nothing.

        Args:
            argv: Program and arguments.
            step: Its name in the journal; by default the program's.
            sudo: A declared sudo profile; None runs it as the login user.
            stdin: Fed to it; end of file follows.
            timeout: Seconds; never beyond the action's own.
            ok: Exit codes that are no failure.
            cwd: The folder it runs in; absolute.
            env: Variables, `[A-Z][A-Z0-9_]*`; not together with sudo, which drops them.
            retries: How often it is tried again after a bad exit or an unreachable host.
            show: Put its output into the run's output as it comes.
            max_output: Bytes kept.

        Raises:
            ActionError: It ended badly, and that was seen.
            OutcomeUnknownError: Its end was not seen.
            TransportError: It was never started.
        """
        ...

    async def write(
        self,
        argv: Sequence[str | int],
        *,
        step: str = "",
        sudo: str | None = None,
        stdin: bytes | Secret = b"",
        timeout: float | None = None,
        ok: Sequence[int] = (0,),
        cwd: str = "",
        env: Mapping[str, str] | None = None,
        retries: int = 0,
        expect_disconnect: bool = False,
        show: bool = True,
        max_output: int | None = None,
    ) -> Result:
        """Run a command that changes something: journaled before its first byte leaves. See `read`.

        Args:
            retries: Only an idempotent action may say more than 0.
            expect_disconnect: It ends the connection (a reboot); its outcome is the host coming back.
        """
        ...

    async def script(
        self,
        name: str,
        args: Sequence[str | int] = (),
        *,
        effect: str = "write",
        step: str = "",
        sudo: str | None = None,
        timeout: float | None = None,
        ok: Sequence[int] = (0,),
        show: bool = True,
    ) -> Result:
        """Run a file of the plugin's `scripts/` with sh; its content is part of the action's digest."""
        ...

    def stream(
        self,
        argv: Sequence[str | int],
        *,
        step: str = "",
        sudo: str | None = None,
        timeout: float | None = None,
        ok: Sequence[int] = (0,),
        max_output: int | None = None,
    ) -> AsyncIterator[str]:
        """Run a reading command and give its lines as they come; leaving the loop ends it."""
        ...

    async def get(self, path: str, *, step: str = "", sudo: str | None = None) -> bytes:
        """Read a file, 8 MiB at most."""
        ...

    async def put(
        self,
        content: str | bytes | Secret,
        path: str,
        *,
        mode: str = "0644",
        step: str = "",
        sudo: str | None = None,
    ) -> Result:
        """Replace a file as a whole (written beside it, synced, renamed); the prior one is kept for undo."""
        ...


class HttpClient(Protocol):
    """One client of the configuration's `http:`: base URL, credentials and TLS are its own.

    A path is `"/pools"` as the author wrote it, or segments `["pools", name]`, each made safe.
    """

    async def get(
        self,
        path: str | Sequence[str | int],
        *,
        query: Mapping[str, str | int] | None = None,
        step: str = "",
        ok: Sequence[int] = (),
        timeout: float | None = None,
        show: bool = False,
    ) -> Result:
        """Ask; also done while planning. `ok` is every 2xx by default."""
        ...

    async def post(
        self,
        path: str | Sequence[str | int],
        *,
        json: object = None,
        query: Mapping[str, str | int] | None = None,
        step: str = "",
        ok: Sequence[int] = (),
        timeout: float | None = None,
        show: bool = False,
    ) -> Result:
        """Change something: journaled before it leaves, with an Idempotency-Key; never sent twice by itself."""
        ...

    async def put(
        self,
        path: str | Sequence[str | int],
        *,
        json: object = None,
        query: Mapping[str, str | int] | None = None,
        step: str = "",
        ok: Sequence[int] = (),
        timeout: float | None = None,
        show: bool = False,
    ) -> Result:
        """Change something; see `post`."""
        ...

    async def patch(
        self,
        path: str | Sequence[str | int],
        *,
        json: object = None,
        query: Mapping[str, str | int] | None = None,
        step: str = "",
        ok: Sequence[int] = (),
        timeout: float | None = None,
        show: bool = False,
    ) -> Result:
        """Change something; see `post`."""
        ...

    async def delete(
        self,
        path: str | Sequence[str | int],
        *,
        query: Mapping[str, str | int] | None = None,
        step: str = "",
        ok: Sequence[int] = (),
        timeout: float | None = None,
        show: bool = False,
    ) -> Result:
        """Change something; see `post`."""
        ...


class Http(Protocol):
    """Named clients: `ctx.http.lb`, `ctx.http["lb-eu"]`; each must be in `needs`."""

    def __getattr__(self, name: str) -> HttpClient: ...

    def __getitem__(self, name: str) -> HttpClient: ...


class Local(Protocol):
    """The jump host, as the engine's user; needs `local`."""

    async def run(
        self,
        argv: Sequence[str | int],
        *,
        effect: str = "write",
        step: str = "",
        stdin: bytes | Secret = b"",
        timeout: float | None = None,
        ok: Sequence[int] = (0,),
        show: bool = False,
        max_output: int | None = None,
    ) -> Result:
        """Run a command on the machine of the engine; `effect="read"` for one that changes nothing."""
        ...


class Cache(Protocol):
    """What a plugin keeps between runs: JSON, 1 MiB in all."""

    async def get(self, key: str) -> object:
        """Give a value; None: there is none."""
        ...

    async def put(self, key: str, value: object) -> None:
        """Keep a value; None forgets it.

        Raises:
            ActionError: It is no JSON, or more than fits.
        """
        ...
