"""Header, Peek, offers, map, timeline: the answers of the first ten seconds."""

import pytest
from fleet_in_trouble import NOW, make_alert, make_host
from msgspec.structs import replace

from opsconsole.model.access import write_refusal
from opsconsole.model.action import ActionSpec
from opsconsole.model.moment import Moment
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import Access, Banner, Feed, Freeze, HostRecord, Snapshot, Unlock
from opsconsole.model.states import Effect, HostState, RunState, ServiceState
from opsconsole.view import fleet_map, header, peek, runs, timeline
from opsconsole.view.cells import plain, width_of
from opsconsole.view.fitting import focus_of
from opsconsole.view.header import Frame
from opsconsole.view.offers import offers, runbook_word
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Tone

ME = ViewOptions(me="op1")


def test_the_header_reads_as_designed(snapshot: Snapshot) -> None:
    small = [plain(line) for line in header.lines(snapshot, NOW, 80, options=ME)]
    large = [plain(line) for line in header.lines(snapshot, NOW, 120, options=ME)]

    assert small == [
        "█ PROD █ ✗4 ▴6  UNACKED 4  hosts 9  svc 3                      LOCKED  03:12:44Z",
        "all ▸ overview   filter: —   layout: default                        feed 128/130",
    ]
    assert large == [
        "█ PROD █ fires ✗4 ▴6  UNACKED 4  hosts 9 ✗1 ▴2 ~1  svc 3 ✗1 ~1"
        "                                op1 op2  LOCKED  03:12:44Z",
        "all ▸ overview   filter: —   layout: default"
        "                                       feed ssh 126/128  main 2/2  oldest 6m",
    ]


@pytest.mark.parametrize(
    ("access", "word"),
    [
        (Access("prod", locked=True), "LOCKED"),
        (Access("prod", locked=True, unlocks=(Unlock("op1", NOW + 700, "x"),)), "UNLOCKED 11m"),
        (Access("prod", locked=True, unlocks=(Unlock("op2", NOW + 700, "x"),)), "LOCKED"),
        (Access("prod", locked=True, unlocks=(Unlock("op1", NOW - 1, "x"),)), "LOCKED"),
        (Access("stg"), ""),
        (Access("prod", read_only=True), "READ-ONLY"),
        (Access("prod", freezes=(Freeze("f", "op3", NOW + 60, "release"),)), "FROZEN by op3 1m"),
        (Access("prod", freezes=(Freeze("f", "op3", NOW - 60, "release"),)), ""),
    ],
)
def test_the_header_says_who_may_change_things(access: Access, word: str) -> None:
    assert plain(header.access_word(access, "op1", NOW)) == word


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (56, "█ PROD █ ✗4 ▴6  UNACKED 4  hosts 9         LOCKED  03:12:44Z"),
        (45, "█ PROD █ ✗4 ▴6  UNACKED 4    LOCKED  03:12:44Z"),
        (40, "█ PROD █ ✗4 ▴6  UNACKED 4         LOCKED"),
    ],
)
def test_a_narrow_header_still_says_whether_one_may_change_things(
    snapshot: Snapshot, width: int, text: str
) -> None:
    assert " ".join(plain(header.lines(snapshot, NOW, width, options=ME)[0]).split()) == " ".join(
        text.split()
    )


def test_only_production_has_a_solid_badge(snapshot: Snapshot) -> None:
    assert header.badge(Access("prod"), ME.glyphs)[0].tone is Tone.BADGE
    assert header.badge(Access("stg"), ME.glyphs)[0].tone is Tone.ACCENT
    assert plain(header.badge(Access(), ME.glyphs)) == "opsconsole"


def test_a_lost_engine_and_a_paused_screen_are_said(snapshot: Snapshot) -> None:
    first, second = header.lines(
        snapshot, NOW, 120, Frame(link="lost", paused_at=NOW - 10, filter="web"), ME
    )

    assert "PAUSED 03:12:34Z" in plain(first)
    assert "engine lost" in plain(second)
    assert "filter: web" in plain(second)


@pytest.mark.parametrize("width", [50, 60, 80])
def test_that_the_screen_stands_still_gives_way_to_nothing(snapshot: Snapshot, width: int) -> None:
    unlocked = Access("prod", locked=True, unlocks=(Unlock(ME.me, NOW + 60, "x"),))
    busy = replace(snapshot, access=unlocked)
    paused = header.lines(busy, NOW, width, Frame(paused_at=NOW - 10), ME)[0]
    past = header.lines(busy, NOW, width, Frame(past=Moment(NOW - 10, busy)), ME)[0]

    assert "PAUSED 03:12:34Z" in plain(paused)
    assert "PAST 03:12:34Z" in plain(past)
    assert "UNLOCKED" in plain(paused)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100, 140, 200])
