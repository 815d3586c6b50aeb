"""Drill-downs, runs, plans, and what `status` prints."""

import shlex

import msgspec
import pytest
from fleet_in_trouble import NOW, make_alert, make_host
from msgspec.structs import replace

from opsconsole.errors import QueryError
from opsconsole.model.action import Plan, PlannedStep, PlannedTarget
from opsconsole.model.alert import Note
from opsconsole.model.calls import Series
from opsconsole.model.oncall import Fix, Fixes
from opsconsole.model.run import OutputLine, Run, RunTarget
from opsconsole.model.snapshot import CheckRecord, Snapshot
from opsconsole.model.states import Confirm, Effect, Reach, RunState, ServiceState, TargetState
from opsconsole.state import blocks
from opsconsole.view import (
    alert_page,
    host_details,
    host_devices,
    host_page,
    plan_page,
    run_output,
    run_page,
    runs,
    service_page,
    status,
)
from opsconsole.view.cells import plain
from opsconsole.view.fold import fold
from opsconsole.view.log_lines import log_cells
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Tone
from opsconsole.view.sections import Section

ME = ViewOptions(me="op1")


def _lines(section: Section) -> list[str]:
    return [plain(line) for line in section.lines]


def test_a_hosts_page_says_what_it_is_and_how_it_is(snapshot: Snapshot) -> None:
    assert plain(host_page.headline(snapshot, "db-prod-02", NOW, ME)) == (
        "✗ db-prod-02  db  192.0.2.7  up 212d  seen 3s ago  2 fires"
    )
    tabs = host_page.tabs(snapshot, "db-prod-02", NOW, "op1")
    assert plain(host_page.tab_line(tabs, "overview")).startswith(
        "[Overview]  Services  Alerts 2  Logs"
    )
    assert "load    11.8 ▃▄▅▅▆▇▇█" in _lines(host_page.vitals(snapshot, "db-prod-02", NOW, ME))


def test_a_host_that_cannot_be_seen_says_what_mends_it(snapshot: Snapshot) -> None:
    record = make_host(
        "h", "unknown", reach=Reach.KEY_UNKNOWN, reason="its key is not known", failed=True
    )

    lines = _lines(host_page.vitals(replace(snapshot, hosts={"h": record}), "h", NOW, ME))

    assert lines == [
        "reach key-unknown", "why   its key is not known", "mend  :trust h", "stale last good sample 3s ago",
    ]  # fmt: skip


def test_a_hosts_devices_are_listed_worst_first() -> None:
    metrics = {
        "fs.used_ratio{mount=/}": 0.4, "fs.used_ratio{mount=/srv}": 0.97, "fs.size{mount=/srv}": 2.0**40,
        "fs.available{mount=/srv}": 30 * 2.0**30, "fs.inodes_available_ratio{mount=/srv}": 0.9,
        "net.rx{dev=eth0}": 5e6, "net.tx{dev=eth0}": 1e6, "net.rx{dev=eth1}": 9e6, "net.errors{dev=eth1}": 2.0,
        "net.link_up{dev=eth1}": 0.0,
    }  # fmt: skip
    seen = Snapshot(now=NOW, hosts={"h": make_host("h", metrics=metrics)})

    disks = [[plain(c) for c in row.cells] for row in host_devices.disks(seen, "h", NOW).rows]
    devices = [[plain(c) for c in row.cells] for row in host_devices.net(seen, "h", NOW).rows]

    assert disks[0][:5] == ["/srv", "1.0T", "30G", "97", "10"]
    assert disks[1][0] == "/"
    assert devices == [
        ["eth1", "down", "8.6M", "—", "2.0", "—"], ["eth0", "—", "4.8M", "977K", "—", "—"],
    ]  # fmt: skip


def test_everything_known_of_a_host_is_in_raw(snapshot: Snapshot) -> None:
    text = "\n".join(_lines(host_details.raw(snapshot, "db-prod-02", NOW, ME)))

    assert "cpu.busy                     92.0%" in text
    assert "labels                       role=db" in text


