"""Run one command over SSH: the single place that turns what a channel saw into one of six endings."""

import asyncio
import contextlib
from typing import Final

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.model.states import Reach
from opsconsole.transport import bootstrap
from opsconsole.transport.base import Answer, Command, Ending, OnDispatch, OnOutput
from opsconsole.transport.bootstrap import Killer
from opsconsole.transport.channel import QUIET, Reader
from opsconsole.transport.faults import first_line
from opsconsole.transport.link import Kept, Link
from opsconsole.transport.resident import new_nonce, start_mark

_PATIENCE: Final = 4.0
"""Seconds beyond a command's timeout: for the remote `timeout -k 2` to do its work, and the way back."""
_PROBE_BUDGET: Final = 5.0
_KILLED: Final = {
    Killer.TIMEOUT: (124, 137),
    Killer.OLD_BUSYBOX: (143, 137),
    Killer.NONE: (),
}
_NO_KILLER: Final = "the host has no `timeout`: a command that is stuck cannot be ended there"


class Execution:
    """One command on one host."""

    def __init__(self, link: Link, clock: Clock, command: Command) -> None:
        self._link = link
        self._clock = clock
        self._command = command
        self._began = clock.monotonic()
        self._sent = self._began
        self._nonce = new_nonce()
        self._killer = link.killer or Killer.NONE
        self._line = b""
        self._kept: Kept | None = None

    async def run(self, on_output: OnOutput | None, on_dispatch: OnDispatch | None) -> Answer:
        """Run it; every failure is an Answer."""
        # what cannot be encoded is a mistake of ours, and raises before anything is dialled
        self._line = bootstrap.line(self._command, self._nonce, self._killer)
        try:
            if self._link.killer is None:
                self._killer = await find_killer(self._link, self._clock)
                self._line = bootstrap.line(self._command, self._nonce, self._killer)
            reader = await self._open(on_output)
        except TransportError as error:
            return self._unreachable(Reach(error.reach), error.reason)
        try:
            return await self._converse(reader, on_dispatch)
        finally:
            reader.hang_up()

    async def run_as_probe(self) -> Answer:
        """Run it without asking first what can end it there."""
        self._line = bootstrap.line(self._command, self._nonce)
        try:
            reader = await self._open(None)
        except TransportError as error:
            return self._unreachable(Reach(error.reach), error.reason)
        try:
            return await self._converse(reader, None)
        finally:
            reader.hang_up()

    async def _open(self, on_output: OnOutput | None) -> Reader:
        marker = start_mark(self._nonce)

        def make(kept: Kept) -> Reader:
            self._kept = kept
            return Reader(
                kept.forget, marker=marker, cap=self._command.max_output, on_output=on_output
            )

        return await self._link.open(make, self._link.host.timeout, asked=False)

    async def _converse(self, reader: Reader, on_dispatch: OnDispatch | None) -> Answer:
        if on_dispatch is not None:
            await on_dispatch()
        try:
            self._sent = self._clock.monotonic()
            reader.begin(self._line + self._command.stdin, self._link.host.timeout)
        except OSError:
            return await self._never_began(reader)
        await self._until_over(reader)
        return self._judge(reader) if reader.is_agreed else await self._not_let(reader)

    async def _until_over(self, reader: Reader) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._command.timeout + _PATIENCE):
                await reader.over

    async def _not_let(self, reader: Reader) -> Answer:
        """The host gave a session and did not let anything run in it: nothing of the command has left."""
        if reader.is_closed or self._kept is None:
            return self._unreachable(Reach.DROPPED_US, "the connection was lost before it began")
        if reader.is_refused:
            return self._unreachable(Reach.DROPPED_US, "logged in, but nothing may be run there")
        fault = await self._link.judge_silence(self._kept, "a session is not granted")
        return self._unreachable(Reach(fault.reach), fault.reason)

    async def _never_began(self, reader: Reader) -> Answer:
        """Nothing could be sent: the login shell was gone already, or the whole connection."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(QUIET):
                await reader.over
        if reader.has_ended:
            return self._unreachable(Reach.AUTH_REFUSED, _no_shell(reader))
        return self._unreachable(Reach.DROPPED_US, "the connection was lost before it began")

    def _judge(self, reader: Reader) -> Answer:
        if reader.is_flooded:
            limit = self._command.max_output
            return self._answer(
                reader,
                Ending.FLOODED,
                reach=Reach.FLOODED,
                reason=f"more than {limit} bytes; we hung up",
            )
        if reader.has_ended and not reader.has_started and reader.is_closed:
            return self._unreachable(Reach.AUTH_REFUSED, _no_shell(reader))
        if self._was_ended(reader):
            reason = f"ended after {self._command.timeout:g} s"
            return self._answer(reader, Ending.TIMED_OUT, reason=reason)
        if reader.signal:
            return self._answer(
                reader, Ending.SIGNALLED, signal=reader.signal, reason=f"killed by {reader.signal}"
            )
        if reader.status is None:
            return self._lost(reader)
        return self._answer(reader, Ending.EXITED, status=reader.status)

    def _was_ended(self, reader: Reader) -> bool:
        """Tell whether the remote `timeout` ended it; that kills itself along with a stubborn command."""
        if (
            self._killer is Killer.NONE
            or self._clock.monotonic() - self._sent < self._command.timeout
        ):
            return False
        return reader.signal == "KILL" or reader.status in _KILLED[self._killer]

    def _lost(self, reader: Reader) -> Answer:
        if reader.is_closed:
            reason = "the connection was lost; its end was not seen"
            return self._answer(reader, Ending.LOST, reach=Reach.DROPPED_US, reason=reason)
        reason = f"no end seen in {self._command.timeout + _PATIENCE:g} s; it may still run"
        return self._answer(reader, Ending.LOST, reach=Reach.SLOW, reason=reason)

    def _unreachable(self, reach: Reach, reason: str) -> Answer:
        took = self._clock.monotonic() - self._began
        return Answer(Ending.UNREACHABLE, took=took, reach=reach, reason=reason)

    def _answer(
        self,
        reader: Reader,
        ending: Ending,
        *,
        status: int | None = None,
        signal: str = "",
        reach: Reach = Reach.UP,
        reason: str = "",
    ) -> Answer:
        return Answer(
            ending,
            status=status,
            signal=signal,
            stdout=reader.stdout,
            stderr=reader.stderr,
            truncated=reader.is_flooded,
            took=self._clock.monotonic() - self._began,
            reach=reach,
            reason=reason,
            note=self._note,
        )

    @property
    def _note(self) -> str:
        return _NO_KILLER if self._killer is Killer.NONE else ""


async def find_killer(link: Link, clock: Clock) -> Killer:
    """Learn once a host what can end a command there.

    Raises:
        TransportError: The host could not be asked.
    """
    async with link.lock:
        if link.killer is None:
            probe = Command(script=bootstrap.FIND_KILLER, timeout=_PROBE_BUDGET, max_output=4_096)
            answer = await Execution(link, clock, probe).run_as_probe()
            if answer.ending is Ending.UNREACHABLE:
                raise TransportError(link.host.name, answer.reach, answer.reason)
            if answer.ending is not Ending.EXITED:
                return Killer.NONE
            said = answer.stdout.decode("ascii", "replace").strip()
            link.killer = next((kind for kind in Killer if kind == said), Killer.NONE)
        return link.killer


def _no_shell(reader: Reader) -> str:
    said = first_line(reader.before) or first_line(reader.stderr)
    return f"logged in, but its shell runs nothing for us: {said or 'no word why'}"
