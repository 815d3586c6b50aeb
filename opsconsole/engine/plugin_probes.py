"""Collectors of plugins as probes: what they saw on a host stands among its metrics."""

from collections.abc import Callable
from typing import Final

from opsconsole.actions.answers import AnswerError, read_samples
from opsconsole.actions.match import is_offered, subject_of
from opsconsole.clock import Clock
from opsconsole.collect.schedule import Schedule, spread
from opsconsole.model.action import ActionSpec
from opsconsole.model.plugin import Contribution
from opsconsole.model.sample import Sample
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect, Reach, ServiceState
from opsconsole.runs.contributions import Contributions
from opsconsole.runs.targets import host_target

_TURN: Final = 60.0
"""Seconds that a call may wait for its turn beside its own deadline."""


def schedule_of(spec: Contribution, name: str) -> Schedule:
    """Plan a contribution's calls: spread over its interval by its name."""
    interval = max(spec.every, 1.0)
    return Schedule(interval, spec.timeout + _TURN, spread(name, interval))


class CollectorProbe:
    """One collector on one host."""

    def __init__(
        self,
        spec: Contribution,
        host: str,
        contributions: Contributions,
        snapshot: Callable[[], Snapshot],
        put: Callable[[Sample], None],
        clock: Clock,
    ) -> None:
        self._spec = spec
        self._host = host
        self._contributions = contributions
        self._snapshot = snapshot
        self._put = put
        self._clock = clock
        self._matched = ActionSpec(spec.id, spec.title, Effect.READ, "host", match=spec.match)

    @property
    def name(self) -> str:
        """The probe's name."""
        return f"{self._spec.id} {self._host}"

    async def poll(self) -> float | None:
        """Call it, where the host is up and matches."""
        snapshot = self._snapshot()
        record = snapshot.hosts.get(self._host)
        if record is None or record.reach is not Reach.UP:
            return None
        if not is_offered(self._matched, subject_of(snapshot, f"host:{self._host}")):
            return None
        began = self._clock.monotonic()
        found = await self._contributions.call(self._spec, host_target(self._host, snapshot))
        if found.error:
            self._fail(found.error)
            return None
        try:
            samples = read_samples(found.answer, self._spec)
        except AnswerError as error:
            self._contributions.blame(self._spec, str(error))
            self._fail(str(error))
            return None
        took = self._clock.monotonic() - began
        self._put(
            Sample(
                f"host:{self._host}", f"plugin {self._spec.id}", self._clock.now(), took,
                ServiceState.UP, metrics=samples.metrics, facts=samples.facts,
            )
        )  # fmt: skip
        return None

    def crashed(self, error: Exception) -> None:
        """A fault of ours, or no turn in time."""
        self._fail(str(error) or "no turn in time")

    def _fail(self, why: str) -> None:
        """What it brought before is taken off: it is not known any more."""
        self._put(
            Sample(
                f"host:{self._host}", f"plugin {self._spec.id}", self._clock.now(), 0.0,
                ServiceState.UNKNOWN, reason=why,
            )
        )  # fmt: skip
