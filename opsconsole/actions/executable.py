"""An action in any language: what its process wishes is done through the same door as everybody's."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from opsconsole.actions.api import Outcome, Result, Service
from opsconsole.actions.argv import Given, build_argv
from opsconsole.actions.conversation import converse
from opsconsole.actions.params import Values
from opsconsole.actions.program import Program
from opsconsole.actions.protocol import (
    Call,
    Invoke,
    LogLine,
    OutcomeLine,
    Progress,
    ProtocolError,
    fit_text,
)
from opsconsole.actions.secret import reveal
from opsconsole.actions.steps import Door, Request, Target
from opsconsole.errors import ActionError, OpsConsoleError, OutcomeUnknownError, TransportError
from opsconsole.model.action import ActionSpec
from opsconsole.model.states import Effect
from opsconsole.model.text import NAME_LIMIT, clean

_ID: Final = 1
_GOOD: Final = ("changed", "unchanged", "done")
_STATES: Final = (*_GOOD, "failed", "cannot-tell")
"""done: judge by what was written; cannot-tell: the plan ends at the call that `from` names."""
_WAIT_LIMIT: Final = 600.0
Answer = Mapping[str, object]
T = TypeVar("T")


class ExecutableImpl:
    """Starts the process for one target, and serves it."""

    def __init__(self, program: Program, spec: ActionSpec, *, has_rollback: bool = False) -> None:
        self._program = program
        self._spec = spec
        self.has_rollback = has_rollback

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Run it."""
        return await self._invoke(door, target, values, "plan" if door.planning else "run")

    async def rollback(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Start it again to take back what it did."""
        return await self._invoke(door, target, values, "rollback")

    async def _invoke(
        self, door: Door, target: Target, values: Values, mode: str
    ) -> Outcome | None:
        desk = Desk(door, values)
        invoke = Invoke(
            _ID,
            self._spec.id,
            mode,
            describe(target),
            {name: parsed.value for name, parsed in values.items()},
            door.run_id,
            int(self._spec.timeout * 1000),
        )
        line = await converse(self._program, invoke, desk.serve, desk.hear)
        return desk.close(line)


def describe(target: Target) -> Mapping[str, object]:
    """Say what a plugin is told of its target."""
    found: dict[str, object] = {"name": target.name, "labels": target.labels}
    if isinstance(target, Service):
        return {**found, "kind": "service", "hosts": [host.name for host in target.hosts]}
    return {**found, "kind": "host", "address": target.address, "facts": target.facts}


class SshCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `ssh.read` and `ssh.write` take."""

    argv: list[str | int | dict[str, str]]
    """A `{"param": name}` is filled with that parameter's value: the plugin need not know it."""
    step: str = ""
    sudo: str | None = None
    stdin: str = ""
    timeout: float | None = None
    ok: tuple[int, ...] = (0,)
    show: bool | None = None
    max_output: int | None = None
    may_fail: bool = False
    """A bad end of it is no failure of the action."""


class LocalCall(SshCall, frozen=True, forbid_unknown_fields=True):
    """What `local.run` takes."""

    effect: str = "write"


class HttpWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `http.<client>.<verb>` takes."""

    path: str
    query: dict[str, str] | None = None
    json: object = None
    step: str = ""
    ok: tuple[int, ...] = ()
    timeout: float | None = None
    may_fail: bool = False


class Desk:
    """Serves one process's calls, and judges its outcome by what it asked for."""

    def __init__(self, door: Door, values: Values) -> None:
        self._door = door
        self._values = values
        self._answers: dict[str | int, Result] = {}
        self._errors: dict[str | int, OpsConsoleError] = {}
        self._failed: OpsConsoleError | None = None
        self._planned = False
        self._calls: Mapping[str, Callable[[Call], Awaitable[Answer]]] = {
            "ssh.read": self._ssh,
            "ssh.write": self._ssh,
            "wait": self._wait,
            "table": self._table,
            "local.run": self._local,
            "secret.get": self._secret,
        }

    async def serve(self, call: Call) -> Answer:
        """Answer a call."""
        found = self._http if call.m.startswith("http.") else self._calls.get(call.m)
        if found is None:
            raise ProtocolError(f"called {clean(call.m, 60)!r}, which there is not")
        if self._failed is not None:  # as in Python, where nothing runs after what was raised
            return {"state": "refused", "reason": clean(str(self._failed), 400)}
        return await found(call)

    def hear(self, line: Progress | LogLine) -> None:
        """Pass a line on to people."""
        if isinstance(line, Progress):
            self._door.progress(line.done, line.total, clean(line.note, 400))
        elif line.level in ("warning", "error"):
            self._door.log.warning(clean(line.text, 4_000))
        else:
            self._door.log.info(clean(line.text, 4_000))

    def close(self, line: OutcomeLine) -> Outcome | None:
        """Make the outcome of the last line; a call that failed and that nobody expected to is the truth.

        Raises:
            OpsConsoleError: What that call ended in.
            ProtocolError: There is no such outcome.
        """
        if line.state not in _STATES:
            raise ProtocolError(
                f"an outcome is {', '.join(_STATES)}, not {clean(line.state, 40)!r}"
            )
        if self._failed is not None and line.state in _GOOD:
            raise self._failed
        if line.state == "failed" and line.shows in self._errors:
            raise self._errors[line.shows]
        if line.state == "cannot-tell":
            self._look_at(line.shows)
        if self._door.planning and self._planned:
            return None
        shown = self._answers.get(line.shows)
        if shown is not None:
            self._door.table([[text] for text in shown.lines])
        return None if line.state == "done" else Outcome(line.state, clean(line.summary, 400))

    def _look_at(self, call: str | int) -> None:
        """Look at an answer that was only planned: that ends the plan, as it does in Python."""
        if call not in self._answers:
            raise ProtocolError("cannot-tell names no call of a plan in from")
        _ = self._answers[call].code

    async def _ssh(self, call: Call) -> Answer:
        told = _read(call, SshCall)
        request = self._request(told, Effect.WRITE if call.m == "ssh.write" else Effect.READ)
        return await self._settled(call, self._door.execute(request), may_fail=told.may_fail)

    async def _local(self, call: Call) -> Answer:
        """Run a command on the jump host: one that writes, unless it says otherwise."""
        told = _read(call, LocalCall)
        request = self._request(told, Effect.READ if told.effect == "read" else Effect.WRITE)
        done = self._door.execute(replace(request, on_console=True))
        return await self._settled(call, done, may_fail=told.may_fail)

    async def _http(self, call: Call) -> Answer:
        """Ask a named client: `http.<client>.get`; anything but get is a change."""
        told = _read(call, HttpWish)
        _, client, verb = [*call.m.split("."), "", ""][:3]
        if verb not in ("get", "post", "put", "patch", "delete"):
            raise ProtocolError(f"called {clean(call.m, 60)!r}, which there is not")
        more = {"json": told.json} if verb in ("post", "put", "patch") else {}
        done = getattr(self._door.http[client], verb)(
            told.path, query=told.query, step=told.step, ok=told.ok, timeout=told.timeout, **more
        )
        return await self._settled(call, done, may_fail=told.may_fail)

    async def _secret(self, call: Call) -> Answer:
        """Hand a declared secret over, by the pipe and by nothing else."""
        name = call.p.get("name")
        if not isinstance(name, str):
            raise ProtocolError("secret.get takes a name")
        return {"state": "done", "value": reveal(await self._door.secret(name))}

    async def _settled(self, call: Call, done: Awaitable[Result], *, may_fail: bool) -> Answer:
        try:
            result = await done
        except (ActionError, OutcomeUnknownError, TransportError) as error:
            self._errors[call.id] = error
            if not may_fail or isinstance(error, OutcomeUnknownError):
                self._failed = self._failed or error
            return _bad_end(error)
        self._answers[call.id] = result
        return self._good_end(result)

    def _good_end(self, result: Result) -> Answer:
        if getattr(result, "is_planned", False):  # looking at such a one would end the plan here
            self._planned = True
            return {"state": "planned"}
        stdout, cut = fit_text(result.text)
        stderr, also_cut = fit_text(result.stderr)
        return {
            "state": "done",
            "code": result.code,
            "stdout": stdout,
            "stderr": stderr,
            "truncated": cut or also_cut,
        }

    def _request(self, told: SshCall, effect: Effect) -> Request:
        argv = self._argv(told.argv)
        return Request(
            clean(told.step or argv[0].rpartition("/")[2], NAME_LIMIT),
            effect,
            argv,
            stdin=told.stdin.encode(),
            sudo=told.sudo,
            timeout=told.timeout,
            ok=told.ok,
            show=effect is not Effect.READ if told.show is None else told.show,
            max_output=told.max_output,
        )

    def _argv(self, elements: Sequence[str | int | dict[str, str]]) -> tuple[str, ...]:
        try:
            return build_argv([self._slot(element) for element in elements])
        except ValueError as error:
            raise ActionError("command", str(error)) from None

    def _slot(self, element: str | int | dict[str, str]) -> str | int:
        """A value that came in as a parameter stays suspect when it comes back as plain text."""
        if isinstance(element, dict):
            name = element.get("param", "")
            if list(element) != ["param"]:
                raise ProtocolError(
                    f"an argument is text, a number or a param, not {element}"[:200]
                )
            return self._values.slot(name)
        given = element in self._values.texts.values()
        return Given(element) if given and isinstance(element, str) else element

    async def _wait(self, call: Call) -> Answer:
        seconds = call.p.get("seconds", 0)
        if not isinstance(seconds, int | float) or not 0 <= seconds <= _WAIT_LIMIT:
            raise ProtocolError(f"wait takes seconds from 0 to {_WAIT_LIMIT:g}")
        await self._door.wait(float(seconds))
        return {"state": "done"}

    async def _table(self, call: Call) -> Answer:
        await asyncio.sleep(0)
        told = _read(call, TableCall)
        self._door.table(
            [[clean(str(cell), 400) for cell in row] for row in told.rows], told.header
        )
        return {"state": "done"}


class TableCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `table` takes."""

    rows: list[list[str | int | float]]
    header: list[str] = []


def _read(call: Call, kind: type[T]) -> T:
    try:
        return msgspec.convert(call.p, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"{clean(call.m, 60)}: {clean(str(error), 200)}") from None


def _bad_end(error: ActionError | OutcomeUnknownError | TransportError) -> Answer:
    match error:
        case ActionError():
            return {"state": "failed", "code": error.code, "reason": clean(error.reason, 400)}
        case OutcomeUnknownError():
            return {"state": "unknown", "reason": clean(error.why, 400)}
        case _:
            return {"state": "unreachable", "reason": clean(error.reason, 400)}
