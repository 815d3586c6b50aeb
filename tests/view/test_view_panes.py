"""The panes as a person reads them: order, wording, columns by width."""

from collections.abc import Callable

import pytest
from fleet_in_trouble import NOW, make_alert, make_host, make_snapshot
from msgspec.structs import replace

from opsconsole.model.alert import Ack
from opsconsole.model.event import Event
from opsconsole.model.snapshot import EngineInfo, Snapshot
from opsconsole.model.states import AlertState, Freshness, HostState
from opsconsole.query.contexts import ALERTS, EVENTS, HOSTS, SERVICES
from opsconsole.query.filter_line import compile_filter
from opsconsole.view import activity, fires, hosts, services
from opsconsole.view.cache import RowCache
from opsconsole.view.cells import plain
from opsconsole.view.glyphs import ASCII
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Table, Tone

ONE_SEEN = {"web-prod-01": make_snapshot().hosts["web-prod-01"]}

Painted = Callable[[Table, int], list[str]]


def test_fires_stand_in_the_order_of_triage(snapshot: Snapshot) -> None:
    table = fires.table(snapshot, NOW, 118)

    assert [plain(row.cells[3]) for row in table.rows] == [
        "PgReplLag", "HttpProbe", "DiskWillFill", "HostUnreachable",
        "QueueDepth", "ClockSkew", "HighLoad ×4", "CertExpiry",
    ]  # fmt: skip


def test_fires_with_room_read_as_designed(snapshot: Snapshot, painted: Painted) -> None:
    assert painted(fires.table(snapshot, NOW, 105), 104) == [
        "   SEV    FOR ALERT           ON                  STATE WHO  WHAT                           RUNBOOK",
        " ✗ CRIT   14m PgReplLag       db-prod-02          NEW!  —    lag 412s > 60s, rising 29s/min pg-lag",
        " ✗ CRIT    9m HttpProbe       checkout            NEW!  —    5xx 38% > 2%, 2/6 probes pass  link",
        " ✗ CRIT   22m DiskWillFill    db-prod-02          ACK   op1  data 97%, full in 38m          disk-hogs",
        " ✗ CRIT    6m HostUnreachable web-prod-14         NEW!  —    we cannot see web-prod-14      —",
        " ▴ WARN   48m QueueDepth      mailer-x            NEW   —    18.2k > 10k                    —",
        " ▴ WARN  3h02 ClockSkew       cache-prod-04       ACK   op2  skew +1.4s > 0.5s              —",
        " ▴ WARN   31m HighLoad ×4     web-prod-{03,07,09… ACK   op2  load5 > 2×cores on 4 of 24 ho… —",
        " ▴ WARN    2d CertExpiry      edge-prod-01        MUTE  op1  expires in 6d; silenced        —",
    ]


def test_fires_at_80_columns_keep_what_never_drops(snapshot: Snapshot, painted: Painted) -> None:
    lines = painted(fires.table(snapshot, NOW, 78), 78)

    assert lines[:3] == [
        "    FOR ALERT        ON          WHO WHAT",
        " ✗  14m PgReplLag    db-prod-02  —   lag 412s > 60s, rising 29s/min",
        " ✗   9m HttpProbe    checkout    —   5xx 38% > 2%, 2/6 probes pass",
    ]


def test_the_unowned_critical_is_the_only_block_on_the_screen(snapshot: Snapshot) -> None:
    blocks = {
        plain(row.cells[3])
        for row in fires.table(snapshot, NOW, 118).rows
        if any(span.tone is Tone.REVERSED for cell in row.cells for span in cell)
    }

    assert blocks == {"PgReplLag", "HttpProbe", "HostUnreachable"}


