"""Looks at one host: the fast tier over its resident loop, the slow and lazy ones by one run each."""

import secrets
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from opsconsole.clock import Clock
from opsconsole.collect.fast_tier import Counters, FastReading, read_fast
from opsconsole.collect.restarts import Restarts
from opsconsole.collect.schedule import jitter
from opsconsole.collect.scripts import script
from opsconsole.collect.sink import Sink
from opsconsole.collect.slow_tiers import TierReading, read_lazy, read_slow
from opsconsole.collect.together import Together
from opsconsole.collect.turns import Turns
from opsconsole.errors import DeadlineError, ParseError, TransportError
from opsconsole.model.inventory import Host
from opsconsole.model.sample import Sample
from opsconsole.model.states import Reach, ServiceState
from opsconsole.model.text import clean
from opsconsole.parsers.clock import ClockReading
from opsconsole.transport.base import Answer, Command, Ending, Remote

FAST_LIMIT: Final = 128 * 1024
"""Bytes of one fast answer; an ordinary one has 2 to 8 KiB."""
TIER_LIMIT: Final = 256 * 1024
_HARD_FAILS: Final = 3
"""Polls that fail before we slow down: by then it is known that the host is away."""
_LONGEST: Final = 60.0
"""Seconds between two tries of a host that does not answer, at most."""
_LOOKS_KEPT: Final = 4
"""Intervals after which counters are forgotten: a mean over an outage is not what happens now."""
_SOON: Final = 1.0
"""Seconds from a first answer to the second: rates need two."""
_SECOND: Final = 1.5
"""Intervals to that second answer at most, while others wait for their first: well before a value is stale."""
_CLOCK_SLACK: Final = 0.05
_CLOCK_CERTAIN: Final = 0.5
_READERS: Final[Mapping[str, Callable[[bytes], TierReading]]] = {
    "slow": read_slow,
    "lazy": read_lazy,
}


class Hurry(Protocol):
    """Asks the loop to run a probe sooner."""

    def __call__(self, name: str, delay: float = 0.0) -> None:
        """Run the probe in `delay` seconds."""
        ...


class HostWatch:
    """What the probes of one host share: whether it answers, what it said, how it is told.

    Args:
        host: The host.
        remote: How it is asked.
        sink: Where samples go.
        clock: Where time comes from.
        hurry: Makes another probe of the host run soon.
        queue: Seconds to grant for the wait until there is a free place to log in.
        patience: Told of the first look at a host; seconds that what is less urgent leaves to others.
        turns: Whose turn it is to be asked what is less urgent; None: nobody else is there.
        together: Whose answers are read in one go; None: nobody else is there.
    """

    def __init__(
        self,
        host: Host,
        *,
        remote: Remote,
        sink: Sink,
        clock: Clock,
        hurry: Hurry,
        queue: Callable[[], float],
        patience: Callable[[str], float] = lambda _host: 0.0,
        turns: Turns | None = None,
        together: Together | None = None,
    ) -> None:
        self.host = host
        self.remote = remote
        self.clock = clock
        self.hurry = hurry
        self.queue = queue
        self.patience = patience
        self.turns = turns or Turns(clock)
        self.together = together or Together(clock)
        self.fails = 0
        self.is_up = False
        self.counters: Counters | None = None
        self.raw: dict[str, bytes] = {}
        self.restarts = Restarts()
        self._sink = sink

    def tell(
        self,
        tier: str,
        began: float,
        outcome: ServiceState,
        *,
        reach: Reach = Reach.UP,
        reason: str = "",
        metrics: Mapping[str, float] | None = None,
        facts: Mapping[str, str] | None = None,
        ago: float = 0.0,
    ) -> None:
        """Put one sample; `began` is on our monotonic clock, the answer came so many seconds `ago`."""
        took = self.clock.monotonic() - began - ago
        self._sink.put_sample(
            Sample(
                self.host.ref, tier, self.clock.now() - ago, took, outcome, reach, clean(reason),
                metrics or {}, facts or {},
            )
        )  # fmt: skip

    def recent(self) -> Counters | None:
        """Give the counters of the answer before, unless it is so old that rates would be history."""
        known = self.counters
        oldest = self.clock.monotonic() - _LOOKS_KEPT * self.host.every
        return known if known is not None and known.at >= oldest else None

    def try_again(self) -> None:
        """Forget what failed: a person, or a run that ended, wants to know now."""
        self.fails = 0
        self.remote.retry(self.host)


