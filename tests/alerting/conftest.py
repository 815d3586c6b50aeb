"""A small world for the rules: hosts by name, samples by hand, and time that only moves when told."""

from collections.abc import Mapping
from typing import Any

import pytest
from msgspec import structs

from opsconsole.alerting.compile import rules_for
from opsconsole.alerting.evaluate import evaluate
from opsconsole.alerting.memory import Memory, note_reading
from opsconsole.config.rules import shipped_rules
from opsconsole.model.alert import Alert
from opsconsole.model.inventory import AlertSource, Host, Inventory, RuleSettings, Settings
from opsconsole.model.sample import RemoteAlert, SourceReading
from opsconsole.model.snapshot import Feed, HostRecord, Snapshot
from opsconsole.model.states import HostState, Reach, ServiceState

T0 = 1_800_000_000.0


class Scene:
    """Evaluates a hand-made snapshot second by second."""

    def __init__(self, inventory: Inventory, **extra: Any) -> None:
        self.now = T0
        self.memory = Memory()
        self.rules = rules_for(inventory, shipped_rules(), **extra)
        self.snapshot = Snapshot(
            now=T0,
            hosts={h.name: _row(h) for h in inventory.hosts},
            feeds={s.name: Feed(name=s.name, kind="alertmanager") for s in inventory.sources},
        )
        self.alerts: Mapping[str, Alert] = {}
        self._given: set[str] = set()

    def well(self, name: str, **metrics: float) -> None:
        """Give a host a good sample now; `fs_root` and the like are spelt out by the caller."""
        self._host(name, at=self.now, tried=self.now, reach=Reach.UP, failed=False, fails=0,
                   state=HostState.OK, metrics={"load.1m": 0.1, **metrics})  # fmt: skip

    def metrics(self, name: str, metrics: Mapping[str, float], **facts: str) -> None:
        """Give a host a good sample with metrics by their keys."""
        self.well(name)
        self._host(name, metrics=metrics, facts={k.replace("_", "."): v for k, v in facts.items()})

    def away(self, name: str, reach: Reach = Reach.NO_ANSWER) -> None:
        """Let a poll of a host fail now."""
        fails = self.snapshot.hosts[name].fails + 1
        self._host(name, tried=self.now, reach=reach, failed=True, fails=fails,
                   state=HostState.UNKNOWN, reason=f"{reach} in 8 s")  # fmt: skip

    def put(self, **tables: Any) -> None:
        """Replace tables of the snapshot."""
        self.snapshot = structs.replace(self.snapshot, **tables)

    def read(self, *alerts: RemoteAlert, source: str = "main", **fields: Any) -> None:
        """Let a source answer."""
        fields = {
            "state": ServiceState.UP,
            "members_up": 1,
            "members": 1,
            "started_at": 5.0,
        } | fields
        reading = SourceReading(source=source, at=self.now, took=0.1, alerts=alerts, **fields)
        self.memory = note_reading(self.memory, reading)

    def step(self, seconds: float = 0.0) -> Mapping[str, Alert]:
        """Let time pass and evaluate; what was told since the last step happened at its end."""
        self.now += seconds
        for name in self._given & self.snapshot.hosts.keys():
            old = self.snapshot.hosts[name]
            at = old.at if old.failed else self.now
            row = structs.replace(old, at=at, tried=self.now)
            self.put(hosts={**self.snapshot.hosts, name: row})
        self._given.clear()
        self.memory, self.alerts = evaluate(self.snapshot, self.memory, self.rules, self.now)
        return self.alerts

    def firing(self) -> dict[str, Alert]:
        """What fires, by `name on`."""
        return {f"{a.name} {a.on}": a for a in self.alerts.values() if a.is_firing}

    def resolved(self) -> dict[str, Alert]:
        """What was resolved lately."""
        return {f"{a.name} {a.on}": a for a in self.alerts.values() if a.state == "resolved"}

    def _host(self, name: str, **fields: Any) -> None:
        self._given.add(name)
        record = structs.replace(self.snapshot.hosts[name], **fields)
        self.put(hosts={**self.snapshot.hosts, name: record})


def _row(host: Host) -> HostRecord:
    return HostRecord(
        name=host.name, address=host.address, jump=host.jump, depends_on=host.depends_on
    )


@pytest.fixture
def scene() -> Any:
    """Make a scene of host names, or of hosts; rule settings by name."""

    def make(*hosts: str | Host, rules: Any = None, sources: Any = (), **extra: Any) -> Scene:
        made = tuple(Host(h, f"{h}.example") if isinstance(h, str) else h for h in hosts)
        said = {name: RuleSettings(**given) for name, given in (rules or {}).items()}
        return Scene(
            Inventory(hosts=made, sources=tuple(sources), settings=Settings(rules=said)), **extra
        )

    return make


@pytest.fixture
def main_source() -> AlertSource:
    """An Alertmanager."""
    return AlertSource("main", "alertmanager", ("http://am-1.example:9093",))