@pytest.mark.parametrize(
    ("value", "written"), [(0.25, "0.25"), (99.96, "100"), (999.4, "999"), (999.6, "1000")]
)
def test_a_number_near_a_thousand_is_written_as_people_do(value: float, written: str) -> None:
    lines = _lines(host_details.history(Series((NOW,), {"load.1m": (value,)}), 80))

    assert lines[0].endswith(f"now {written}  min {written}  max {written}")


def test_history_is_drawn_with_its_extremes() -> None:
    series = Series((NOW - 60, NOW), {"cpu.busy": (0.5, 0.25), "net.rx_total": (None, None)})

    lines = _lines(host_details.history(series, 80))

    assert lines[0].endswith("now 25.0%  min 25.0%  max 50.0%")
    assert lines[1].endswith("nothing known")
    assert _lines(host_details.history(None, 80)) == ["no samples are kept yet"]


def test_the_runbooks_tab_says_what_is_refused(snapshot: Snapshot) -> None:
    rows = host_details.runbooks(snapshot, "host:db-prod-02", NOW, ME).rows

    assert plain(rows[0].cells[2]) == "read only"
    assert plain(rows[-1].cells[2]).startswith("changes; LOCKED")


@pytest.mark.parametrize("name", ["gone", ""])
def test_pages_of_what_is_gone_say_so(snapshot: Snapshot, name: str) -> None:
    assert "not in the inventory" in plain(host_page.headline(snapshot, name, NOW))
    assert "not in the inventory" in plain(service_page.headline(snapshot, name, NOW))
    assert "over" in plain(alert_page.headline(snapshot, name, NOW))
    assert host_page.vitals(snapshot, name, NOW).lines == ()
    assert host_devices.disks(snapshot, name, NOW).rows == ()
    assert service_page.checks(snapshot, name, NOW).rows == ()
    assert service_page.details(snapshot, name, NOW).lines == ()


def test_a_services_page_shows_checks_assertions_and_carriers(snapshot: Snapshot) -> None:
    check = CheckRecord(
        "checkout", "http", "https://shop.example/health", ServiceState.DOWN, "status 503, must be == 200",
        at=NOW - 4, latency=0.8, phases={"dns": 0.003, "connect": 0.02, "first_byte": 0.7},
        must=("status == 200",), should=("latency < 500ms",),
    )  # fmt: skip
    service = replace(snapshot.services["checkout"], checks=(check,))
    seen = replace(snapshot, services={**snapshot.services, "checkout": service})

    assert plain(service_page.headline(seen, "checkout", NOW)).startswith(
        "✗ checkout  down  0/1 checks pass"
    )
    assert [plain(c) for c in service_page.checks(seen, "checkout", NOW).rows[0].cells][3:] == [
        "800ms", "4s", "status 503, must be == 200", "https://shop.example/health",
    ]  # fmt: skip
    lines = _lines(service_page.details(seen, "checkout", NOW))
    assert "must      status == 200" in lines
    assert "checkout  dns 3ms  connect 20ms  first_byte 700ms" in lines
    assert "needs     postgres ✓" in lines
    assert _lines(service_page.carriers(seen, "checkout", NOW))[0].startswith("▴ web-prod-03")


def test_equal_checks_are_told_apart_and_what_is_asked_of_all_is_said_once(
    snapshot: Snapshot,
) -> None:
    checks = tuple(
        CheckRecord(
            f"checkout/{host}", "http", "https://shop.example/health", ServiceState.UP, at=NOW - 1,
            latency=0.01, phases={"dns": 0.003}, must=("status == 200",),
        )
        for host in ("web-prod-03", "web-prod-07")
    )  # fmt: skip
    service = replace(snapshot.services["checkout"], checks=checks)
    seen = replace(snapshot, services={"checkout": service})

    rows = service_page.checks(seen, "checkout", NOW).rows
    lines = _lines(service_page.details(seen, "checkout", NOW))

    assert [plain(row.cells[1]) for row in rows] == ["web-prod-03", "web-prod-07"]
    assert lines.count("must      status == 200") == 1
    assert "web-prod-07  dns 3ms" in lines


