"""The shipped actions over a scripted fleet: what they send, and what they say of what comes back."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from runs_bench import Bench, MakeBench, give_ports
from runs_fakes import Exit, make_snapshot

from opsconsole.actions.api import Certificate
from opsconsole.actions.loader import load
from opsconsole.errors import RefusedError
from opsconsole.model.alert import Alert
from opsconsole.model.calls import PlanRun, ReadChoices
from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.model.sample import CheckResult
from opsconsole.model.snapshot import CheckRecord, Snapshot
from opsconsole.model.states import AlertState, RunState, ServiceState, Severity
from opsconsole.shipped import shipped_dir

CORE = load([], shipped=shipped_dir("plugins"))


def bench_of(make_bench: MakeBench, *names: str, **services: tuple[str, ...]) -> Bench:
    return make_bench(registry=CORE, snapshot=make_snapshot(*names, services=services))


def ends(run: Run) -> list[tuple[str, str]]:
    return [(str(target.state), target.why) for target in run.targets]


def with_alert(snapshot: Snapshot, name: str, on: str, **labels: str) -> Snapshot:
    fire = Alert(
        "f" * 16, "e1", name, Severity.CRITICAL, "critical", AlertState.FIRING,
        snapshot.now - 600, on, "rules", labels,
    )  # fmt: skip
    return replace(snapshot, alerts={"e1": fire})


async def test_a_restart_asks_restarts_and_looks_until_it_is_stable(
    make_bench: MakeBench, tmp_path: Path
) -> None:
    bench = bench_of(make_bench, "web1")
    bench.remote.on(
        "systemctl is-active *", Exit(3, "activating\n"), Exit(0, "active\n"), Exit(0, "active\n")
    )

    run = await bench.run("unit-restart", "web1", unit="shop.service")

    sent = [line for _, line in bench.remote.dispatched]
    assert run.state is RunState.SUCCEEDED
    assert "systemctl cat -- shop.service" in sent
    assert "sudo -n -- systemctl restart -- shop.service" in sent
    assert sent.count("systemctl is-active -- shop.service") == 5
    assert not any(line.startswith("journalctl -u") for line in sent)
    assert (tmp_path / "runs" / run.id / "out" / "web1.bundle.tar.gz").exists()


async def test_a_restart_that_does_not_hold_fails_and_shows_the_log(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, "web1", "web2")
    bench.remote.on("systemctl is-active *", Exit(3, "failed\n"))
    bench.remote.on("journalctl *", Exit(0, "shop: no database\n"))

    plan = await bench.plan("unit-restart", "web[1-2]", unit="shop.service")
    run_id = await bench.start(plan)
    run = await bench.end(run_id)

    assert ends(run) == [
        ("failed", "verify: not so within 30 s: 'failed' is not 'active'"),
        ("not-started", "halted: the canary web1 is failed"),
    ]
    assert "web1 out shop: no database" in await bench.lines(run_id)
    assert run.targets[0].step == "verify", (
        "what failed is named, not the log that was read after it"
    )


REFUSED = [
    "sshd.service",
    "sshd@7.service",
    "ssh.service",
    "dbus-broker.service",
    "systemd-logind.service",
]


@pytest.mark.parametrize("unit", REFUSED)
async def test_what_would_cut_us_off_is_never_restarted(make_bench: MakeBench, unit: str) -> None:
    bench = bench_of(make_bench, "web1")

    with pytest.raises(RefusedError) as refused:
        await bench.plan("unit-restart", "web1", unit=unit)

    assert refused.value.code == "param"


async def test_a_host_without_the_unit_is_skipped_in_the_plan(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, "web1", "db1")
    bench.remote.on(
        "systemctl cat *", Exit(1, stderr="No files found for shop.service.\n"), host="db1"
    )

    plan = await bench.plan("unit-restart", "web1,db1", unit="shop.service")

    assert {target.name: target.skip for target in plan.targets} == {
        "db1": "unit-exists: exit 1: No files found for shop.service.",
        "web1": "",
    }
    assert plan.blast == "1 of 2 hosts, 1 skipped"


async def test_sudo_that_asks_for_a_password_is_named_as_what_it_is(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, "web1")
    bench.remote.on("sudo -n -- *", Exit(1, stderr="sudo: a password is required\n"))

    run = await bench.run("unit-restart", "web1", unit="shop.service")

    assert ends(run) == [
        ("failed", "restart: needs sudo rule: systemctl (sudo: a password is required)")
    ]


async def test_the_plan_shows_sudo_and_every_step(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, "web1")

    plan = await bench.plan("unit-restart", "web1", unit="shop.service")

    assert [" ".join(step.argv) or step.note for step in plan.targets[0].steps] == [
        "systemctl show -p NRestarts -- shop.service",
        "Bundle of diagnostics, which only reads (core.diag-bundle)",
        "sudo -n -- systemctl restart -- shop.service",
        "systemctl is-active -- shop.service",
        "systemctl is-active -- shop.service",
        "systemctl show -p NRestarts -- shop.service",
    ]


async def test_the_path_of_a_full_file_system_comes_from_the_fire(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, "web1")
    snapshot = with_alert(bench.snapshot, "FsSpace", "host:web1", mount="/var")

    plan = await bench.service.plan(PlanRun("disk-hogs", ("host:web1",), {}, "e1"), "op1", snapshot)

    assert plan.params == {"path": "/var"}


LOGS = [
    ({}, ["journalctl -n 100 -o short-iso --no-pager"]),
    ({"unit": "shop"}, ["journalctl -u shop.service -n 100 -o short-iso --no-pager"]),
    (
        {"unit": "shop", "follow": "true"},
        ["journalctl -u shop.service -n 100 -f -o short-iso --no-pager"],
    ),
    ({"path": "/var/log/syslog", "lines": "5"}, ["tail -n 5 -- /var/log/syslog"]),
    ({"path": "/var/log/syslog", "follow": "yes"}, ["tail -n 100 -F -- /var/log/syslog"]),
]


@pytest.mark.parametrize(("params", "expected"), LOGS)
async def test_each_way_to_read_a_log_is_one_command(
    make_bench: MakeBench, params: dict[str, str], expected: list[str]
) -> None:
    bench = bench_of(make_bench, "web1")

    run = await bench.run("logs-tail", "web1", **params)

    assert run.state is RunState.SUCCEEDED
    assert [line for _, line in bench.remote.dispatched] == expected


async def test_choices_are_read_by_the_parameters_own_grammar(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, "web1")
    bench.remote.on(
        "systemctl list-units --state=failed *", Exit(0, "shop.service loaded failed failed Shop\n")
    )
    bench.remote.on(
        "systemctl list-units --type=service *",
        Exit(
            0,
            "a.service loaded active running A\n$(id).service x\nsshd.service x\nshop.service x\n\n",
        ),
    )
    call = ReadChoices("unit-restart", "unit", ("host:web1",))

    choices = await bench.service.choices(call, bench.snapshot)
    again = await bench.service.choices(call, bench.snapshot)

    assert choices.values == ("shop.service", "a.service")
    assert again == choices
    assert len(bench.remote.dispatched) == 2


async def test_deploys_come_newest_first_and_those_before_the_fire_are_marked(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench, "web1")
    now = bench.snapshot.now
    bench.engine.snapshot = with_alert(bench.snapshot, "ServiceDown", "host:web1")
    bench.remote.on("date *", Exit(0, "+0100\n"))
    bench.remote.on(
        "zgrep *", Exit(0, "2023-11-14 22:00:00 upgrade libc6:amd64 2.36 2.37\nnonsense\n")
    )

    async def events(ref: str, since: float) -> list[Event]:
        return [Event(1, now - 900, "ci", "deploy", ref, "shop v2")]

    give_ports(bench.service, events=events)
    call = PlanRun("recent-deploys", ("host:web1",), {}, "e1")
    plan = await bench.service.plan(call, "op1", bench.engine.snapshot)
    run_id = await bench.start(plan)
    run = await bench.end(run_id)

    lines = await bench.lines(run_id)
    assert ends(run) == [("unchanged", "2 changes, 1 shortly before the fire")]
    assert "shop v2" in lines[1]
    assert lines[1].endswith("LIKELY: 5m before the fire")
    assert "upgrade libc6:amd64 2.36 → 2.37" in lines[2]


def tls_snapshot(snapshot: Snapshot) -> Snapshot:
    record = replace(
        snapshot.services["shop"],
        checks=(CheckRecord("shop", "http", "https://shop.example/health"),),
    )
    return replace(snapshot, services={"shop": record})


async def test_every_backend_is_asked_for_the_name_and_one_that_ends_soon_fails(
    make_bench: MakeBench,
) -> None:
    bench = bench_of(make_bench, "web1", "web2", shop=("web1", "web2"))
    bench.engine.snapshot = tls_snapshot(bench.snapshot)
    asked: list[tuple[str, int, str]] = []

    async def tls(address: str, port: int, name: str) -> Certificate:
        asked.append((address, port, name))
        days = 3 if address == "192.0.2.2" else 90
        return Certificate(
            address, port, name, not_after=bench.snapshot.now + days * 86_400, fingerprint=address
        )

    give_ports(bench.service, tls=tls)
    run = await bench.run("tls-check", "service:shop")

    assert asked == [
        ("shop.example", 443, "shop.example"),
        ("192.0.2.1", 443, "shop.example"),
        ("192.0.2.2", 443, "shop.example"),
    ]
    assert ends(run) == [("failed", "ends in 3 days")]


async def test_the_health_suite_says_how_many_checks_are_up(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, "web1", shop=("web1",))

    async def checks(ref: str) -> list[CheckResult]:
        return [
            CheckResult("shop/a", 1.0, 0.1, ServiceState.UP),
            CheckResult("shop/b", 1.0, 0.1, ServiceState.DOWN, "status 503, must be == 200"),
        ]

    give_ports(bench.service, checks=checks)
    run = await bench.run("health-suite", "host:web1")

    assert ends(run) == [("failed", "1 of 2 not up: shop/b is down")]
    assert bench.engine.polled == [], "what only looked forgives no host its failures"
    assert bench.engine.glanced == ["host:web1", "service:shop"]


async def test_an_engine_without_the_means_says_so(make_bench: MakeBench) -> None:
    bench = bench_of(make_bench, "web1", shop=("web1",))

    run = await bench.run("health-suite", "service:shop")

    assert ends(run) == [("failed", "checks: this engine cannot run checks on demand")]
