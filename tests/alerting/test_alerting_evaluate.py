"""Evaluation as a whole: what it costs, what it leaves out, and how it lives with the store."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from opsconsole.alerting.compile import rules_for
from opsconsole.alerting.evaluate import evaluate
from opsconsole.alerting.memory import Memory, recall
from opsconsole.alerting.summaries import percent, size
from opsconsole.config.rules import shipped_rules
from opsconsole.model.delta import apply, diff
from opsconsole.model.inventory import Host, Inventory, RuleSettings, Settings
from opsconsole.model.sample import Sample
from opsconsole.model.snapshot import CheckRecord, HostRecord, ServiceRecord
from opsconsole.model.states import Freshness, HostState, Reach, ServiceState
from opsconsole.state.store import Store

T0 = 1_800_000_000.0


class Counted(dict[str, float]):
    """Metrics that count how often they are walked through."""

    walks = 0

    def items(self) -> Any:
        Counted.walks += 1
        return super().items()


def test_only_hosts_whose_record_changed_are_looked_at(scene: Any) -> None:
    names = [f"h{number:03}" for number in range(200)]
    stage = scene(*names)
    for name in names:
        stage.metrics(name, Counted({"load.1m": 0.1}))
    stage.step()
    all_walks, Counted.walks = Counted.walks, 0

    stage.step(1)
    assert Counted.walks == 0

    stage.metrics("h007", Counted({"load.1m": 0.2}))
    stage.step(1)
    assert Counted.walks * 200 == all_walks


def test_what_is_pending_is_not_given_out(scene: Any) -> None:
    stage = scene("db-02")
    stage.away("db-02")

    assert dict(stage.step()) == {}
    assert stage.memory.lives


def test_a_host_in_maintenance_suppresses_its_alerts(scene: Any) -> None:
    stage = scene("db-02", rules={"FsSpace": {"hold": 0}})
    stage.metrics("db-02", {"fs.available_ratio{mount=/}": 0.01})
    stage._host("db-02", maintenance="kernel")

    stage.step()

    assert stage.firing()["FsSpace host:db-02"].suppressed_by == ("maintenance:kernel",)


def test_rules_that_are_off_see_nothing(scene: Any) -> None:
    off = ("HostUnreachable", "HostKeyChanged", "UnitFailed", "ServiceDown", "CheckDown")
    stage = scene("a", "b", "c", rules={name: {"off": True} for name in off})
    stage.away("a")
    stage.away("b", Reach.KEY_CHANGED)
    stage.metrics("c", {"units.failed": 1.0}, units_failed="x.service")
    stage.put(
        services={"s": ServiceRecord(name="s", state=ServiceState.DOWN)},
        checks={"k": CheckRecord(name="k", kind="tcp", target="", state=ServiceState.DOWN)},
    )
    stage.step(600)

    assert dict(stage.alerts) == {}


def test_a_value_that_is_not_a_number_is_not_seen(scene: Any) -> None:
    stage = scene("db-02", rules={"MemAvailable": {"hold": 0}})
    stage.metrics("db-02", {"mem.available_ratio": 0.01})
    stage.step()
    stage.metrics("db-02", {"mem.available_ratio": float("nan")})
    stage.step(10)

    assert stage.firing()["MemAvailable host:db-02"].freshness is Freshness.STALE


def test_a_certificate_nobody_looked_at_lately_stays_as_it_was(scene: Any) -> None:
    stage = scene()
    check = CheckRecord(
        name="shop", kind="tls", target="shop.example:443", at=stage.now, tried=stage.now,
        state=ServiceState.UP, metrics={"cert.expires_in": 86_400.0},
    )  # fmt: skip
    up = ServiceRecord(name="shop", state=ServiceState.UP, checks=(check,))
    stage.put(services={"shop": up})
    stage.step()
    away = structs.replace(check, failed=True, state=ServiceState.UNKNOWN)
    stage.put(services={"shop": structs.replace(up, state=ServiceState.UNKNOWN, checks=(away,))})
    stage.step(60)
    assert stage.firing()["CertExpiry service:shop"].freshness is Freshness.STALE

    renewed = structs.replace(check, at=stage.now, metrics={"cert.expires_in": 90 * 86_400.0})
    stage.put(services={"shop": structs.replace(up, checks=(renewed,))})
    stage.step(30)
    assert stage.firing() == {}


def test_a_check_of_a_host_is_recalled_on_its_own_record(scene: Any) -> None:
    stage = scene("db-02")
    row = CheckRecord(name="raid", kind="exec", target="", host="db-02", state=ServiceState.DOWN)
    stage.put(checks={"raid": row})
    before = stage.step()

    again = scene("db-02")
    again.put(checks={"raid": structs.replace(row, state=ServiceState.PENDING)})
    again.memory = recall(before.values(), again.now)
    again.step(5)
    assert again.alerts.keys() == before.keys()

    again.put(checks={"raid": structs.replace(row, state=ServiceState.UP)})
    again.step(5)
    assert again.firing() == {}


class Machine:
    """Store and alerting as the engine wires them."""

    def __init__(self, count: int) -> None:
        self.at = T0
        self.store = Store(self)
        said = {"HostUnreachable": RuleSettings(hold=0), "FsSpace": RuleSettings(hold=0)}
        hosts = tuple(Host(f"h{n}", f"h{n}.example") for n in range(count))
        inventory = Inventory(hosts=hosts, settings=Settings(rules=said))
        self.store.put_inventory(inventory)
        self.rules = rules_for(inventory, shipped_rules())
        self.memory = Memory()

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at - T0

    async def sleep(self, seconds: float) -> None:
        self.at += seconds

    def sample(self, host: int, word: str) -> None:
        reach = Reach.UP if word != "away" else Reach.NO_ANSWER
        metrics = {"good": 0.5, "full": 0.01}.get(word)
        self.store.put_sample(
            Sample(
                f"host:h{host}", "fast", self.at, 0.1,
                ServiceState.UP if metrics else ServiceState.UNKNOWN, reach,
                metrics={"fs.available_ratio{mount=/}": metrics} if metrics else {},
            )
        )  # fmt: skip

    def second(self, seconds: float = 1.0) -> None:
        self.at += seconds
        self.store.tick(self.at)
        self.memory, alerts = evaluate(self.store.snapshot, self.memory, self.rules, self.at)
        self.store.put_alerts(alerts)


def test_from_sample_to_host_state_and_back() -> None:
    machine = Machine(1)
    states = []
    for word in ("good", "full", "away", "full", "good"):
        machine.sample(0, word)
        machine.second(10)
        machine.second(11)
        states.append(machine.store.snapshot.hosts["h0"].state.value)

    assert states == ["unknown", "unknown", "unknown", "unknown", "unknown"]
    states.clear()
    for word in ("good", "full", "away", "full", "good", "good"):
        machine.second(10)
        machine.sample(0, word)
        machine.second()
        states.append(machine.store.snapshot.hosts["h0"].state.value)
    assert states == ["ok", "critical", "unknown", "critical", "ok", "ok"]


WORDS = st.lists(
    st.tuples(
        st.integers(0, 7), st.sampled_from(["good", "full", "away", "odd"]), st.floats(0.5, 30.0)
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@example([(0, word, 1.0) for word in ("away", "good") * 3])  # it flaps: quiet, and counted
@given(WORDS)
def test_whatever_happens_the_mirror_follows_and_nothing_unseen_is_ok(
    story: list[tuple[int, str, float]],
) -> None:
    machine = Machine(8)
    mirror = machine.store.snapshot
    last: dict[int, str] = {}
    for host, word, wait in story:
        machine.sample(host, word)
        last[host] = word
        machine.second(wait)
        mirror = apply(mirror, diff(mirror, machine.store.snapshot))
        assert mirror == machine.store.snapshot
        _check_truths(machine, last)


def _check_truths(machine: Machine, last: dict[int, str]) -> None:
    shown = machine.store.snapshot
    firing = [alert for alert in shown.alerts.values() if alert.is_firing]
    assert len({(alert.fingerprint) for alert in firing}) == len(firing)
    for number, word in last.items():
        row: HostRecord = shown.hosts[f"h{number}"]
        if word in ("away", "odd"):
            assert row.state is HostState.UNKNOWN
        if row.state is HostState.OK:
            assert not [a for a in firing if a.on == f"host:h{number}" and a.severity != "info"]
    for alert in shown.alerts.values():
        assert alert.since <= machine.at
    counted = sum(row.alerts for row in shown.hosts.values())
    assert counted == sum(a.on.startswith("host:") and not a.is_muted for a in firing)


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0"), (512, "512"), (2048, "2.0K"), (1.2 * 2**30, "1.2G"), (340 * 2**20, "340M"),
     (12 * 2**40, "12T"), (3 * 2**60, "3072P")],
)  # fmt: skip
def test_bytes_are_short(amount: float, text: str) -> None:
    assert size(amount) == text


@pytest.mark.parametrize(("ratio", "text"), [(0.999, "99%"), (1.0, "100%"), (0.97, "97%")])
def test_only_a_full_disk_is_called_full(ratio: float, text: str) -> None:
    assert percent(ratio) == text