def test_an_objects_alerts_have_the_words_of_the_fires_pane(snapshot: Snapshot) -> None:
    table = host_page.alerts_table(snapshot, "db-prod-02", NOW)

    assert {plain(row.cells[2]): plain(row.cells[3]) for row in table.rows} == {
        "PgReplLag": "NEW!", "DiskWillFill": "ACK",
    }  # fmt: skip


def test_every_metric_of_the_history_tab_is_one_that_is_kept() -> None:
    assert set(host_details.HISTORY) <= set(blocks.KEPT)


def test_a_fires_page_answers_in_four_panes(snapshot: Snapshot) -> None:
    alert = next(a for a in snapshot.alerts.values() if a.name == "PgReplLag")
    helped = Fixes(alert.episode, (Fix("core.unit-restart", 2, 2, 360.0, same=True),), before=3)
    snapshot = replace(snapshot, fixes={alert.episode: helped})
    alert = replace(alert, notes=(Note("op2", NOW - 60, "called the dba"),), raw_severity="page")

    what = _lines(alert_page.what(snapshot, alert, NOW, ME))
    assert what[0] == "lag 412s > 60s, rising 29s/min"
    assert "severity critical, said as 'page'" in what
    assert "before   cleared after core.unit-restart 2/2, median 6m" in what
    assert (
        _lines(alert_page.people(snapshot, alert, NOW, ME))[-1] == "  03:11:44 op2: called the dba"
    )
    assert _lines(alert_page.changed(snapshot, alert, NOW, ME)) == [
        "02:50:44 ✗ DiskWillFill db-prod-02  same host  8m before"
    ]
    assert _lines(alert_page.before(snapshot, alert, NOW, ME))[0].startswith("✗ DiskWillFill")


def test_what_changed_before_a_fire_is_found_on_what_it_needs(snapshot: Snapshot) -> None:
    alert = next(a for a in snapshot.alerts.values() if a.name == "HttpProbe")

    assert "03:01:04 ◊ deploy checkout v2.41.0 → v2.42.0  2m before" in _lines(
        alert_page.changed(snapshot, alert, NOW, ME)
    )


def test_a_change_stands_before_other_fires_and_what_came_later_is_said_to(
    snapshot: Snapshot,
) -> None:
    alert = make_alert("HttpProbe", "service:checkout", ago=540)
    later = make_alert("HighLoad", "host:web-prod-07", "warning", 500)
    seen = replace(snapshot, alerts={each.episode: each for each in (alert, later)})

    lines = _lines(alert_page.changed(seen, alert, NOW, ME))

    assert lines[0].startswith("03:01:04 ◊ deploy checkout")
    assert lines[1].endswith("HighLoad web-prod-07  checkout depends on it  40s after")


def _run(*states: TargetState, state: RunState = RunState.RUNNING) -> Run:
    targets = tuple(
        RunTarget(
            f"host:web-{n:02}", each, "restart", "exit 7" if each is TargetState.FAILED else "",
            started=NOW - 6, ended=NOW - 2 if each.is_settled else None,
        )
        for n, each in enumerate(states)
    )  # fmt: skip
    return Run(
        "r1",
        "core.unit-restart",
        "Restart",
        Effect.WRITE,
        "op1",
        state,
        NOW - 30,
        {"unit": "nginx"},
        targets,
        "h",
    )


MIXED = _run(
    TargetState.CHANGED,
    TargetState.CHANGED,
    TargetState.FAILED,
    TargetState.RUNNING,
    TargetState.UNKNOWN,
)


def test_a_runs_targets_stand_unknown_and_failed_first() -> None:
    rows = run_page.targets(MIXED, NOW, 78).rows

    assert [plain(row.cells[3]) for row in rows] == [
        "UNKNOWN",
        "FAILED",
        "running",
        "changed",
        "changed",
    ]
    assert plain(rows[1].cells[5]) == "exit 7"
    assert [row.key for row in run_page.targets(MIXED, NOW, 78, ViewOptions(faults_only=True)).rows] == [
        "host:web-04", "host:web-02",
    ]  # fmt: skip