def test_the_header_keeps_to_its_width_where_it_can(snapshot: Snapshot, width: int) -> None:
    for line in header.lines(snapshot, NOW, width, options=ME):
        assert width_of(line) <= max(width, 75)


def test_banners_stay_until_their_cause_is_gone(snapshot: Snapshot) -> None:
    told = replace(
        snapshot, banners={"a": Banner("a", "later"), "b": Banner("b", "first", "critical")}
    )

    assert [plain(line) for line in header.banners(told)] == ["first", "later"]


def test_what_is_critical_stands_before_runs_that_wait_and_those_are_one_line(
    snapshot: Snapshot,
) -> None:
    run = next(iter(snapshot.runs.values()))
    waiting = {id_: replace(run, id=id_, state=RunState.AWAITING_APPROVAL) for id_ in ("a", "b")}
    told = replace(
        snapshot,
        runs=waiting,
        banners={"a": Banner("a", "later"), "b": Banner("b", "the disk is full", "critical")},
    )

    assert [plain(line) for line in header.banners(told)] == [
        "the disk is full",
        "2 runs need a second person (:runs, a)",
        "later",
    ]


def test_peek_answers_what_since_when_who_and_what_to_do(snapshot: Snapshot) -> None:
    key = next(f"alert:{a.episode}" for a in snapshot.alerts.values() if a.name == "PgReplLag")

    assert [plain(line) for line in peek.peek(snapshot, key, NOW, ME).lines] == [
        "what   lag 412s > 60s, rising 29s/min",
        "since  02:58:44Z (14m)   by rules",
        "who    NOBODY.  a ack   t take   x mute",
        "why    firing 14m · calls: nobody has it",
        "on     ✗ db-prod-02  load 11.8  cpu 92%  mem 50%  disk 97%",
        "cause? ✗ DiskWillFill db-prod-02: same host, op1 has it",
        "change none known in the 30m before",
        "do     r pg-lag   Replication slots and lag   read only",
        "       also: unit-restart",
        "       LOCKED: `:unlock 15m REASON` turns changes on for you",
    ]


def test_peek_in_three_lines(snapshot: Snapshot) -> None:
    key = next(f"alert:{a.episode}" for a in snapshot.alerts.values() if a.name == "PgReplLag")

    assert [plain(line) for line in peek.brief(snapshot, key, NOW, ME)] == [
        "✗ PgReplLag db-prod-02 14m NO OWNER   r pg-lag",
        "likely cause ✗ DiskWillFill db-prod-02: same host, op1 has it",
        '03:12:02 ◉ op1 ack DiskWillFill "cleaning wal"',
    ]


def test_a_fire_that_is_over_is_not_said_to_wait_for_an_owner(snapshot: Snapshot) -> None:
    key = next(f"alert:{a.episode}" for a in snapshot.alerts.values() if a.name == "Old")

    brief = plain(peek.brief(snapshot, key, NOW, ME)[0])
    who = [plain(line) for line in peek.peek(snapshot, key, NOW, ME).lines if "who" in plain(line)]

    assert "Old web-prod-01 1m OVER" in brief
    assert who == ["who    It is over."]


@pytest.mark.parametrize(
    "key", ["", "host:gone", "alert:gone", "group:gone", "event:x", "event:99", "run:1", "::"]
)
def test_peek_survives_what_is_not_there(snapshot: Snapshot, key: str) -> None:
    assert plain(peek.peek(snapshot, key, NOW).lines[0]) == "Nothing under the cursor."


def test_a_silent_host_says_what_stands_between(snapshot: Snapshot) -> None:
    lines = [plain(line) for line in peek.peek(snapshot, "host:web-prod-14", NOW).lines]

    assert "now    no answer in 8 s, last seen 6m ago" in lines


def _offered(snapshot: Snapshot, key: str, *marks: str) -> dict[str, str]:
    found = offers(snapshot, Selection("fires", key, marks, me="op1"), NOW)
    return {offer.action.id: offer.refusal for offer in found}


def test_the_fires_own_runbook_is_offered_first_and_writes_are_refused_while_locked(
    snapshot: Snapshot,
) -> None:
    key = next(f"alert:{a.episode}" for a in snapshot.alerts.values() if a.name == "PgReplLag")

    found = _offered(snapshot, key)

    assert list(found) == ["core.pg-lag", "core.unit-restart"]
    assert found["core.pg-lag"] == ""
    assert found["core.unit-restart"].startswith("LOCKED")