def test_what_waits_to_fire_is_shown_to_who_asks_for_it(snapshot: Snapshot) -> None:
    waits = make_alert("Soon", "host:db-prod-02", state=AlertState.PENDING, source="prom")
    snapshot = replace(snapshot, alerts={**snapshot.alerts, waits.episode: waits})

    def rows(line: str) -> list[str]:
        options = ViewOptions(filter=compile_filter(line, ALERTS))
        table = fires.table(snapshot, NOW, 118, options)
        return [f"{plain(r.cells[3])} {plain(r.cells[5])}" for r in table.rows]

    assert "Soon" not in " ".join(rows(""))
    assert "Soon" not in " ".join(rows("host:db-prod-02"))
    assert rows("state:pending") == ["Soon PEND"]
    assert len(rows("state:pending | sev>=info")) == len(rows("")) + 1


def test_a_group_opens_to_its_members(snapshot: Snapshot) -> None:
    folded = next(r for r in fires.table(snapshot, NOW, 118).rows if r.key.startswith("group:"))

    rows = fires.table(snapshot, NOW, 118, ViewOptions(expanded=frozenset({folded.key}))).rows

    at = [row.key for row in rows].index(folded.key)
    assert [plain(row.cells[4]) for row in rows[at + 1 : at + 5]] == [
        "web-prod-03", "web-prod-07", "web-prod-09", "web-prod-11",
    ]  # fmt: skip
    assert len({row.key for row in rows}) == len(rows)


def test_a_group_says_only_what_is_true_of_all_of_it(snapshot: Snapshot) -> None:
    def said(*summaries: str) -> str:
        alerts = [
            make_alert("UnitFailed", f"host:web-{n}", "warning", summary=summary)
            for n, summary in enumerate(summaries)
        ]
        seen = replace(snapshot, alerts={alert.episode: alert for alert in alerts})
        return plain(fires.table(seen, NOW, 118).rows[0].cells[7])

    nginx = "unit nginx.service failed"
    assert said(nginx, nginx, nginx) == nginx
    assert said(nginx, "unit cron.service failed", nginx, nginx) == (
        "unit nginx.service|cron.service failed"
    )
    assert said("load 2.3 on 4 cores", "load 10.1 on 4 cores", "load 9.7 on 4 cores") == (
        "load 2.3..10.1 on 4 cores"
    )
    assert said("/ 91% used", "/srv is read only", "/srv") == "web-0: / 91% used"


def test_without_grouping_each_fire_has_a_row(snapshot: Snapshot) -> None:
    rows = fires.table(snapshot, NOW, 118, ViewOptions(grouped=False)).rows

    assert len(rows) == 11
    assert all(row.key.startswith("alert:") for row in rows)


@pytest.mark.parametrize(
    ("change", "word", "state"),
    [
        ({}, "CRIT", "NEW!"),
        ({"since": NOW - 10}, "CRIT", "NEW"),
        ({"ack": Ack("op1", NOW)}, "CRIT", "ACK"),
        ({"owner": "op1"}, "CRIT", "ACK"),
        ({"suppressed_by": ("silence:x",)}, "CRIT", "MUTE"),
        ({"suppressed_by": ("maintenance:x",)}, "MAINT", "MUTE"),
        ({"freshness": Freshness.STALE}, "STALE", "NEW!"),
        ({"freshness": Freshness.UNCONFIRMED}, "STALE", "NEW!"),
        ({"state": AlertState.RECOVERING}, "CRIT", "RECOV"),
    ],
)
def test_a_fires_words_follow_from_its_record(
    change: dict[str, object], word: str, state: str
) -> None:
    alert = replace(make_alert("A", "host:x"), **change)

    row = fires.table(Snapshot(now=NOW, alerts={"e": alert}), NOW, 118).rows[0]

    assert plain(row.cells[1]) == word
    assert plain(row.cells[5]) == state


def test_a_raw_severity_that_says_more_is_shown_verbatim() -> None:
    alert = replace(make_alert("A", "x", "warning"), raw_severity="sev-2/night")

    row = fires.table(Snapshot(now=NOW, alerts={"e": alert}), NOW, 118).rows[0]

    assert "[sev-2/night]" in plain(row.cells[7])