def test_what_nobody_observed_is_never_a_tick_and_says_what_to_do() -> None:
    sign = runs.target_glyph(MIXED.targets[4], ME.glyphs)

    assert (plain(sign), sign[0].tone) == ("~", Tone.STALE)
    assert plain(run_page.closing(MIXED)[0]) == (
        "What happened on web-04 was not observed: look before you run it again."
    )
    over = replace(MIXED, state=RunState.INDETERMINATE)
    assert plain(runs.run_glyph(over, ME.glyphs)) == "~"


def test_a_runs_headline_says_how_far_it_is() -> None:
    first, second = (plain(line) for line in run_page.headline(MIXED, NOW, 120, ME))

    assert first == "⟳ RUNNING  unit-restart unit=nginx  web-{00-04}  by op1"
    assert second.startswith(
        "[███████████████████░░░░░] 4/5  30s  2 changed  1 failed  1 running  1 unknown"
    )


def test_what_was_never_started_is_no_progress() -> None:
    run = replace(
        _run(TargetState.CHANGED, TargetState.NOT_STARTED, TargetState.NOT_STARTED),
        state=RunState.ABORTED,
        ended=NOW,
    )

    assert "] 1/3 " in plain(run_page.headline(run, NOW, 120, ME)[1])


@pytest.mark.parametrize("state", list(RunState))
def test_every_ending_has_its_sign_and_row(state: RunState) -> None:
    run = replace(_run(TargetState.CHANGED), state=state, ended=NOW)

    table = runs.table(Snapshot(now=NOW, runs={"r1": run}), NOW, 118)

    said = "needs a 2nd" if state is RunState.AWAITING_APPROVAL else state
    assert plain(table.rows[0].cells[5]) == said
    assert plain(table.rows[0].cells[0])
    assert isinstance(run_page.closing(run), tuple)


@pytest.mark.parametrize("state", list(TargetState))
def test_every_target_state_has_its_sign(state: TargetState) -> None:
    glyph = plain(runs.target_glyph(RunTarget("host:a", state), ME.glyphs))

    assert (glyph == "✓") is state.is_good


def _said(target: int, *texts: str) -> list[OutputLine]:
    return [
        OutputLine(n, NOW, f"host:web-{target:02}", "s", "out", text)
        for n, text in enumerate(texts)
    ]


def test_equal_output_is_said_once_and_the_first_difference_is_named() -> None:
    lines = [
        *_said(0, "stop ok", "health 200"),
        *_said(1, "stop ok", "health 200"),
        *_said(2, "stop ok", "503"),
    ]

    groups = fold(MIXED, lines)

    assert [(group.title, group.state) for group in groups] == [
        ("web-04", TargetState.UNKNOWN), ("web-02", TargetState.FAILED), ("web-03", TargetState.RUNNING),
        ("web-[00,01]", TargetState.CHANGED),
    ]  # fmt: skip
    assert groups[1].differs_at == 1
    assert groups[3].differs_at is None
    shown = _lines(run_output.folded(MIXED, lines))
    assert "  first differing line: 503" in shown
    assert "= same on 2  web-[00,01]  changed" in shown


def test_output_lines_read_as_a_log() -> None:
    lines = [*_said(0, "stop ok"), OutputLine(9, NOW, "", "", "run", "halt: 1 failure")]

    assert [plain(cell) for cell in run_page.output_cells(lines)] == [
        "03:12:44 web-00 │ stop ok",
        "03:12:44 run    ! halt: 1 failure",
    ]
    assert plain(run_page.output_cells(lines, one_target=True)[0]) == "03:12:44 │ stop ok"


def test_a_journals_line_in_the_output_leaves_room_for_what_it_says() -> None:
    said = _said(1, "2026-11-22T03:12:40+0000 web-01 sshd[7]: hello")

    assert plain(run_page.output_cells(said, ME)[0]).endswith("│ 11-22 03:12:40 sshd[7]: hello")


