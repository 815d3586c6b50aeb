"""`ctx.ssh`, `ctx.local`: what an author says becomes one request a command."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, TypedDict, Unpack

from msgspec.structs import replace

from opsconsole.actions.argv import Given, build_argv, may_be_set
from opsconsole.actions.doors import Result
from opsconsole.actions.file_steps import get_request, put_back_request, put_request
from opsconsole.actions.retries import Retries, execute
from opsconsole.actions.secret import Secret, reveal
from opsconsole.actions.steps import Door, Request, Undo
from opsconsole.errors import ActionError
from opsconsole.model.states import Effect
from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.runs.output import LineCutter

_CWD: Final = 'cd -- "$1" || exit 126\nshift\nexec "$@"\n'


def _stdin(given: bytes | Secret) -> bytes:
    return reveal(given).encode() if isinstance(given, Secret) else given


def _named(step: str, argv: Sequence[str]) -> str:
    return clean(step or argv[0].rpartition("/")[2], NAME_LIMIT)


def _command(
    effect: Effect, argv: Sequence[str | int], step: str, cwd: str, env: Mapping[str, str] | None
) -> Request:
    try:
        built = build_argv(argv)
    except ValueError as error:
        raise ActionError(step or "command", str(error)) from None
    name = _named(step, built)
    for variable in env or {}:
        if not may_be_set(variable):
            raise ActionError(name, f"{variable[:60]!r} is not a name that may be set")
    request = Request(name, effect, built, env=dict(env or {}))
    if not cwd:
        return request
    return replace(request, argv=(), script=_CWD, args=(*build_argv(["cd", "--", cwd])[2:], *built))


class Told(TypedDict, total=False):
    """What a command takes beside its words; see `actions.doors.Ssh`."""

    step: str
    sudo: str | None
    stdin: bytes | Secret
    timeout: float | None
    ok: Sequence[int]
    cwd: str
    env: Mapping[str, str] | None
    retries: int
    show: bool
    max_output: int | None


class SshDoor:
    """`ctx.ssh`."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def read(self, argv: Sequence[str | int], **told: Unpack[Told]) -> Result:
        """Run a command that changes nothing; see `actions.doors.Ssh`."""
        return await self._run(Effect.READ, argv, **told)

    async def write(
        self,
        argv: Sequence[str | int],
        *,
        expect_disconnect: bool = False,
        **told: Unpack[Told],
    ) -> Result:
        """Run a command that changes something; see `actions.doors.Ssh`."""
        return await self._run(Effect.WRITE, argv, expect_disconnect=expect_disconnect, **told)

    async def _run(
        self,
        effect: Effect,
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
        show: bool | None = None,
        max_output: int | None = None,
    ) -> Result:
        """Run a command; one that changes something is shown unless it says otherwise."""
        request = replace(
            _command(effect, argv, step, cwd, env),
            stdin=_stdin(stdin),
            sudo=sudo,
            timeout=timeout,
            ok=tuple(ok),
            expect_disconnect=expect_disconnect,
            show=effect is not Effect.READ if show is None else show,
            max_output=max_output,
        )
        return await execute(self._door, request, Retries(retries))

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
        """Run a file of the plugin's `scripts/`; see `actions.doors.Ssh`."""
        content = self._door.action.files.get(f"scripts/{name}")
        if content is None:
            raise ActionError(step or name, f"the plugin has no scripts/{clean(name, 60)}")
        try:
            given = build_argv(["--", *args])[1:]
        except ValueError as error:
            raise ActionError(step or name, str(error)) from None
        shown = " ".join((f"scripts/{name}", *given))
        request = Request(
            _named(step, (name.partition(".")[0],)), Effect(effect), script=content.decode(),
            args=given, sudo=sudo, timeout=timeout, ok=tuple(ok), show=show, shown=shown,
        )  # fmt: skip
        return await self._door.execute(request)

    async def stream(
        self,
        argv: Sequence[str | int],
        *,
        step: str = "",
        sudo: str | None = None,
        timeout: float | None = None,
        ok: Sequence[int] = (0,),
        max_output: int | None = None,
    ) -> AsyncIterator[str]:
        """Run a reading command and give its lines as they come; what it may say in all is bounded."""
        lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        cutter = LineCutter()

        def hear(stream: str, chunk: bytes) -> None:
            for line in cutter.feed(chunk) if stream == "out" else ():
                lines.put_nowait(line)

        async def work() -> Result:
            try:
                return await self._door.execute(request)
            finally:
                for line in cutter.end():
                    lines.put_nowait(line)
                lines.put_nowait(None)

        request = replace(
            _command(Effect.READ, argv, step, "", None),
            sudo=sudo, timeout=timeout, ok=tuple(ok), max_output=max_output, hear=hear,
        )  # fmt: skip
        task = asyncio.create_task(work(), name=f"stream {request.step}")
        try:
            while (line := await lines.get()) is not None:
                yield Given(line.decode("utf-8", "replace"))
            _ = (await task).code  # of a plan: nobody knows its lines yet
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def get(self, path: str, *, step: str = "", sudo: str | None = None) -> bytes:
        """Read a file; see `actions.doors.Ssh`."""
        try:
            request = get_request(step or "get", path, sudo)
        except ValueError as error:
            raise ActionError(step or "get", f"{path[:80]!r} {error}") from None
        return (await self._door.execute(request)).data

    async def put(
        self,
        content: str | bytes | Secret,
        path: str,
        *,
        mode: str = "0644",
        step: str = "",
        sudo: str | None = None,
    ) -> Result:
        """Replace a file as a whole; see `actions.doors.Ssh`."""
        name = step or "put"
        if isinstance(content, Secret):
            content = reveal(content)
        data = content.encode() if isinstance(content, str) else content
        run_id = self._door.run_id
        try:
            request = put_request(name, data, path, mode, run_id, sudo)
        except ValueError as error:
            raise ActionError(name, f"{path[:80]!r} {error}") from None
        back = put_back_request(name, path, run_id, sudo)
        await self._door.push_undo(Undo(name, back.shown, lambda door: door.execute(back), (back,)))
        return await self._door.execute(request)


class LocalDoor:
    """`ctx.local`."""

    def __init__(self, door: Door) -> None:
        self._door = door

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
        """Run a command on the machine of the engine; see `actions.doors.Local`."""
        request = _command(Effect(effect), argv, step, "", None)
        return await self._door.execute(
            replace(
                request,
                stdin=_stdin(stdin),
                timeout=timeout,
                ok=tuple(ok),
                show=show,
                max_output=max_output,
                on_console=True,
            )
        )
