"""A store on a clock that only moves when told, and a keeper that remembers."""

from collections.abc import Mapping
from typing import Any

import pytest

from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.inventory import Host, Inventory
from opsconsole.model.run import Run
from opsconsole.model.sample import CheckResult, Sample
from opsconsole.model.states import AlertState, Reach, ServiceState, Severity
from opsconsole.state.store import Store
from opsconsole.state.world import Marks

T0 = 1_800_000_000.0


class HandClock:
    """Time by hand."""

    def __init__(self) -> None:
        self.at = T0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - T0

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


class Notebook:
    """A keeper that keeps everything in lists."""

    def __init__(self) -> None:
        self.samples: list[tuple[str, float]] = []
        self.events: list[Event] = []
        self.alerts: list[Alert] = []
        self.runs: list[Run] = []
        self.marks: dict[str, Marks] = {}

    def put_sample(self, host: str, at: float, metrics: Mapping[str, float]) -> None:
        self.samples.append((host, at))

    def put_result(self, result: CheckResult) -> None:
        pass

    def put_event(self, event: Event) -> None:
        self.events.append(event)

    def put_alert(self, alert: Alert) -> None:
        self.alerts.append(alert)

    def put_gone(self, alert: Alert) -> None:
        pass

    def put_run(self, run: Run) -> None:
        self.runs.append(run)

    async def keep_marks(self, marks: Mapping[str, Marks]) -> None:
        self.marks.update(marks)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


@pytest.fixture
def store(clock: HandClock, notebook: Notebook) -> Store:
    return Store(clock, notebook)


@pytest.fixture
def fleet(store: Store) -> Any:
    """Put hosts by name into the store."""

    def put(*names: str, **fields: Any) -> None:
        hosts = tuple(Host(name, f"{name}.example", **fields) for name in names)
        store.put_inventory(Inventory(hosts=hosts))

    return put


@pytest.fixture
def good(clock: HandClock) -> Any:
    """Make a good sample of a host."""

    def make(host: str, probe: str = "fast", **more: Any) -> Sample:
        metrics = more.pop("metrics", {"load.per_core": 0.5})
        return Sample(
            f"host:{host}", probe, clock.at, 0.01, ServiceState.UP, metrics=metrics, **more
        )

    return make


@pytest.fixture
def bad(clock: HandClock) -> Any:
    """Make a failed sample of a host."""

    def make(host: str, probe: str = "fast", reach: Reach = Reach.NO_ANSWER) -> Sample:
        return Sample(
            f"host:{host}", probe, clock.at, 8.0, ServiceState.UNKNOWN, reach, "no answer in 8 s"
        )

    return make


@pytest.fixture
def fire() -> Any:
    """Make an alert."""

    def make(on: str = "host:db-02", name: str = "FsSpace", **fields: Any) -> Alert:
        made: dict[str, Any] = {
            "fingerprint": f"fp-{name}-{on}",
            "episode": f"ep-{name}-{on}",
            "name": name,
            "severity": Severity.CRITICAL,
            "raw_severity": "critical",
            "state": AlertState.FIRING,
            "since": T0,
            "on": on,
            "source": "rules",
            "summary": "root 97% used",
        }
        return Alert(**(made | fields))

    return make