def test_a_plan_shows_the_very_arguments_and_what_is_left_out() -> None:
    steps = (
        PlannedStep("restart", Effect.WRITE, ("systemctl", "restart", "--", "a b; reboot")),
        PlannedStep("verify", Effect.READ, (), "until active"),
    )
    plan = Plan(
        "p", "core.unit-restart", "Restart", Effect.WRITE, {"unit": "nginx"},
        (PlannedTarget("host:web-01", steps), PlannedTarget("host:web-02", steps),
         PlannedTarget("host:db", skip="no systemd")),
        Confirm.COUNT, "2", 1, True, 60.0, "h", "2 of 24 web hosts",
    )  # fmt: skip

    text = [plain(line) for line in plan_page.lines(plan, ME)]

    assert "on      2 of 3   web-{01,02}" in text
    assert "how     1 at a time, stops at the first failure, at most 1m each" in text
    assert "    systemctl restart -- 'a b; reboot'" in text
    assert text[-1] == "— db: no systemd"
    assert plan_page.question(plan) == "type the number of targets (2)"


def test_targets_whose_steps_differ_in_their_own_names_only_are_written_once() -> None:
    def target(name: str, answer: str) -> PlannedTarget:
        call = PlannedStep("drain", Effect.WRITE, (), shown=f"PUT lb /pools/a/members/{name}")
        look = PlannedStep("look", Effect.READ, ("cat", f"/srv/{name}.log"), f"-> {answer}")
        return PlannedTarget(f"host:{name}", (look, call))

    targets = (target("web-1", "ok"), target("web-11", "ok"), target("web-12", "web-1 is gone"))
    plan = Plan(
        "p", "acme.drain", "Drain", Effect.WRITE, {}, targets, Confirm.COUNT, "3", 1, True, 60.0, "h"
    )  # fmt: skip

    text = [plain(line) for line in plan_page.lines(plan, ME)]

    at = text.index("web-{1,11}")
    assert text[at + 1 : at + 6] == [
        "1 look  reads",
        "    cat /srv/TARGET.log",
        "    -> ok",
        "2 drain  changes",
        "    PUT lb /pools/a/members/TARGET",
    ]
    assert "    cat /srv/web-12.log" in text


def test_a_script_of_several_lines_stands_below_its_command_as_it_is() -> None:
    argv = ("sh", "-c", "for f in *\ndo echo 'a'\ndone\n", "step", "/data dir")

    assert plan_page.command_lines(argv) == [
        "sh -c ... step '/data dir'",
        "  | for f in *",
        "  | do echo 'a'",
        "  | done",
    ]


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (("ls", "-l", "--", "/var"), "ls -l -- /var"),
        (("sh", "-c", "awk '{ print $2 }' $f"), "sh -c 'awk '\\''{ print $2 }'\\'' $f'"),
        (("x", "", "a'b"), "x '' 'a'\\''b'"),
    ],
)
def test_a_planned_command_reads_as_one_would_type_it(argv: tuple[str, ...], text: str) -> None:
    assert plan_page.command_line(argv) == text
    assert tuple(shlex.split(text)) == argv


@pytest.mark.parametrize("line", ["load>", "role:", "web state:", "a |"])
def test_half_a_filter_is_refused_where_nobody_types_on(snapshot: Snapshot, line: str) -> None:
    with pytest.raises(QueryError, match="ends before its value"):
        status.select(snapshot, line, NOW)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("2026-11-22T03:12:40+0000 db-02 postgres[812]: LOG restart",
         "11-22 03:12:40 postgres[812]: LOG restart"),
        ("2026-11-22T00:12:40+02:00 db-02 sshd: hello", "11-21 22:12:40 sshd: hello"),
        ("2026-13-22T03:12:40+0000 db-02 sshd: hello", "2026-13-22T03:12:40+0000 db-02 sshd: hello"),
        ("Nov 22 03:12:40 db-02 sshd: hello", "Nov 22 03:12:40 db-02 sshd: hello"),
        ("-- Boot 1 --", "-- Boot 1 --"),
    ],
)  # fmt: skip
def test_a_journals_line_leaves_out_what_the_page_says(line: str, shown: str) -> None:
    assert "".join(span.text for span in log_cells([line])[0]) == shown


