"""How a rollout is said, in every front end's words, and how a mistake names its key."""

import pytest

from opsconsole.actions.api import Rollout
from opsconsole.actions.rollout_form import RolloutError, read_rollout, say_rollout
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.errors import ConfigError
from opsconsole.model.rollout import Budget, Canary, Gate, MinHealthy, Size
from opsconsole.model.rollout import Rollout as Strategy

YAML = """
api: 1
id: acme.rolling
title: Rolling restart
scope: host
effect: write
idempotent: true
needs: [ssh]
undo_policy: never
rollout:
  canary: {count: 1, bake: 2m}
  batches: [10%, 25%, 100%]
  spread_by: rack
  max_failures: {count: 1, percent: 5, consecutive: 1}
  min_healthy: {percent: 80, of: service.hosts}
  gate:
    - {check: core.service-health, with: {service: shop}, every: 5s, stable: 3, for: 2m}
  between: ask_after_canary
steps:
  - {id: up, run: [uptime], effect: read}
"""
WHOLE = Strategy(
    canary=Canary(Size(count=1), bake=120.0),
    batches=(Size(percent=10), Size(percent=25), Size(percent=100)),
    spread_by="rack",
    budget=Budget(count=1, percent=5, consecutive=1),
    min_healthy=MinHealthy(Size(percent=80), "service.hosts"),
    gates=(
        Gate(
            "1-service-health",
            "core.service-health",
            {"service": "shop"},
            every=5,
            hold=120,
            stable=3,
        ),
    ),
    between="ask_after_canary",
)


def test_a_runbook_says_its_rollout_in_yaml() -> None:
    spec = read_runbook(YAML, "r.yaml").spec

    assert spec.rollout == WHOLE
    assert spec.undo_policy == "never"


def test_python_says_the_same_rollout_with_keywords() -> None:
    said = Rollout(
        canary={"count": 1, "bake": "2m"},
        batches=["10%", "25%", "100%"],
        max_parallel=WHOLE.max_parallel,
        spread_by="rack",
        max_failures={"count": 1, "percent": 5, "consecutive": 1},
        min_healthy="80%",
        gate=[
            {
                "check": "core.service-health",
                "with": {"service": "shop"},
                "every": "5s",
                "stable": 3,
                "for": "2m",
            }
        ],
        between="ask_after_canary",
    )

    assert said == WHOLE


WRONG: list[tuple[dict[str, object], str]] = [
    ({"canary": 0}, "canary"),
    ({"canary": {"count": 1, "percent": 5}}, "canary"),
    ({"canary": {"bake": "2h"}}, "canary.bake"),
    ({"canary": {"pick": ["luckiest"]}}, "canary.pick"),
    ({"batches": "10%"}, "batches"),
    ({"batches": ["110%"]}, "batches"),
    ({"batches": ["many"]}, "batches"),
    ({"max_parallel": True}, "max_parallel"),
    ({"max_failures": -1}, "max_failures"),
    ({"max_failures": {"unreachable": "forget"}}, "max_failures.unreachable"),
    ({"min_healthy": {"of": "targets"}}, "min_healthy"),
    ({"gate": ["", "x"]}, "gate"),
    ({"gate": [{"check": "x", "stable": 0}]}, "gate.stable"),
    ({"gate": [{"check": "x", "never": 1}]}, "gate.never"),
    ({"mode": "sideways"}, "mode"),
    ({"canry": 1}, "canry"),
]


@pytest.mark.parametrize(("told", "key"), WRONG)
def test_a_mistake_in_a_rollout_names_its_key(told: dict[str, object], key: str) -> None:
    with pytest.raises(RolloutError) as wrong:
        read_rollout(told)

    assert wrong.value.key == key


def test_a_mistake_in_a_runbooks_rollout_has_its_place_in_the_file() -> None:
    with pytest.raises(ConfigError, match=r"r\.yaml:11:22:.*canary\.bake"):
        read_runbook(YAML.replace("bake: 2m", "bake: soon"), "r.yaml")


OUTAGES = [("outage: 90s\n", 90.0), ("outage: 2m\n", 120.0), ("", 0.0)]


@pytest.mark.parametrize(("line", "seconds"), OUTAGES)
def test_an_action_may_say_how_long_it_takes_away_what_a_target_carries(
    line: str, seconds: float
) -> None:
    assert read_runbook(_OUTAGE + line, "x.yaml").spec.outage == seconds


def test_an_outage_that_cannot_be_read_is_named_as_such() -> None:
    with pytest.raises(ConfigError, match="outage must be above 0"):
        read_runbook(_OUTAGE + "outage: 2h\n", "x.yaml")


_OUTAGE = """\
api: 1
id: acme.restart
title: Restart
scope: host
effect: write
idempotent: true
needs: [ssh]
steps: [{id: go, run: [systemctl, restart, a]}]
"""


def test_what_is_written_of_a_rollout_is_read_back_as_it_was() -> None:
    said = say_rollout(WHOLE)

    assert read_rollout(said) == WHOLE
    assert say_rollout(Strategy()) == {}