@pytest.mark.parametrize(
    ("snapshot", "line", "says"),
    [
        (Snapshot(), "", "Waiting for the engine."),
        (Snapshot(engine=EngineInfo(pid=1)), "", "Nothing is watched yet."),
        (Snapshot(hosts=ONE_SEEN, engine=EngineInfo(pid=1)), "", "Nothing is on fire."),
        (make_snapshot(), "nosuchthing", "No fire passes `nosuchthing`; esc clears it."),
    ],
)
def test_an_empty_pane_says_why(snapshot: Snapshot, line: str, says: str) -> None:
    options = ViewOptions(filter=compile_filter(line, ALERTS))

    table = fires.table(snapshot, NOW, 118, options)

    assert (tuple(table.rows), table.empty) == ((), says)


def test_no_fires_from_silent_feeds_is_not_an_all_clear(snapshot: Snapshot) -> None:
    feed = replace(snapshot.feeds["main"], state="down")

    table = fires.table(replace(snapshot, alerts={}, feeds={"main": feed}), NOW, 118)

    assert "not an all-clear" in table.empty


def test_no_fires_from_hosts_nobody_looked_at_yet_is_not_an_all_clear(snapshot: Snapshot) -> None:
    table = fires.table(replace(snapshot, alerts={}, feeds={}), NOW, 118)

    assert snapshot.hosts["new-prod-01"].state is HostState.PENDING
    assert table.empty == "No fires seen yet: 1 of 9 hosts not looked at so far."


def test_hosts_stand_faults_first_and_in_natural_order(snapshot: Snapshot) -> None:
    rows = hosts.table(snapshot, NOW, 110).rows

    assert [row.key.removeprefix("host:") for row in rows] == [
        "db-prod-02", "web-prod-14", "web-prod-03", "web-prod-07", "new-prod-01", "batch-prod-01",
        "db-prod-3", "db-prod-10", "web-prod-01",
    ]  # fmt: skip


def test_hosts_at_three_widths_read_as_designed(snapshot: Snapshot, painted: Painted) -> None:
    assert painted(hosts.table(snapshot, NOW, 41), 41)[:3] == [
        "   HOST            LD  C%  D%  AGE 15m",
        " ✗ db-prod-02    11.8  92  97   3s ▅▅▆▇▇█",
        " ~ web-prod-14      —   —   —   6m ▂▂????",
    ]
    assert painted(hosts.table(snapshot, NOW, 65), 65)[:3] == [
        "   HOST             ROLE        LOAD CPU MEM DSK  AGE AL LOAD 15m",
        " ✗ db-prod-02       db          11.8  92  50  97   3s  2 ▃▄▅▅▆▇▇█",
        " ~ web-prod-14      web            —   —   —   —   6m  1 ▁▁▂▂????",
    ]
    assert painted(hosts.table(snapshot, NOW, 110), 110)[:3] == [
        "   HOST             ROLE         LOAD CPU MEM DSK   NET    UP  AGE AL LOAD15m NOTE",
        " ✗ db-prod-02       db           11.8  92  50  97   76M  212d   3s  2 ▄▅▅▆▇▇█ lag 412s > 60s, rising"
        " 29s/min",
        " ~ web-prod-14      web             —   —   —   —     —  212d   6m  1 ▁▂▂???? no answer in 8 s",
    ]


def test_a_stale_host_shows_no_number_and_is_never_drawn_as_ok() -> None:
    old = make_host("a", "ok", at=NOW - 300)

    row = hosts.table(Snapshot(now=NOW, hosts={"a": old}), NOW, 65).rows[0]

    texts = [plain(cell) for cell in row.cells]
    assert texts[3:6] == ["—", "—", "—"]
    assert any(span.tone is Tone.STALE for cell in row.cells for span in cell)


def test_columns_without_a_source_are_absent() -> None:
    bare = replace(make_host("a"), labels={}, spark="", metrics={"load.1m": 1.0})

    table = hosts.table(Snapshot(now=NOW, hosts={"a": bare}), NOW, 110)

    assert [column.id for column in table.columns] == [
        "glyph", "host", "load", "cpu", "disk", "age", "alerts", "note",
    ]  # fmt: skip


