"""Hosts without sockets: commands answered by rules, connections that drop, time that only passes in sleeps."""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from random import Random
from typing import Final

from msgspec import Struct

from opsconsole.errors import TransportError
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.runs.identity import IDENTITY
from opsconsole.transport.base import Answer, Command, Ending, OnDispatch, OnOutput
from opsconsole.transport.spool import PROBE

_START: Final = 1_700_000_000.0
_SPINS: Final = 12
"""Turns of the loop in which nobody must have anything to do before time moves on."""


class Exit(Struct, frozen=True):
    """The command ends with a code and says something."""

    code: int = 0
    stdout: str | bytes = ""
    stderr: str = ""
    took: float = 0.0
    """Seconds from what it says to its end."""


class Drop(Struct, frozen=True):
    """The connection goes."""

    after: str = "dispatch"
    """connect: before the command left; dispatch: after, so that nobody knows what it did."""
    really_ran: bool = True
    """What the host's spool says when it is asked later."""
    code: int = 0
    """Its exit status there."""


class Hang(Struct, frozen=True):
    """It never answers; its time limit ends it."""


class Slow(Struct, frozen=True):
    """It answers after some seconds; beyond its time limit it is a Hang."""

    seconds: float
    then: Exit = Exit()


Behaviour = Exit | Drop | Hang | Slow


