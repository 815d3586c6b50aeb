"""One host's kept connection: dialled when needed, shared by all who ask, replaced when it is stuck or full."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncssh

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.transport import faults
from opsconsole.transport.bootstrap import Killer
from opsconsole.transport.channel import Channel, Loop
from opsconsole.transport.faults import Phase, Trace
from opsconsole.transport.pace import Pace
from opsconsole.transport.pulse import is_there

_CHANNELS: Final = 3
_REAPED_WITHIN: Final = 0.2
"""Seconds in which a host has put away sessions that are over for us; busy ones take a while."""
_KEY_TROUBLE: Final = (Reach.KEY_UNKNOWN, Reach.KEY_CHANGED, Reach.KEY_REVOKED)

SomeChannel = TypeVar("SomeChannel", bound=Channel)
Dial = Callable[[Trace, Callable[[], None]], Awaitable[asyncssh.SSHClientConnection]]
"""Logs in, telling the trace; the callback is called when the connection ends. Raises TransportError."""


class Kept:
    """One login, and the channels on it."""

    def __init__(self, connection: asyncssh.SSHClientConnection) -> None:
        self.connection = connection
        self.channels: set[Channel] = set()
        self.tunnels: set[object] = set()
        """Logins of other hosts that go through it."""
        self.loops: dict[str, Loop] = {}
        self.loops_failed: dict[str, int] = {}
        self.room = _CHANNELS
        self.freed = asyncio.Event()
        self.has_served = False
        """A session was granted on it before."""
        self.is_retired = False
        self.is_doubtful = False
        """The host was silent when it was last asked: it is asked for a sign of life before all else."""

    @property
    def is_usable(self) -> bool:
        """Tell whether new channels may be opened on it."""
        return not self.is_retired and not self.connection.is_closed()

    @property
    def has_leaks(self) -> bool:
        """Tell whether the host may hold session slots for channels that we gave up."""
        return any(channel.is_given_up for channel in self.channels)

    def forget(self, channel: Channel) -> None:
        """A channel is closed on both sides."""
        self.channels.discard(channel)
        self.freed.set()
        self._close_if_idle()

    def add_tunnel(self, and_then: Callable[[], None]) -> Callable[[], None]:
        """Count a login that goes through it; call what is returned when it is over, once or more."""
        token = object()
        self.tunnels.add(token)

        def over() -> None:
            self.tunnels.discard(token)
            self._close_if_idle()
            and_then()

        return over

    def retire(self) -> None:
        """Open nothing new on it, and close it when what lives on it has ended."""
        self.is_retired = True
        self.stop_loops()
        self.freed.set()
        self._close_if_idle()

    def stop_loops(self) -> None:
        """Ask the resident loops to end."""
        for loop in self.loops.values():
            loop.finish()
        self.loops.clear()

    def _close_if_idle(self) -> None:
        live = self.tunnels or any(not channel.is_given_up for channel in self.channels)
        if self.is_retired and not live:
            self.connection.abort()


class Link:
    """The way to one host; every wait in it is bounded by its caller's budget."""

    def __init__(
        self, host: Host, pace: Pace, clock: Clock, dial: Dial, *, keepalive: float
    ) -> None:
        self.host = host
        self.pace = pace
        self._clock = clock
        self._dial = dial
        self._keepalive = keepalive
        self._kept: Kept | None = None
        self._dialling: asyncio.Task[None] | None = None
        self._trace = self._new_trace()
        self._fault: TransportError | None = None
        self.files_at_fault: tuple[object, ...] = ()
        self.files_stamp: Callable[[], tuple[object, ...]] = tuple
        """Versions of the known hosts files: when they change, a bad key is looked at again at once."""
        self.killer: Killer | None = None
        """What ends commands there; None: not asked yet."""
        self.posix_shell = ""
        """What its POSIX login shell calls itself, where `transport: plain` needs one; empty: not asked yet."""
        self.lock = asyncio.Lock()
        self._round_locks: dict[str, asyncio.Lock] = {}

    def _new_trace(self) -> Trace:
        place = f"{self.host.address}:{self.host.port}"
        return Trace(self.host.name, place, self.host.timeout)

    def round_lock(self, script: str) -> asyncio.Lock:
        """The lock that keeps rounds of one script from overlapping."""
        return self._round_locks.setdefault(script, asyncio.Lock())

    # -- the connection ------------------------------------------------------------------------

    async def connect(self, budget: float) -> Kept:
        """Get the connection, dialling if there is none.

        Raises:
            TransportError: There is none within `budget` seconds, and why.
        """
        if self._kept is not None and await self._may_use(self._kept):
            return self._kept
        if self._dialling is None:
            self._refuse_if_too_soon()
            self._trace = self._new_trace()
            self._dialling = asyncio.get_running_loop().create_task(
                self._run_dial(self._trace), name=f"dial {self.host.name}"
            )
        dialling = self._dialling
        done, _ = await asyncio.wait([dialling], timeout=budget)
        if not done:
            raise faults.of_timeout(self._trace)
        if dialling.cancelled():  # by `close`: not a cancellation of whoever asks
            raise self._again(None)
        dialling.result()
        if self._kept is not None and self._kept.is_usable:
            return self._kept
        raise self._again(self._fault)

    async def _may_use(self, kept: Kept) -> bool:
        """Tell whether to go on with it; one whose host is silent still is given up for a new one."""
        if kept.is_usable and kept.is_doubtful:
            kept.is_doubtful = not await is_there(kept.connection, self._keepalive)
            if kept.is_doubtful:
                kept.retire()
        return kept.is_usable

    async def _run_dial(self, trace: Trace) -> None:
        self._fault = None
        try:
            connection = await self._dial(trace, self._lost)
        except TransportError as error:
            self._fault = error
            self.files_at_fault = self.files_stamp()
            self.pace.failed(Reach(error.reach))
        else:
            self._kept = Kept(connection)
            self.pace.reset()
        finally:
            self._dialling = None

    def _lost(self) -> None:
        for kept in [self._kept] if self._kept else []:
            kept.freed.set()

    def _refuse_if_too_soon(self) -> None:
        fault = self._fault
        if self.pace.is_locked:
            said = fault.reason if fault else "login refused"
            raise TransportError(
                self.host.name,
                Reach.AUTH_LOCKED,
                f"stopped after 2 refused logins until a person polls it; {said}",
            )
        if fault is None or self.pace.wait <= 0 or fault.reach == Reach.LOCKED_KEY:
            return  # a key is looked for here, at no cost to the host
        if fault.reach in _KEY_TROUBLE and self.files_stamp() != self.files_at_fault:
            return
        raise self._again(fault)

    def _again(self, fault: TransportError | None) -> TransportError:
        if fault is None:
            return TransportError(self.host.name, Reach.DROPPED_US, "the connection was lost")
        return TransportError(fault.target, fault.reach, fault.reason)

    # -- channels ------------------------------------------------------------------------------

    async def open(
        self, make: Callable[[Kept], SomeChannel], budget: float, *, asked: bool = True
    ) -> SomeChannel:
        """Open a channel that runs BOOTSTRAP, and wait until the host has agreed.

        With `asked` False it waits for the session only: whoever opens it asks for BOOTSTRAP, with what it reads.

        Raises:
            TransportError: Nothing was started, and why.
        """
        until = self._clock.monotonic() + budget
        refusals_alone = 0
        has_waited = False
        while True:
            kept = await self.reserve(until - self._clock.monotonic())
            channel = make(kept)
            kept.channels.add(channel)
            try:
                await self._request(kept, channel, until, asked=asked)
            except asyncssh.ChannelOpenError as error:
                kept.forget(channel)
                left = until - self._clock.monotonic()
                is_alone = kept.has_served and kept.is_usable and not kept.channels
                if is_alone and not has_waited and left > 2 * _REAPED_WITHIN:
                    has_waited = True
                    await self._clock.sleep(_REAPED_WITHIN)
                    continue
                refusals_alone += self._learn_from_refusal(kept)
                if refusals_alone > 1 or self._clock.monotonic() > until:
                    raise self.no_session(error) from error
            else:
                channel.is_granted = kept.has_served = True
                return channel

    async def reserve(self, budget: float) -> Kept:
        """Get a connection with room for one more channel; nothing is asked of the host yet.

        Raises:
            TransportError: There is none in time, and why.
        """
        until = self._clock.monotonic() + budget
        while True:
            kept = await self.connect(max(0.0, until - self._clock.monotonic()))
            if await self._wait_for_room(kept, until):
                return kept

    def no_session(self, error: asyncssh.ChannelOpenError) -> TransportError:
        """Say that the host gives no session."""
        said = clean(error.reason, LABEL_LIMIT)
        return TransportError(
            self.host.name, Reach.DROPPED_US, f"logged in, but no session is given: {said}"
        )

    async def _wait_for_room(self, kept: Kept, until: float) -> bool:
        """Wait for a free channel; False: the connection was given up for a new one."""
        while len(kept.channels) >= kept.room:
            if kept.has_leaks:
                kept.retire()
                return False
            kept.freed.clear()
            try:
                async with asyncio.timeout(max(0.0, until - self._clock.monotonic())):
                    await kept.freed.wait()
            except TimeoutError as error:
                raise TransportError(
                    self.host.name, Reach.SLOW, f"all {kept.room} sessions to it are in use"
                ) from error
            if not kept.is_usable:
                return False
        return True

    async def _request(self, kept: Kept, channel: Channel, until: float, *, asked: bool) -> None:
        try:
            async with asyncio.timeout(max(0.0, until - self._clock.monotonic())):
                await channel.open(kept.connection)
                if asked:
                    await channel.request()
        except (TimeoutError, asyncio.CancelledError) as error:
            channel.is_given_up = True
            if isinstance(error, TimeoutError):
                raise await self.judge_silence(kept, "a session is not granted") from error
            raise
        except (OSError, asyncssh.DisconnectError) as error:
            raise TransportError(
                self.host.name, Reach.DROPPED_US, "the connection was lost"
            ) from error

    def _learn_from_refusal(self, kept: Kept) -> bool:
        """A session was refused: open fewer from now on, or take a new connection when nothing else explains it.

        Returns:
            True when none of our live channels stood in the way.
        """
        if not kept.is_usable or kept.has_leaks or not kept.channels:
            kept.retire()
            return not kept.has_leaks
        kept.room = max(1, sum(channel.is_granted for channel in kept.channels))
        if kept.room == 1:
            kept.stop_loops()
        return False

    def judge_timeout(self, budget: float) -> TransportError:
        """Say why somebody's time ran out, by what the link is at."""
        if self._dialling is not None:
            return faults.of_timeout(self._trace)
        if self._fault is not None:
            return self._again(self._fault)
        return TransportError(self.host.name, Reach.SLOW, f"no answer in {budget:g} s")

    # -- trouble -------------------------------------------------------------------------------

    async def judge_silence(self, kept: Kept, what: str) -> TransportError:
        """Nothing came in time: find out within a second whether the host is frozen or only slow.

        A frozen one keeps its connection until it is needed: where a host is so busy that it says nothing for
        a second, a new login would be one burden more.
        """
        kept.is_doubtful = True  # for as long as we are not told otherwise
        if await is_there(kept.connection, self._keepalive):
            kept.is_doubtful = False
            return TransportError(
                self.host.name, Reach.SLOW, f"{what} in time, though the host is alive"
            )
        return TransportError(self.host.name, Reach.SILENT, f"{what}: the host does not answer")

    def retry(self) -> None:
        """Forget failures: the next question dials at once."""
        self.pace.reset()
        self._fault = None

    def close(self) -> None:
        """Hang up now."""
        if self._dialling is not None:
            self._dialling.cancel()
        if self._kept is not None:
            self._kept.is_retired = True
            self._kept.connection.abort()
            self._kept = None

    def let_go(self) -> Kept | None:
        """Open nothing new; commands that run go to their end, then it is closed. Gives what is still open."""
        if self._dialling is not None:
            self._dialling.cancel()
        kept, self._kept = self._kept, None
        if kept is None:
            return None
        for loop in tuple(kept.loops.values()):
            loop.hang_up()
            kept.channels.discard(loop)
        kept.retire()
        return None if kept.connection.is_closed() else kept

    async def wait_closed(self) -> None:
        """Wait until the tasks of a closed link are over."""
        if self._dialling is not None:
            await asyncio.wait([self._dialling])

    @property
    def is_dialling(self) -> bool:
        """Tell whether a login is under way."""
        return self._dialling is not None and self._trace.phase > Phase.QUEUED