@pytest.mark.parametrize("width", range(8, 200, 3))
def test_every_table_fits_every_width_and_keeps_its_name_column(
    snapshot: Snapshot, width: int
) -> None:
    for pane, name in ((fires, "what"), (hosts, "host"), (services, "service"), (activity, "what")):
        table = pane.table(snapshot, NOW, width)

        kept = [column.id for column in table.columns]
        assert name in kept
        assert all(len(row.cells) == len(kept) for row in table.rows)
        if any(column.rank for column in table.columns):
            assert sum(c.width for c in table.columns) + len(kept) - 1 <= width - 1


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("load", "web-prod-07"),
        ("cpu", "web-prod-07"),
        ("disk", "db-prod-02"),
        ("host", "batch-prod-01"),
        ("alerts", "db-prod-02"),
        ("age", "new-prod-01"),
        ("role", "batch-prod-01"),
        ("up", "db-prod-02"),
        ("net", "db-prod-02"),
        ("mem", "db-prod-02"),
    ],
)
def test_a_column_sorts_and_what_is_not_known_comes_last(
    snapshot: Snapshot, sort: str, first: str
) -> None:
    rows = hosts.table(snapshot, NOW, 110, ViewOptions(sort=sort)).rows

    assert rows[0].key == f"host:{first}"
    if sort in ("load", "cpu", "disk", "mem", "net"):
        assert {rows[-1].key, rows[-2].key} == {"host:new-prod-01", "host:web-prod-14"}


def test_a_sort_can_be_turned_round(snapshot: Snapshot) -> None:
    there = hosts.table(snapshot, NOW, 110, ViewOptions(sort="load")).rows
    back = hosts.table(snapshot, NOW, 110, ViewOptions(sort="load", inverted=True)).rows

    assert [row.key for row in back] == [row.key for row in there][::-1]


@pytest.mark.parametrize("sort", ["for", "alert", "on", "who", "n", "state", "runbook"])
def test_fires_sort_by_every_sortable_column(snapshot: Snapshot, sort: str) -> None:
    triage = {row.key for row in fires.table(snapshot, NOW, 130).rows}

    assert {
        row.key for row in fires.table(snapshot, NOW, 130, ViewOptions(sort=sort)).rows
    } == triage


@pytest.mark.parametrize("sort", ["service", "up", "p95", "errors", "age", "alerts"])
def test_services_sort_by_every_sortable_column(snapshot: Snapshot, sort: str) -> None:
    assert len(services.table(snapshot, NOW, 86, ViewOptions(sort=sort)).rows) == 3


def test_faults_only_leaves_the_healthy_out(snapshot: Snapshot) -> None:
    rows = hosts.table(snapshot, NOW, 110, ViewOptions(faults_only=True)).rows

    assert len(rows) == 4
    assert (
        plain(hosts.table(snapshot, NOW, 110, ViewOptions(faults_only=True)).footer)
        == "4 of 9 shown"
    )


def test_services_say_how_many_checks_pass_and_nothing_stale(
    snapshot: Snapshot, painted: Painted
) -> None:
    assert painted(services.table(snapshot, NOW, 51), 51) == [
        "   SERVICE           UP       P95 ERR%  AGE ERR15m",
        " ✗ checkout          2/6     4.1s 38.0   2s ▃▅▇████",
        " ~ web-at-14         ?/1        —    —    —",
        " ✓ postgres          3/3     12ms  0.0   2s ▁▂▂▁▁▂▂",
    ]


def test_activity_is_newest_first_and_has_no_column_titles(
    snapshot: Snapshot, painted: Painted
) -> None:
    table = activity.table(snapshot, NOW, 80)

    assert painted(table, 80) == [
        ' 03:12:02 ◉ op1 ack DiskWillFill "cleaning wal"',
        " 03:01:04 ◊ deploy checkout v2.41.0 → v2.42.0",
        " 02:58:44 ✗ db-prod-02 repl lag 61s > 60s",
    ]


