"""How far words for targets reach, as they are typed; and what they could be."""

import pytest
from fleet_in_trouble import NOW, make_host
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.actions.completing import param_choices, read_order, target_choices
from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.snapshot import Access, Freeze, ServiceRecord, Snapshot
from opsconsole.model.states import Effect, HostState, Reach, RunState, ServiceState, TargetState
from opsconsole.view.cells import plain
from opsconsole.view.radius import LINES, lines, radius

RESTART = ActionSpec(
    "core.unit-restart", "Restart", Effect.WRITE, "host",
    params=(ParamSpec("unit", "unit"), ParamSpec("wait", "duration")),
)  # fmt: skip


def fleet(**more: object) -> Snapshot:
    hosts = [
        make_host(f"web-{n:02}", labels={"role": "web", "rack": "ab"[n % 2]}) for n in range(1, 7)
    ]
    hosts[4] = make_host("web-05", state="unknown", reach=Reach.NO_ANSWER, labels={"rack": "b"})
    hosts[5] = make_host("web-06", state="critical", worst="critical", labels={"rack": "a"})
    busy = Run(
        "r9", "core.reboot-wait", "Reboot", Effect.WRITE, "op2", RunState.RUNNING, NOW, {},
        (RunTarget("web-02", TargetState.RUNNING),), "h",
    )  # fmt: skip
    given = {
        "now": NOW,
        "hosts": {host.name: host for host in hosts},
        "services": {
            "checkout": ServiceRecord(
                "checkout", ServiceState.UP, hosts=tuple(host.name for host in hosts)
            )
        },
        "runs": {"r9": busy},
        "access": Access(freezes=(Freeze("f1", "op3", NOW + 60, "kernel", "web-03"),)),
    }
    return Snapshot(**(given | more))  # type: ignore[arg-type]


def said(text: str, spec: ActionSpec = RESTART, snapshot: Snapshot | None = None) -> list[str]:
    seen = radius(snapshot or fleet(), text, spec, NOW)
    return [plain(line) for line in lines(seen)]


def test_the_share_of_a_service_and_what_stays_healthy_are_said() -> None:
    shown = said("web-[01,03]")

    assert shown[:3] == [
        "2 targets  web-{01,03}",
        "checkout  [████░░░░░░░░]  2 of 6 hosts  leaves 2 healthy of 4",
        "rack  b 2 of 3",
    ]


def test_nothing_left_healthy_is_said_loudly() -> None:
    seen = lines(radius(fleet(), "web-[01-06]", RESTART, NOW))

    assert plain(seen[1]).endswith("6 of 6 hosts  leaves none healthy")
    assert seen[1][-1].tone == "critical"


def test_who_is_in_the_way_is_named() -> None:
    assert said("web-[02,03,05,06]")[-2:] == [
        "held by op2: reboot-wait web-02   frozen by op3 web-03",
        "unreachable web-05   alerting web-06",
    ]


def test_a_freeze_does_not_matter_to_what_only_reads() -> None:
    read = ActionSpec("core.x", "Look", Effect.READ, "host")

    assert not [line for line in said("web-03", read) if "frozen" in line]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no target is named: name hosts, or services"),
        ("web-99", "no host web-99"),
        ("role:db", "role:db means no host now"),
        ("*", "* is not accepted for a change: name the targets"),
        ("'web", "'web: no closing quotation"),
    ],
)
def test_words_that_mean_nothing_say_so(text: str, why: str) -> None:
    seen = radius(fleet(), text, RESTART, NOW)

    assert seen.refusal == why
    assert [plain(line) for line in lines(seen)] == [why]


def test_too_many_targets_are_refused_before_anything_is_planned() -> None:
    one = ActionSpec("core.x", "One", Effect.WRITE, "host", arity="one")

    assert radius(fleet(), "web-[01-02]", one, NOW).refusal == "takes 1 at most, not 2"


def test_stale_hosts_are_never_counted_as_healthy() -> None:
    snapshot = fleet()

    assert radius(snapshot, "web-01", RESTART, NOW + 900).shares[0].healthy == 0


@given(st.text(max_size=60))
def test_any_words_are_answered(text: str) -> None:
    assert 1 <= len(lines(radius(fleet(), text, RESTART, NOW))) <= LINES


def test_a_service_and_a_label_are_words_for_hosts() -> None:
    assert radius(fleet(), "service:checkout", RESTART, NOW).names[0] == "web-01"
    assert len(radius(fleet(), "role:web", RESTART, NOW).names) == 4


def test_what_follows_an_action_is_targets_and_parameters() -> None:
    assert read_order(RESTART, ["web-[01-02]", "unit=nginx", "cpu.busy>0.9", "other=x"]) == (
        ("web-[01-02]", "cpu.busy>0.9", "other=x"),
        {"unit": "nginx"},
    )
    assert read_order(RESTART, ["unit==x"]) == (("unit==x",), {})


def test_units_that_failed_on_the_targets_are_offered_first() -> None:
    hosts = {
        "a": make_host("a", facts={"units.failed": "x.service, y.timer"}),
        "b": make_host("b", facts={"units.failed": "z.service"}),
    }

    found = param_choices(ParamSpec("unit", "unit"), Snapshot(hosts=hosts), ("b",))

    assert found == ["z.service", "x.service", "y.timer"]


@pytest.mark.parametrize(
    ("kind", "first"),
    [("bool", "true"), ("host", "web-02"), ("service", "checkout"), ("str", ""), ("alert", "")],
)
def test_choices_come_from_what_exists(kind: str, first: str) -> None:
    found = param_choices(ParamSpec("p", kind), fleet(), ("web-02",))

    assert (found[0] if found else "") == first


def test_closed_choices_come_before_everything() -> None:
    assert param_choices(ParamSpec("p", "host", choices=("x",)), fleet()) == ["x"]


def test_targets_are_offered_by_name_by_service_and_by_label() -> None:
    found = target_choices(fleet(), "host")

    assert found[0] == "web-01"
    assert {"service:checkout", "role:web", "rack:a"} <= set(found)
    assert target_choices(fleet(), "service") == ["checkout"]


def test_a_critical_host_is_not_healthy() -> None:
    assert fleet().hosts["web-06"].state is HostState.CRITICAL
    assert radius(fleet(), "web-01", RESTART, NOW).shares[0].healthy == 4