class FastProbe:
    """The fast tier: whether the host answers, and its moving numbers."""

    def __init__(self, watch: HostWatch, timeout: float) -> None:
        self._watch = watch
        self._timeout = timeout
        self._began = 0.0

    @property
    def name(self) -> str:
        """The probe's name."""
        return f"{self._watch.host.ref} fast"

    async def poll(self) -> float | None:
        """Look once; put a sample in every case."""
        watch = self._watch
        self._began = watch.clock.monotonic()
        timeout = self._timeout if watch.is_up else self._timeout + watch.queue()
        try:
            answer = await watch.remote.ask(
                watch.host, script("fast"), {}, timeout=timeout, max_output=FAST_LIMIT
            )
            came = watch.clock.monotonic()
            await watch.together.wait()
            before = watch.recent()
            reading = read_fast(answer, before, came)
        except TransportError as error:
            return self._failed(Reach(error.reach), error.reason)
        except ParseError as error:
            return self._failed(Reach.UP, f"its answer cannot be read: {error}")
        watch.raw["fast"] = answer
        return self._answered(reading, before, came)

    def crashed(self, error: Exception) -> None:
        """Put an unknown sample."""
        budget = DeadlineError(self.name, self._timeout)
        late = isinstance(error, TimeoutError)
        reason = budget.reason if late else f"opsconsole failed: {type(error).__name__}"
        self._failed(Reach.SILENT if late else Reach.UP, reason)

    def _failed(self, reach: Reach, reason: str) -> float | None:
        watch = self._watch
        watch.patience(watch.host.name)
        watch.fails += 1
        watch.is_up = False
        watch.tell("fast", self._began, ServiceState.UNKNOWN, reach=reach, reason=reason)
        return back_off(watch.host, watch.fails)

    def _answered(self, reading: FastReading, before: Counters | None, came: float) -> float | None:
        watch = self._watch
        took, ago = came - self._began, watch.clock.monotonic() - came
        offset = _clock_offset(reading.clock, watch.clock.now() - ago, took)
        metrics = {**reading.metrics, **offset, "ssh.rtt": took}
        watch.tell(
            "fast", self._began, ServiceState.UP, metrics=metrics, facts=reading.facts, ago=ago
        )
        fresh = before is None or before.boot_id != reading.counters.boot_id
        wait = watch.patience(watch.host.name) if fresh or not watch.is_up else 0.0
        if fresh or not watch.is_up:
            watch.hurry(f"{watch.host.ref} slow", wait)
        if fresh:
            watch.hurry(f"{watch.host.ref} lazy", wait + _SOON)
        watch.counters = reading.counters
        watch.fails = 0
        watch.is_up = True
        # while others wait for their first look, the second, which is for rates, leaves them the way
        most = watch.host.every * _SECOND if wait else watch.host.every
        return min(wait or _SOON, most) if fresh else None


class PlainProbe(FastProbe):
    """A host that takes no script: whether it answers, and how fast; its numbers are not known."""

    async def poll(self) -> float | None:
        """Look once; put a sample in every case."""
        watch = self._watch
        self._began = watch.clock.monotonic()
        timeout = self._timeout if watch.is_up else self._timeout + watch.queue()
        try:
            await watch.remote.ask(watch.host, "", {}, timeout=timeout, max_output=FAST_LIMIT)
        except TransportError as error:
            return self._failed(Reach(error.reach), error.reason)
        took = watch.clock.monotonic() - self._began
        watch.patience(watch.host.name)
        facts = {"collector": "none: transport plain"}
        watch.tell("fast", self._began, ServiceState.UP, metrics={"ssh.rtt": took}, facts=facts)
        watch.fails, watch.is_up = 0, True
        return None


