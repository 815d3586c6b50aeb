"""Ask this very machine, by the same contract and without SSH: argument lists, process groups, no shell lines."""

import asyncio
import signal
from collections.abc import Mapping
from typing import Final

from opsconsole.clock import Clock
from opsconsole.errors import DeadlineError, TransportError
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.transport import bootstrap
from opsconsole.transport.base import Answer, Command, Ending, OnDispatch, OnOutput
from opsconsole.transport.local_process import LocalProcess
from opsconsole.transport.resident import Rounds, new_nonce

_GRACE: Final = 2.0
"""Seconds between TERM and KILL."""
_QUIET: Final = 1.0
"""Seconds a child in the background may hold the streams open after the command's exit."""

_LoopKey = tuple[str, str]


class LocalTransport:
    """The Remote of the machine the engine runs on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loops: dict[_LoopKey, tuple[LocalProcess, Rounds]] = {}
        self._locks: dict[_LoopKey, asyncio.Lock] = {}

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        """Run one command in a process group of its own, which is ended at its timeout."""
        # what could not be sent to a host is a mistake of ours here too
        bootstrap.line(command, new_nonce())
        if on_dispatch is not None:
            await on_dispatch()
        began = self._clock.monotonic()
        process = LocalProcess(cap=command.max_output, on_output=on_output)
        try:
            await process.start(_argv(command), command.env, bare=command.bare)
        except OSError as error:
            return Answer(Ending.UNREACHABLE, reach=Reach.UP, reason=_cannot_start(command, error))
        try:
            process.write(command.stdin, eof=True)
            is_late = not await _ends_within(process, command.timeout)
        finally:
            await self._end(process)  # a child left in the background is not ours to end
        return _judge(process, command, self._clock.monotonic() - began, is_late=is_late)

    async def ask(
        self, host: Host, script: str, env: Mapping[str, str], *, timeout: float, max_output: int
    ) -> bytes:
        """Ask the resident loop for one more round; see `SshTransport.ask`."""
        key = (host.name, script)
        try:
            async with asyncio.timeout(timeout), self._locks.setdefault(key, asyncio.Lock()):
                process, rounds = await self._loop(key, script, env)
                nonce = new_nonce()
                answer = rounds.expect(nonce, max_output)
                process.write(f"{nonce}\n".encode(), eof=False)
                return await answer
        except TimeoutError as error:
            await self._end_loop(key)
            raise DeadlineError(host.name, timeout) from error
        except BufferError as error:
            await self._end_loop(key)
            reason = f"its answer passed {max_output} bytes"
            raise TransportError(host.name, Reach.FLOODED, reason) from error
        except (OSError, EOFError) as error:
            await self._end_loop(key)
            raise TransportError(host.name, Reach.SILENT, "the collector ended") from error

    async def _loop(
        self, key: _LoopKey, script: str, env: Mapping[str, str]
    ) -> tuple[LocalProcess, Rounds]:
        if key in self._loops and not self._loops[key][1].is_over:
            return self._loops[key]
        await self._end_loop(key)
        process = LocalProcess()
        rounds = Rounds(process.kill)
        process.feed_to(rounds.feed, rounds.ended)
        await process.start(("sh", "-c", script, "opsconsole"), env)
        self._loops[key] = (process, rounds)
        return self._loops[key]

    async def scan(self, host: Host) -> HostKey:
        """Refuse: this machine is not reached by a key.

        Raises:
            TransportError: Always.
        """
        raise TransportError(host.name, Reach.UP, "is this very machine: it is reached without SSH")

    def retry(self, host: Host) -> None:
        """Do nothing: nothing is ever given up here."""

    async def forget(self, host: Host) -> None:
        """End the host's resident loops."""
        for key in [key for key in self._loops if key[0] == host.name]:
            await self._end_loop(key)

    async def close(self) -> None:
        """End every process that still runs."""
        for key in list(self._loops):
            await self._end_loop(key)

    async def _end_loop(self, key: _LoopKey) -> None:
        process, _rounds = self._loops.pop(key, (None, None))
        if process is not None:
            await self._end(process)

    async def _end(self, process: LocalProcess) -> None:
        """End the process group: ask, wait, insist."""
        if not process.is_over:
            process.signal(signal.SIGTERM)
            await _ends_within(process, _GRACE)
            process.kill()
            await _ends_within(process, _GRACE)
        process.close()
        await asyncio.sleep(
            0
        )  # the loop lets go of the pipes at its next turn, of which there may be none


def _argv(command: Command) -> tuple[str, ...]:
    return command.argv or ("sh", "-c", command.script, "opsconsole", *command.args)


def _cannot_start(command: Command, error: OSError) -> str:
    what = (command.argv or ("sh",))[0]
    return f"cannot start {what}: {error.strerror or error}"


async def _ends_within(process: LocalProcess, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await process.wait(quiet=_QUIET)
    except TimeoutError:
        return False
    return True


def _judge(process: LocalProcess, command: Command, took: float, *, is_late: bool) -> Answer:
    status = process.status
    ending, reason, reach, by = Ending.EXITED, "", Reach.UP, ""
    if process.is_flooded:
        ending, reach = Ending.FLOODED, Reach.FLOODED
        reason = f"more than {command.max_output} bytes; we ended it"
    elif is_late:
        ending, reason = Ending.TIMED_OUT, f"ended after {command.timeout:g} s"
    elif status is None:
        ending, reason = Ending.LOST, "its end was not seen"
    elif status < 0:
        by = signal.Signals(-status).name.removeprefix("SIG")
        ending, reason = Ending.SIGNALLED, f"killed by {by}"
    return Answer(
        ending,
        status=status if ending is Ending.EXITED else None,
        signal=by,
        stdout=process.stdout,
        stderr=process.stderr,
        truncated=process.is_flooded,
        took=took,
        reach=reach,
        reason=reason,
    )