def test_status_prints_the_panes(snapshot: Snapshot) -> None:
    text = status.text(snapshot, NOW, width=100)

    assert text.startswith("█ PROD █ fires ✗4 ▴6")
    assert "\nFires 11 (4 unacked)" in text
    assert "\nHosts 9: ✗1 ▴2 ~1 ◌1 ⊘1 ✓3" in text
    assert "   ssh degraded: 126 of 128 answer (last heard 0s ago)" in text
    assert all(len(line) <= 101 for line in text.splitlines())


def test_the_status_document_has_the_promised_shape(snapshot: Snapshot) -> None:
    read = msgspec.json.decode(msgspec.json.encode(status.document(snapshot, NOW)))

    assert read["schema"] == "opsconsole.status/1"
    assert set(read) == {"schema", "at", "hosts", "services", "alerts", "feeds", "counts"}
    assert set(read["hosts"][0]) == {"name", "state", "reach", "reason", "age", "labels", "metrics"}
    assert set(read["services"][0]) == {"name", "state", "reason", "age", "latency"}
    assert set(read["alerts"][0]) == {
        "fingerprint", "episode", "name", "severity", "state", "since", "on", "source", "labels", "owner",
        "ack", "suppressed_by", "freshness", "summary", "value",
    }  # fmt: skip
    assert set(read["feeds"][0]) == {"name", "kind", "state", "reason", "age"}
    assert [host["age"] for host in read["hosts"] if host["name"] == "new-prod-01"] == [None]
    assert read["counts"]["alerts"] == {
        "critical": 4,
        "warning": 6,
        "info": 0,
        "unacked": 4,
        "suppressed": 1,
    }


@pytest.mark.parametrize(
    ("line", "hosts", "services", "alerts"),
    [
        ("", 9, 3, 12),
        ("role:db", 3, 0, 2),
        ("checkout", 0, 1, 1),
        ("sev:critical", 0, 0, 5),
        ("state:down", 0, 1, 1),
        ("load>15", 2, 0, 2),
    ],
)
def test_a_selection_cuts_the_document(
    snapshot: Snapshot, line: str, hosts: int, services: int, alerts: int
) -> None:
    document = status.document(snapshot, NOW, line)

    assert (len(document.hosts), len(document.services), len(document.alerts)) == (
        hosts,
        services,
        alerts,
    )


def test_a_selection_that_means_nothing_anywhere_is_refused(snapshot: Snapshot) -> None:
    with pytest.raises(QueryError):
        status.select(snapshot, "state:nosuchstate", NOW)


@pytest.mark.parametrize(
    ("alerts", "state", "code"),
    [
        ([], "ok", 0),
        ([("warning", {})], "ok", 1),
        ([("critical", {}), ("warning", {})], "unknown", 2),
        ([("critical", {"suppressed_by": ("silence:x",)})], "ok", 0),
        ([("critical", {"owner": "op1"})], "ok", 2),
        ([("info", {})], "ok", 0),
        ([("warning", {})], "unknown", 3),
        ([], "pending", 3),
        ([], "maintenance", 0),
    ],
)
def test_the_exit_code_is_the_worst_that_nobody_silenced(
    alerts: list[tuple[str, dict[str, object]]], state: str, code: int
) -> None:
    found = {
        str(n): replace(make_alert(f"A{n}", "host:h", severity), **change)
        for n, (severity, change) in enumerate(alerts)
    }
    seen = Snapshot(now=NOW, hosts={"h": make_host("h", state)}, alerts=found)

    assert status.exit_code(seen, NOW) == code


def test_a_silent_feed_is_no_all_clear(snapshot: Snapshot) -> None:
    down = replace(snapshot.feeds["main"], state=ServiceState.DOWN)

    assert status.exit_code(Snapshot(now=NOW, feeds={"main": down}), NOW) == 3
    seen = Snapshot(now=NOW, feeds={"main": replace(down, state=ServiceState.UP)})
    assert status.exit_code(seen, NOW) == 0
    assert status.exit_code(Snapshot(now=NOW), NOW) == 3


def test_waiting_ends_when_everything_has_a_result(snapshot: Snapshot) -> None:
    settled = {name: record for name, record in snapshot.hosts.items() if record.state != "pending"}

    assert not status.is_complete(snapshot)
    assert status.is_complete(replace(snapshot, hosts=settled))
