"""Serves an executable's commands and HTTP calls: each goes through the door of its kind, as Python's do."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from typing import Final, cast

from opsconsole.actions.api import Result
from opsconsole.actions.protocol import (
    Answer,
    Call,
    ProtocolError,
    Serve,
    StreamLine,
    Tell,
    fit_text,
)
from opsconsole.actions.settlement import Settlement, Slots
from opsconsole.actions.steps import Door
from opsconsole.actions.wishes import (
    HttpWish,
    LocalWish,
    ReadWish,
    ScriptWish,
    StreamWish,
    WriteWish,
    read_wish,
)
from opsconsole.model.text import clean

_VERBS: Final = ("get", "post", "put", "patch", "delete")
_WITH_BODY: Final = ("post", "put", "patch")


class ServedCommands:
    """`ssh.*` that runs something, `local.run`, `http.<client>.<verb>`."""

    def __init__(self, door: Door, slots: Slots, settled: Settlement) -> None:
        self._door = door
        self._slots = slots
        self._settled = settled
        self.calls: Mapping[str, Serve] = {
            "ssh.read": self._read,
            "ssh.write": self._write,
            "ssh.script": self._script,
            "ssh.stream": self._stream,
            "local.run": self._local,
        }

    async def _read(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, ReadWish)
        shown = bool(told.show)
        done = self._door.ssh.read(
            self._slots.argv(told.argv), step=told.step, sudo=told.sudo, stdin=told.stdin.encode(),
            timeout=told.timeout, ok=told.ok, cwd=told.cwd, env=self._env(told),
            retries=told.retries, show=shown, max_output=told.max_output,
        )  # fmt: skip
        return await self._settled.of_command(call, done, may_fail=told.may_fail)

    async def _write(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, WriteWish)
        shown = told.show is not False
        why = clean(told.critical, 200)
        held: AbstractAsyncContextManager[None] = self._door.critical(why) if why else nullcontext()
        async with held:
            done = self._door.ssh.write(
                self._slots.argv(told.argv), step=told.step, sudo=told.sudo,
                stdin=told.stdin.encode(), timeout=told.timeout, ok=told.ok, cwd=told.cwd,
                env=self._env(told), retries=told.retries, show=shown,
                expect_disconnect=told.expect_disconnect, max_output=told.max_output,
            )  # fmt: skip
            return await self._settled.of_command(call, done, may_fail=told.may_fail)

    def _env(self, told: ReadWish) -> Mapping[str, str]:
        return {name: self._slots.text(value) for name, value in told.env.items()}

    async def _script(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, ScriptWish)
        done = self._door.ssh.script(
            told.name, self._slots.argv(told.args), effect=told.effect, step=told.step,
            sudo=told.sudo, timeout=told.timeout, ok=told.ok, show=told.show,
        )  # fmt: skip
        return await self._settled.of_command(call, done, may_fail=told.may_fail)

    async def _stream(self, call: Call, tell: Tell) -> Answer:
        """Say each line as it comes; one that is only planned ends the plan here, as it does in Python."""
        told = read_wish(call, StreamWish)
        lines = self._door.ssh.stream(
            self._slots.argv(told.argv), step=told.step, sudo=told.sudo, timeout=told.timeout,
            ok=told.ok, max_output=told.max_output,
        )  # fmt: skip

        async def follow() -> int:
            said = 0
            async with aclosing(cast("AsyncGenerator[str]", lines)) as following:
                async for line in following:
                    said += 1
                    await tell(StreamLine(call.id, fit_text(line)[0]))
            return said

        return await self._settled.of(
            call, follow(), lambda said: {"state": "done", "lines": said}, may_fail=told.may_fail
        )

    async def _local(self, call: Call, _: Tell) -> Answer:
        """Run a command on the jump host: one that writes, unless it says otherwise."""
        told = read_wish(call, LocalWish)
        shown = told.effect != "read" if told.show is None else told.show
        done = self._door.local.run(
            self._slots.argv(told.argv), effect=told.effect, step=told.step,
            stdin=told.stdin.encode(), timeout=told.timeout, ok=told.ok, show=shown,
            max_output=told.max_output,
        )  # fmt: skip
        return await self._settled.of_command(call, done, may_fail=told.may_fail)

    async def http(self, call: Call, _: Tell) -> Answer:
        """Ask a named client: `http.<client>.get`; anything but get is a change."""
        told = read_wish(call, HttpWish)
        client, verb = [*call.m.split("."), "", ""][1:3]
        if verb not in _VERBS:
            raise ProtocolError(f"called {clean(call.m, 60)!r}, which there is not")
        more = {"json": told.json} if verb in _WITH_BODY else {}
        path = told.path if isinstance(told.path, str) else self._slots.argv(told.path)

        async def ask() -> Result:
            done: Result = await getattr(self._door.http[client], verb)(
                path, query=told.query, step=told.step, ok=told.ok, timeout=told.timeout,
                show=told.show, **more,
            )  # fmt: skip
            return done

        return await self._settled.of_command(call, ask(), may_fail=told.may_fail)