class VirtualClock:
    """Time passes only while everybody sleeps, and then at once to whoever wakes first."""

    def __init__(self, at: float = _START) -> None:
        self.at = at
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()
        self._armed = False

    def now(self) -> float:
        """Epoch seconds."""
        return self.at

    def monotonic(self) -> float:
        """Seconds for measuring."""
        return self.at

    async def sleep(self, seconds: float) -> None:
        """Wait until time has come."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        heapq.heappush(self._waiting, (self.at + seconds, next(self._numbers), future))
        if not self._armed:
            self._armed = True
            loop.call_soon(self._spin, loop, _SPINS)
        await future

    def _spin(self, loop: asyncio.AbstractEventLoop, left: int) -> None:
        while self._waiting and self._waiting[0][2].done():
            heapq.heappop(self._waiting)
        if not self._waiting:
            self._armed = False
            return
        if left:
            loop.call_soon(self._spin, loop, left - 1)
            return
        at, _, future = heapq.heappop(self._waiting)
        self.at = max(self.at, at)
        future.set_result(None)
        loop.call_soon(self._spin, loop, _SPINS)


class Dispatched(Struct, frozen=True):
    """One command that left for a host."""

    host: str
    line: str
    """Its arguments with spaces between, or `sh: <script> <arguments>`."""
    command: Command
    behaviour: Behaviour


class ScriptedRemote:
    """Answers by rules, the newest that fits first; what fits none exits with 0."""

    def __init__(self, clock: VirtualClock, chaos: "Chaos | None" = None) -> None:
        self._clock = clock
        self._rules: list[tuple[str, str, list[Behaviour]]] = []
        self.chaos = chaos
        self.dispatched: list[Dispatched] = []
        self.down: set[str] = set()
        """Names of hosts that cannot be reached: a dropped one stays away until it is reconnected."""
        self.boots: dict[str, str] = {}
        """Each host's boot id; `boot-1` for those that are not named."""
        self._spools: dict[tuple[str, str, str], str] = {}
        self.before: Callable[[str, str], None] = lambda _host, _line: None
        """Told host and line before anything happens."""

    def on(self, line: str, *then: Behaviour, host: str = "*") -> None:
        """Say what a command does: one behaviour a call, the last one for ever; globs in both."""
        self._rules.insert(0, (host, line, list(then)))

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        """Do what the rules say."""
        if (known := self._own_question(host.name, command)) is not None:
            return known
        line = line_of(command)
        self.before(host.name, line)
        behaviour = self._pick(host.name, line)
        if host.name in self.down or (isinstance(behaviour, Drop) and behaviour.after == "connect"):
            return Answer(Ending.UNREACHABLE, reach=Reach.NO_ANSWER, reason="no answer")
        await asyncio.sleep(0)
        if on_dispatch is not None:
            await on_dispatch()
        self.dispatched.append(Dispatched(host.name, line, command, behaviour))
        self._keep(host.name, command, behaviour)
        await asyncio.sleep(0)
        return await self._answer(host.name, command, behaviour, on_output)

    def _own_question(self, host: str, command: Command) -> Answer | None:
        """Answer what the engine itself asks: who a host is, and what its spool knows of a step."""
        if command.script not in (IDENTITY.script, PROBE.script) and not _is_spools(command):
            return None
        if host in self.down:
            return Answer(Ending.UNREACHABLE, reach=Reach.NO_ANSWER, reason="no answer")
        boot = self.boots.get(host, "boot-1")
        if command.script == IDENTITY.script:
            return Answer(Ending.EXITED, 0, stdout=f"{host}\n{boot}\n".encode())
        if command.script == PROBE.script:
            return Answer(Ending.EXITED, 0, stdout=b"spool\n")
        token, run, step = command.args[:3]
        said = self._spools.get((host, run, step), "never")
        stderr = f"\x1e{token} here {boot}\n\x1e{token} {said}\n".encode()
        return Answer(Ending.EXITED, 0, stderr=stderr)

    def _keep(self, host: str, command: Command, behaviour: Behaviour) -> None:
        """Keep what the host's spool will say of a write."""
        if command.spool is None:
            return
        boot = self.boots.get(host, "boot-1")
        match behaviour:
            case Drop() if behaviour.really_ran:
                said = f"rc {behaviour.code} 1"
            case Drop() | Hang():
                said = f"died {boot} {boot}"
            case Slow():
                said = f"rc {behaviour.then.code} {round(behaviour.seconds)}"
            case Exit():
                said = f"rc {behaviour.code} {round(behaviour.took)}"
        self._spools[host, command.spool.run, command.spool.step] = said

    async def _answer(
        self, host: str, command: Command, behaviour: Behaviour, on_output: OnOutput | None
    ) -> Answer:
        match behaviour:
            case Drop():
                self.down.add(host)
                return Answer(Ending.LOST, reason="connection lost")
            case Slow() if behaviour.seconds <= command.timeout:
                await self._clock.sleep(behaviour.seconds)
                return self._exit(behaviour.then, on_output, behaviour.seconds)
            case Hang() | Slow():
                await self._clock.sleep(command.timeout)
                return Answer(Ending.TIMED_OUT, took=command.timeout)
            case Exit():
                answer = self._exit(behaviour, on_output, behaviour.took)
                await self._clock.sleep(behaviour.took)
                return answer

    def _exit(self, exit: Exit, on_output: OnOutput | None, took: float) -> Answer:
        stdout = exit.stdout.encode() if isinstance(exit.stdout, str) else exit.stdout
        stderr = exit.stderr.encode()
        for stream, said in (("out", stdout), ("err", stderr)):
            if said and on_output is not None:
                on_output(stream, said)
        return Answer(Ending.EXITED, exit.code, stdout=stdout, stderr=stderr, took=took)

    def _pick(self, host: str, line: str) -> Behaviour:
        if self.chaos is not None and (strange := self.chaos.strike()) is not None:
            return strange
        for on_host, pattern, behaviours in self._rules:
            if fnmatchcase(host, on_host) and fnmatchcase(line, pattern):
                return behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        return Exit()

    async def ask(
        self, host: Host, script: str, env: Mapping[str, str], *, timeout: float, max_output: int
    ) -> bytes:
        """There are no resident loops here."""
        del script, env, timeout, max_output
        raise TransportError(host.name, "silent", "a scripted host has no resident loop")

    async def scan(self, host: Host) -> HostKey:
        """There are no keys here."""
        raise TransportError(host.name, "silent", "a scripted host has no key")

    def retry(self, host: Host) -> None:
        """A person asks to try again."""

    async def forget(self, host: Host) -> None:
        """Close what is open to the host: nothing."""

    async def close(self) -> None:
        """Close everything: nothing."""


class Chaos:
    """Makes commands drop, hang, exit badly or answer late, as a seed says."""

    def __init__(self, seed: int, rate: float = 0.3) -> None:
        """Set up; `rate` is the share of commands that do not do what the rules say."""
        self._random = Random(seed)  # noqa: S311 - a schedule, not a secret
        self._rate = rate

    def strike(self) -> Behaviour | None:
        """Draw what happens to the next command; None: what the rules say."""
        if self._random.random() >= self._rate:
            return None
        kinds: Sequence[Behaviour] = (
            Drop("connect"),
            Drop("dispatch", really_ran=self._random.random() < 0.5),
            Hang(),
            Exit(1, stderr="chaos"),
            Slow(self._random.uniform(0.1, 20.0)),
        )
        return self._random.choice(kinds)


def _is_spools(command: Command) -> bool:
    return command.script.startswith("umask 077") and len(command.args) >= 3


def line_of(command: Command) -> str:
    """Write a command as rules see it."""
    return " ".join(command.argv) or f"sh: {command.script} {' '.join(command.args)}".rstrip()