def test_a_host_brings_the_runbooks_of_the_fires_on_it(snapshot: Snapshot) -> None:
    found = offers(snapshot, Selection("hosts", "host:db-prod-02", me="op1"), NOW)

    lag = next(offer for offer in found if offer.action.id == "core.pg-lag")
    assert lag.for_alert
    assert snapshot.alerts[lag.episode].name == "PgReplLag"
    assert "core.pg-lag" not in _offered(snapshot, "host:db-prod-10")


def test_a_fire_on_no_host_says_why_host_actions_are_not_for_it(snapshot: Snapshot) -> None:
    key = next(f"alert:{a.episode}" for a in snapshot.alerts.values() if a.name == "QueueDepth")

    assert _offered(snapshot, key) == {"core.unit-restart": "mailer-x is no host of the inventory"}


def test_a_group_offers_its_actions_for_all_members(snapshot: Snapshot) -> None:
    hosts = {f"web-prod-{n}": make_host(f"web-prod-{n}") for n in ("03", "07", "09", "11")}
    key = "group:HighLoad:warning:op2:"

    found = offers(replace(snapshot, hosts=hosts), Selection("fires", key, me="op1"), NOW)

    restart = next(offer for offer in found if offer.action.id == "core.unit-restart")
    assert restart.targets == (
        "host:web-prod-03",
        "host:web-prod-07",
        "host:web-prod-09",
        "host:web-prod-11",
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"arity": "one"}, "takes one target; clear the marks"),
        ({"max_targets": 1}, "takes at most 1 targets"),
        ({}, ""),
        ({"match": "host.nosuchthing =="}, None),
        ({"match": 'host.labels.role == "db"'}, ""),
        ({"match": 'host.labels.role == "web"'}, None),
        ({"scope": "service"}, None),
        ({"scope": "alert"}, None),
        ({"effect": Effect.WRITE}, "frozen by op3: release"),
    ],
)
def test_an_offer_follows_from_scope_match_arity_and_freeze(
    snapshot: Snapshot, change: dict[str, object], says: str | None
) -> None:
    spec = replace(ActionSpec("x.y", "Y", Effect.READ, "host"), **change)
    frozen = Access(freezes=(Freeze("f", "op3", NOW + 60, "release"),))
    seen = replace(snapshot, actions={"x.y": spec}, access=frozen)

    found = _offered(seen, "", "host:db-prod-02", "host:db-prod-10")

    assert found == ({} if says is None else {"x.y": says})


@pytest.mark.parametrize(
    ("scope", "refused"),
    [("role:db", True), ("role:web", False), ("host:db-*", True), ("state:nosuch", True)],
)
def test_a_freeze_of_some_hosts_refuses_only_those(
    snapshot: Snapshot, scope: str, refused: bool
) -> None:
    frozen = Access(freezes=(Freeze("f", "op3", NOW + 60, "release", scope),))

    found = _offered(replace(snapshot, access=frozen), "host:db-prod-10")

    assert bool(found["core.unit-restart"]) is refused


def test_who_may_not_write_is_told_why() -> None:
    assert write_refusal(Access(), "op1", NOW) == ""
    assert "read-only" in write_refusal(Access(read_only=True), "op1", NOW)
    assert "LOCKED" in write_refusal(Access(locked=True), "op1", NOW)
    unlocked = Access(locked=True, unlocks=(Unlock("op1", NOW + 1, "x"),))
    assert write_refusal(unlocked, "op1", NOW) == ""
    assert "LOCKED" in write_refusal(unlocked, "op1", NOW + 2)


def test_the_runbook_column_names_an_action_or_a_link(snapshot: Snapshot) -> None:
    words = {a.name: runbook_word(snapshot, a, NOW) for a in snapshot.alerts.values()}

    assert words["PgReplLag"] == "pg-lag"
    assert words["DiskWillFill"] == "disk-hogs"
    assert words["HttpProbe"] == "link"
    assert words["ClockSkew"] == ""


def test_a_fire_brings_the_object_it_is_on(snapshot: Snapshot) -> None:
    alert = next(a for a in snapshot.alerts.values() if a.name == "HttpProbe")

    focus = focus_of(snapshot, f"alert:{alert.episode}")

    assert focus.service is snapshot.services["checkout"]
    assert focus.host is None