@pytest.mark.parametrize(
    ("kind", "actor", "text", "says"),
    [
        ("resolved", "engine", "FsSpace", "db-02 FsSpace resolved"),
        ("fired", "engine", "FsSpace / 91% used", "db-02 FsSpace / 91% used"),
        ("taken", "op1", "FsSpace", "op1 took FsSpace db-02"),
        ("taken", "op1", "FsSpace to op2", "op1 gave FsSpace db-02 to op2"),
        ("taken", "op1", "FsSpace gave it back", "op1: FsSpace db-02: gave it back"),
        ("acked", "op1", "FsSpace", "op1 acked FsSpace db-02"),
        ("acked", "op1", "FsSpace cleaning wal", "op1 acked FsSpace db-02: cleaning wal"),
        ("acked", "engine", "FsSpace the ack is over", "engine: FsSpace db-02: the ack is over"),
        ("noted", "op1", "FsSpace called the dba", "op1 noted on FsSpace db-02: called the dba"),
        ("unlock", "op1", "unlocked for 15m", "op1 unlocked for 15m"),
    ],
)
def test_activity_says_who_did_what_and_to_which_fire(
    kind: str, actor: str, text: str, says: str
) -> None:
    event = Event(1, NOW, actor, kind, "host:db-02", text, data={"alert": "FsSpace"})

    assert activity.event_text(event) == says


def test_a_filter_cuts_every_pane(snapshot: Snapshot) -> None:
    assert (
        len(
            hosts.table(
                snapshot, NOW, 110, ViewOptions(filter=compile_filter("role:web", HOSTS))
            ).rows
        )
        == 4
    )
    assert (
        len(
            services.table(
                snapshot, NOW, 80, ViewOptions(filter=compile_filter("state:down", SERVICES))
            ).rows
        )
        == 1
    )
    assert (
        len(
            activity.table(
                snapshot, NOW, 80, ViewOptions(filter=compile_filter("kind:deploy", EVENTS))
            ).rows
        )
        == 1
    )
    assert (
        len(
            fires.table(
                snapshot, NOW, 80, ViewOptions(filter=compile_filter("sev:crit", ALERTS))
            ).rows
        )
        == 4
    )


def test_rows_keep_their_identity_while_nothing_in_them_changes(snapshot: Snapshot) -> None:
    for pane in (fires, hosts, services, activity):
        cache = RowCache()
        before = pane.table(snapshot, NOW, 110, ViewOptions(), cache)
        after = pane.table(replace(snapshot, revision=8), NOW, 110, ViewOptions(), cache)

        assert all(old is new for old, new in zip(before.rows, after.rows, strict=True))


def test_a_second_later_only_the_ages_are_new(snapshot: Snapshot) -> None:
    cache = RowCache()
    before = hosts.table(snapshot, NOW, 110, ViewOptions(), cache)
    after = hosts.table(snapshot, NOW + 1, 110, ViewOptions(), cache)

    at = [column.id for column in before.columns].index("age")
    for old, new in zip(before.rows, after.rows, strict=True):
        changed = [
            n for n, (a, b) in enumerate(zip(old.cells, new.cells, strict=True)) if a is not b
        ]
        assert changed in ([], [at])


def test_a_host_that_left_is_forgotten(snapshot: Snapshot) -> None:
    cache = RowCache()
    hosts.table(snapshot, NOW, 110, ViewOptions(), cache)
    fewer = replace(snapshot, hosts={"db-prod-02": snapshot.hosts["db-prod-02"]})

    assert [row.key for row in hosts.table(fewer, NOW, 110, ViewOptions(), cache).rows] == [
        "host:db-prod-02"
    ]


def test_the_ascii_set_is_ascii(snapshot: Snapshot) -> None:
    plain_options = ViewOptions(glyphs=ASCII)
    quiet = replace(
        snapshot,
        alerts={k: replace(a, summary="x") for k, a in snapshot.alerts.items()},
        events={k: replace(e, text="x") for k, e in snapshot.events.items()},
    )

    for pane in (fires, hosts, services, activity):
        table = pane.table(quiet, NOW, 132, plain_options)
        texts = [plain(cell) for row in table.rows for cell in row.cells]
        assert all(text.isascii() for text in [*texts, plain(table.title), plain(table.footer)])
