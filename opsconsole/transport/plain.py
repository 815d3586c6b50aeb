"""`transport: plain` over SSH: the line itself is the exec request, sent once, to a login shell seen as POSIX."""

import asyncio
import contextlib
import re
from typing import Final

import asyncssh

from opsconsole.errors import TransportError
from opsconsole.model.states import Reach
from opsconsole.transport.base import Answer, Command, Ending, OnDispatch, OnOutput
from opsconsole.transport.channel import Reader
from opsconsole.transport.execution import Execution
from opsconsole.transport.faults import first_line
from opsconsole.transport.link import Kept
from opsconsole.transport.plain_line import PROBE, plain_line, why_not_plain

_ANSWER: Final = re.compile(rb"(?m)^opsconsole ([-A-Za-z0-9_.+]+) 42\r?$")
_NOTE: Final = "transport: plain: a command that is stuck cannot be ended there"
_PROBE_BUDGET: Final = 5.0
_PACKET: Final = 1 << 15


class PlainReader(Reader):
    """A reader that has no marker to wait for: what the login shell says first stands before the output."""

    def __init__(self, kept: Kept, cap: int, on_output: OnOutput | None) -> None:
        super().__init__(kept.forget, marker=b"", cap=cap, on_output=on_output)
        self.has_started = True


class PlainExecution(Execution):
    """One command on one host of `transport: plain`."""

    async def run(self, on_output: OnOutput | None, on_dispatch: OnDispatch | None) -> Answer:
        """Run it; what may not go as a line, and where it may not, is an Answer too: nothing was sent."""
        if why := why_not_plain(self._command):
            return self._unreachable(Reach.UP, f"transport: plain: {why}")
        try:
            if not self._link.posix_shell:
                await self.look()
            kept = await self._link.reserve(self._link.host.timeout)
        except TransportError as error:
            return self._unreachable(Reach(error.reach), error.reason)
        if on_dispatch is not None:
            await on_dispatch()
        return await self._send(kept, plain_line(self._command), on_output)

    async def look(self) -> None:
        """See that the login shell is a POSIX one.

        Raises:
            TransportError: It is not, or the host could not be asked.
        """
        self._link.posix_shell = ""
        kept = await self._link.reserve(self._link.host.timeout)
        command = Command(argv=("probe",), timeout=_PROBE_BUDGET, max_output=4_096)
        probe = PlainExecution(self._link, self._clock, command)
        answer = await probe._send(kept, PROBE, None)
        found = _ANSWER.search(answer.stdout)
        if answer.ending is Ending.EXITED and found is not None:
            self._link.posix_shell = found[1].decode()
            return
        if answer.ending is not Ending.EXITED:
            raise TransportError(self._link.host.name, answer.reach, answer.reason)
        said = first_line(answer.stderr) or first_line(answer.stdout) or "nothing"
        raise TransportError(
            self._link.host.name,
            Reach.AUTH_REFUSED,
            f"transport: plain needs a POSIX login shell, and to {PROBE} it says: {said}",
        )

    async def _send(self, kept: Kept, line: str, on_output: OnOutput | None) -> Answer:
        reader = PlainReader(kept, self._command.max_output, on_output)
        try:
            self._sent = self._clock.monotonic()
            await self._request(kept, reader, line)
        except asyncssh.ChannelOpenError as error:
            kept.forget(reader)
            if reader.is_closed:  # it was open, and ended before there was a yes or a no
                return self._lost(reader)
            fault = self._link.no_session(error)
            return self._unreachable(Reach(fault.reach), fault.reason)
        except TransportError as error:  # it may have been granted, and then it runs
            reach = Reach(error.reach)
            return self._answer(reader, Ending.LOST, reach=reach, reason=error.reason)
        try:
            with contextlib.suppress(OSError):  # one that is over takes nothing
                reader.write(self._command.stdin, eof=True)
            await self._until_over(reader)
            return self._judge(reader)
        finally:
            reader.hang_up()

    async def _request(self, kept: Kept, reader: PlainReader, line: str) -> None:
        """Ask for a session that runs the line at once.

        Raises:
            asyncssh.ChannelOpenError: The host refused it: nothing runs.
            TransportError: Nobody saw whether it was granted.
        """
        kept.channels.add(reader)
        try:
            async with asyncio.timeout(self._link.host.timeout):
                await kept.connection.create_session(
                    lambda: reader, command=line, encoding=None, max_pktsize=_PACKET
                )
            reader.is_granted = True
        except (TimeoutError, asyncio.CancelledError) as error:
            reader.is_given_up = True
            if isinstance(error, TimeoutError):
                what = "a session is not granted"
                raise await self._link.judge_silence(kept, what) from error
            raise
        except (OSError, asyncssh.DisconnectError) as error:
            name, reason = self._link.host.name, "the connection was lost"
            raise TransportError(name, Reach.DROPPED_US, reason) from error

    @property
    def _note(self) -> str:
        return _NOTE