def test_the_map_has_a_cell_a_host_and_counts_where_it_must(snapshot: Snapshot) -> None:
    whole = [plain(line) for line in fleet_map.section(snapshot, 84, 8).lines]
    many = {f"web-{n}": make_host(f"web-{n}") for n in range(500)}
    counted = fleet_map.section(replace(snapshot, hosts={**snapshot.hosts, **many}), 40, 4)

    assert whole == ["batch ⊘   db    ✗✓✓   new   ◌   web   ✓▴▴~"]
    assert [plain(line) for line in counted.lines] == [
        "batch ⊘1   db    ✗1 ✓2   new   ◌1",
        "web   ▴2 ~1 ✓501",
    ]
    assert all(width_of(line) <= 84 for line in fleet_map.section(snapshot, 84, 8).lines)


def test_the_timeline_places_what_happened(snapshot: Snapshot) -> None:
    section = timeline.section(snapshot, NOW, 120, 6)

    lines = [plain(line) for line in section.lines]
    assert "03:00" in lines[0]
    assert lines[1].startswith("fires")
    assert any(line.startswith("checkout") and "◊ checkout v2.41.0" in line for line in lines)
    assert all(width_of(line) <= 120 for line in section.lines)


def test_runs_and_people_are_said(snapshot: Snapshot) -> None:
    lines = [plain(line) for line in runs.people(snapshot, NOW, 78, 9).lines]

    assert lines[0] == "✓  op1  disk-hogs  db-prod-02  succeeded  1/1 2s"
    assert "· op2 is here ×2" in lines


def test_a_fire_without_anything_known_still_has_its_lines() -> None:
    alert = make_alert("A", "")

    found = peek.peek(
        Snapshot(alerts={alert.episode: alert}, now=NOW), f"alert:{alert.episode}", NOW
    )

    assert plain(found.lines[-1]).startswith("do")


CATALOGUE = {
    "core.top-cpu": 'alert.name in ["HighLoad"] or host',
    "core.unit-restart": 'alert.name in ["HttpProbe"] or host.init in ["systemd", none]',
    "core.disk-hogs": 'alert.name in ["DiskWillFill"] or host',
}


def test_only_the_part_of_a_match_that_speaks_of_the_fire_makes_its_runbook(
    snapshot: Snapshot,
) -> None:
    actions = {
        name: ActionSpec(name, name, Effect.READ, "host", match=match)
        for name, match in CATALOGUE.items()
    }
    seen = replace(snapshot, actions=actions)

    words = {a.name: runbook_word(seen, a, NOW) for a in seen.alerts.values()}

    assert words["HighLoad"] == "top-cpu"
    assert words["HttpProbe"] == "unit-restart"
    assert words["DiskWillFill"] == "disk-hogs"
    assert words["HostUnreachable"] == ""


def test_a_host_action_for_a_services_fire_goes_to_the_hosts_that_carry_it(
    snapshot: Snapshot,
) -> None:
    alert = next(a for a in snapshot.alerts.values() if a.name == "HttpProbe")

    found = offers(snapshot, Selection("fires", f"alert:{alert.episode}", me="op1"), NOW)

    restart = next(offer for offer in found if offer.action.id == "core.unit-restart")
    assert restart.targets == ("host:web-prod-03", "host:web-prod-07")
    assert restart.episode == alert.episode


def test_a_fire_that_names_its_runbook_short_has_it_first(snapshot: Snapshot) -> None:
    alert = next(a for a in snapshot.alerts.values() if a.name == "DiskWillFill")
    named = replace(alert, runbook="unit-restart")
    seen = replace(snapshot, alerts={**snapshot.alerts, alert.episode: named})

    assert next(iter(_offered(seen, f"alert:{alert.episode}"))) == "core.unit-restart"
    assert runbook_word(seen, named, NOW) == "unit-restart"


@pytest.mark.parametrize(
    ("hosts", "sign"),
    [
        ({"web-1": HostRecord("web-1", state=HostState.PENDING)}, "fires ~"),
        ({"web-1": HostRecord("web-1", state=HostState.UNKNOWN)}, "fires ~"),
        ({"web-1": HostRecord("web-1", state=HostState.OK)}, "fires ✓"),
    ],
)
def test_no_fire_is_ok_only_where_everything_is_seen(
    hosts: dict[str, HostRecord], sign: str
) -> None:
    feeds = {"ssh": Feed("ssh", "ssh", ServiceState.UP)}

    situation, _ = header.lines(Snapshot(hosts=hosts, feeds=feeds), 1_000.0, 120)

    assert sign in plain(situation)