class TierProbe:
    """The slow or the lazy tier; rests while the host does not answer the fast one."""

    def __init__(self, watch: HostWatch, tier: str, timeout: float) -> None:
        self._watch = watch
        self._tier = tier
        self._timeout = timeout
        self._began = 0.0

    @property
    def name(self) -> str:
        """The probe's name."""
        return f"{self._watch.host.ref} {self._tier}"

    async def poll(self) -> float | None:
        """Look once, if the host answers at all."""
        watch = self._watch
        self._began = watch.clock.monotonic()  # of a look that ends while it waits for its turn
        if not watch.is_up:
            return None
        if (wait := watch.patience(watch.host.name)) > 0:
            return wait
        async with watch.turns.turn():
            if watch.is_up:  # it may have gone while this look waited for its turn
                await self._look()
        return None

    async def _look(self) -> None:
        watch = self._watch
        self._began = watch.clock.monotonic()
        command = Command(
            script=script(self._tier),
            args=(secrets.token_hex(8), *(watch.restarts.units if self._tier == "slow" else ())),
            timeout=self._timeout,
            max_output=TIER_LIMIT,
        )
        answer = await watch.remote.run(watch.host, command)
        try:
            reading = _READERS[self._tier](_text_of(answer))
        except ParseError as error:
            self._tell_failed(answer, error)
            return
        watch.raw[self._tier] = answer.stdout
        if self._tier == "slow":
            watch.restarts.note(reading.metrics, watch.clock.monotonic())
        watch.tell(
            self._tier,
            self._began,
            ServiceState.UP,
            metrics=reading.metrics,
            facts=reading.facts,
        )

    def crashed(self, error: Exception) -> None:
        """Put an unknown sample; whether the host is up is the fast tier's word."""
        late = isinstance(error, TimeoutError)
        reason = f"{self._tier} tier: " + (
            f"no answer in {self._timeout:g} s" if late else type(error).__name__
        )
        self._watch.tell(self._tier, self._began, ServiceState.UNKNOWN, reason=reason)

    def _tell_failed(self, answer: Answer, error: ParseError) -> None:
        reason = answer.reason or str(error)
        reach = answer.reach if answer.ending is Ending.UNREACHABLE else Reach.UP
        self._watch.tell(
            self._tier,
            self._began,
            ServiceState.UNKNOWN,
            reach=reach,
            reason=f"{self._tier} tier: {reason}",
        )


def back_off(host: Host, fails: int) -> float | None:
    """Tell how long to leave a host alone that failed `fails` times in a row; None: its schedule.

    The first three come at the host's own pace, so that an outage is certain soon; then the wait
    doubles, with jitter, to a minute.
    """
    if fails < _HARD_FAILS or host.every >= _LONGEST:
        return None
    wait = min(_LONGEST, host.every * 2.0 ** min(fails - _HARD_FAILS + 1, 10))
    return min(_LONGEST, wait * jitter(host.name, fails))


def _text_of(answer: Answer) -> bytes:
    return answer.stdout if answer.ending is Ending.EXITED else b""


def _clock_offset(clock: ClockReading | None, now: float, took: float) -> Mapping[str, float]:
    """Compare the host's clock with the middle of the question; 0 when no difference can be told."""
    if clock is None:
        return {}
    offset = clock.at - (now - took / 2)
    doubt = took / 2 + clock.grain
    if abs(offset) > doubt + _CLOCK_SLACK:
        return {"clock.offset": offset}
    return {"clock.offset": 0.0} if doubt <= _CLOCK_CERTAIN else {}
