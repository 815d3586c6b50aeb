"""The screen lets no sample pass that a rule would see: it may only be too careful."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsconsole.alerting.compile import rules_for
from opsconsole.alerting.guards import bounds_of
from opsconsole.alerting.look_rules import Sky, look_at_metrics
from opsconsole.alerting.past import Measures, NoPast
from opsconsole.alerting.texts import show
from opsconsole.config.rules import shipped_rules
from opsconsole.model.inventory import Inventory
from opsconsole.model.metrics import METRICS
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.query.fields import Kind
from opsconsole.query.rule_names import read_rule

INF = float("inf")
RULES = rules_for(Inventory(), shipped_rules())
_KEYS = [
    f"{name}{{{metric.labels[0]}={value}}}" if metric.labels else name
    for name, metric in METRICS.items()
    for value in (("cpu", "memory", "io") if "resource" in metric.labels else ("a", "b"))
]
_VALUES = st.one_of(
    st.sampled_from([0.0, 0.04, 0.05, 0.1, 0.5, 0.95, 1.0, 2.0, 30.0, 1e6, 2e8, float("nan")]),
    st.floats(0, 1e9),
)


class _Everything:
    """A screen that lets nothing be skipped."""

    always = tuple(range(len(RULES.hosts)))

    def touched(self, _: object) -> dict[int, set[str]]:
        return {}


def _breached(metrics: dict[str, float], screen: Any) -> set[tuple[str, str]]:
    from msgspec import structs

    record = HostRecord(name="a", at=1000.0, metrics=metrics)
    rules = structs.replace(RULES, screen=screen)
    sky = Sky(Snapshot(now=1000.0), Measures(NoPast()))
    return {
        (seen.key, str(sight.hold))
        for seen in look_at_metrics(record, {}, rules, sky, 1000.0)
        for sight in seen.sights
        if sight is not None and sight.breached
    }


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(_KEYS), _VALUES, max_size=25))
def test_what_a_rule_sees_the_screen_lets_through(metrics: dict[str, float]) -> None:
    assert _breached(metrics, RULES.screen) == _breached(metrics, _Everything())


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("cpu.busy > 90%", [("cpu.busy", 0.9, INF)]),
        ("90% < cpu.busy", [("cpu.busy", 0.9, INF)]),
        ("cpu.busy >= 90% and load.1m > 2", [("cpu.busy", 0.9, INF)]),
        ("forecast(fs.available, 6h, 1d) < 0 and fs.available_ratio <= 40%",
         [("fs.available_ratio", -INF, 0.4)]),
        ("abs(clock.offset) > 50ms", [("clock.offset", 0.05, INF), ("clock.offset", -INF, -0.05)]),
        ("sum(mem.oom_kills, 30m) >= 1", [("mem.oom_kills", 0.0, INF)]),
        ("max(cpu.busy, 5m) > 90%", [("cpu.busy", 0.9, INF)]),
        ("net.rx > 1MB or net.tx > 1MB", [("net.rx", 1e6, INF), ("net.tx", 1e6, INF)]),
        ("clock.synced == 0", [("clock.synced", -INF, 0.0)]),
        ("psi.full{resource=io} > 20%", [("psi.full{resource=io}", 0.2, INF)]),
        ("changes(fs.readonly, 1h) > 2", None),
        ("absent(clock.synced)", None),
        ("cpu.busy > 90% or absent(cpu.busy)", None),
        ("not cpu.busy < 10%", None),
        ('labels.role == "web"', None),
        ("cpu.busy != 0", None),
        ("avg(cpu.busy, 5m) < 10%", None),
    ],
)  # fmt: skip
def test_a_necessary_condition_is_found_where_there_is_one(text: str, bounds: Any) -> None:
    found = bounds_of(read_rule(text))

    assert (found is None) is (bounds is None)
    if found is not None:
        assert [b.metric for b in found] == [metric for metric, _, _ in bounds]
        assert [v for b in found for v in b[1:]] == [
            pytest.approx(v) for _, low, high in bounds for v in (low, high)
        ]


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(("number", "word"), [(float("nan"), "?"), (float("inf"), "inf")])
def test_what_is_no_number_can_be_said(kind: Kind, number: float, word: str) -> None:
    assert show(number, kind) == word
