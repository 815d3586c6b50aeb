"""What fills, what stands out and what a plan costs, in words, rows and pictures."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from opsconsole.alerting.capacity import DAY, resource_of
from opsconsole.model.action import Plan, PlannedTarget
from opsconsole.model.capacity import Capacity, Course, Odd, Odds, Resource
from opsconsole.model.slo import Objective, SloStatus
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import Confirm, Effect, HostState
from opsconsole.query.contexts import HOSTS
from opsconsole.query.filter_line import compile_filter
from opsconsole.view import capacity, course, hosts, odd, plan_page
from opsconsole.view.cells import plain
from opsconsole.view.glyphs import ASCII, UNICODE
from opsconsole.view.options import ViewOptions
from opsconsole.view.outage import outage_words
from opsconsole.view.plot import Axes, plot
from opsconsole.view.rows import Table

NOW = 1_800_000_000.0
KEY = "fs.used_ratio{mount=/srv}"
POINTS = [(NOW - k * 3_600, 0.80 - 0.01 * k / 24) for k in range(240, -1, -1)]
FILLS = resource_of("db-02", KEY, POINTS)
STILL = resource_of("db-01", "mem.used_ratio", [(at, 0.3) for at, _ in POINTS])
PLAIN = ViewOptions(glyphs=UNICODE)
DB = Snapshot(
    hosts={name: HostRecord(name, labels={"role": "db"}) for name in ("db-01", "db-02", "db-03")}
)

Paint = Callable[[Table, int], list[str]]


def _fills(earliest: float | None, latest: float | None, per_day: float | None = 0.01) -> Resource:
    return replace(FILLS, earliest=earliest, latest=latest, per_day=per_day)


@pytest.mark.parametrize(
    ("earliest", "latest", "words"),
    [
        (3 * DAY, 5 * DAY, "3-5d"),
        (20 * DAY, 20 * DAY, "20d"),
        (20 * 3_600, 3 * DAY, "20h-3d"),
        (40 * 60, 90 * 60, "40m-2h"),
        (9 * DAY, None, "9d +"),
        (0.0, 0.0, "full"),
        (None, None, "-"),
    ],
)
def test_the_time_until_full_is_a_range(
    earliest: float | None, latest: float | None, words: str
) -> None:
    assert capacity.full_words(_fills(earliest, latest)) == words


def test_what_nobody_knows_is_said_to_be_unknown() -> None:
    young = resource_of("db-02", KEY, POINTS[-3:])

    assert capacity.full_words(young) == "?"
    assert capacity.trend_words(young) == "?"
    assert capacity.trend_words(STILL) == "0%"
    assert capacity.trend_words(FILLS) == "+1.0%"


def test_only_what_fills_or_is_nearly_full_is_worth_showing() -> None:
    high = replace(STILL, level=0.9)

    assert capacity.worth_showing([FILLS, STILL, high]) == (FILLS, high)
    assert capacity.worth_showing([FILLS, STILL, high], within=21 * DAY) == (FILLS,)
    assert capacity.worth_showing([FILLS, STILL, high], within=19 * DAY) == ()


def test_the_table_says_what_fills_and_what_it_rests_on(painted: Paint) -> None:
    told = Capacity(NOW, (FILLS, STILL), 2)

    table = capacity.table(told, DB, NOW, 118, PLAIN)

    (row,) = painted(table, 118)[1:]
    assert row.split() == [
        "db-02", "disk", "/srv", "80%", "+1.0%", "20d", "20d", "=", "10d", "▁▁▂▂▃▃▄▄▅▅▆▆▇▇██",
    ]  # fmt: skip
    assert plain(table.footer) == "1 more neither fill nor are over 80%"
    assert table.rows[0].key == f"resource:db-02 {KEY}"
    assert capacity.host_and_metric(table.rows[0].key) == ("db-02", KEY)


def test_two_estimates_that_differ_are_marked(painted: Paint) -> None:
    doubted = replace(FILLS, daily=None, agrees=False)

    shown = painted(capacity.table(Capacity(NOW, (doubted,)), DB, NOW, 118, PLAIN), 118)

    assert "— ≠" in shown[1]
    assert capacity.plain_rows([doubted])[0][5] == "- /"


def test_w_shows_all_and_a_filter_narrows(painted: Paint) -> None:
    told = Capacity(NOW, (FILLS, STILL), 2)
    wide = replace(PLAIN, wide=True)
    narrow = replace(wide, filter=compile_filter("db-01", HOSTS))

    assert len(capacity.table(told, DB, NOW, 80, wide).rows) == 2
    assert [row.key for row in capacity.table(told, DB, NOW, 80, narrow).rows] == [
        "resource:db-01 mem.used_ratio"
    ]


def test_an_empty_table_says_why() -> None:
    young = resource_of("db-02", KEY, POINTS[-3:])

    def empty(told: Capacity | None) -> str:
        return capacity.table(told, DB, NOW, 80, PLAIN).empty

    assert empty(None) == "Reading the past."
    assert empty(Capacity(NOW)).startswith("Nothing is known")
    assert empty(Capacity(NOW, (young,))).startswith("The past is too short")
    assert empty(Capacity(NOW, (STILL,))) == "Nothing fills."


def test_a_course_that_hardly_moves_is_drawn_flat() -> None:
    assert capacity.course_steps((0.5, 0.501, None, 0.5)) == "11?1"
    assert capacity.course_steps((0.1, None, 0.8)) == "1?8"
    assert capacity.course_steps(()) == ""


def test_a_plot_draws_the_past_the_line_and_the_labels() -> None:
    axes = Axes(0, 40, 0.0, 1.0, ((0, "-20s"), (20, "now"), (40, "+20s")))
    points = [(float(at), at / 40) for at in range(21)]

    shown = [plain(line) for line in plot(points, lambda at: at / 40, axes, (25, 6), ASCII)]

    assert shown == [
        "100%|                oooo",
        "    |            oooo    ",
        " 50%|        oooo        ",
        "    |    oooo###         ",
        "  0%|oooo#######         ",
        "     -20s      now   +20s",
    ]


def test_a_plot_without_room_says_so() -> None:
    axes = Axes(0, 1, 0, 1)

    assert plain(plot([(0, 0.5)], None, axes, (19, 9), ASCII)[0]) == "too small to plot"


def test_the_page_of_a_course_says_when_and_draws_it() -> None:
    told = Course(FILLS, tuple(at for at, _ in POINTS), tuple(level for _, level in POINTS))

    made = course.section(told, "db-02 disk /srv", 76, 20, PLAIN)

    shown = [plain(line) for line in made.lines]
    assert shown[:3] == [
        "now     80.0% used, +1.0% a day, by 241 points over 10d",
        "full    in 20d",
        "lows    by each day's low in 20d, which agrees",
    ]
    assert shown[4].startswith("100%│")
    assert shown[-1].split() == ["-10d", "now", "+10d"]
    assert len(shown) == 20
    assert plain(made.title) == "db-02: disk /srv"


def test_a_course_in_ascii_has_only_ascii() -> None:
    told = Course(FILLS, tuple(at for at, _ in POINTS), tuple(level for _, level in POINTS))

    made = course.section(told, "db-02 disk /srv", 76, 20, ViewOptions(glyphs=ASCII))

    assert all(plain(line).isascii() for line in made.lines)


def test_a_course_that_is_not_there_says_so() -> None:
    def said(told: Course | None) -> str:
        return plain(course.section(told, "db-02 disk /srv", 76, 20, PLAIN).lines[0])

    assert said(None) == "Reading the past."
    assert said(Course(None)) == "Nothing is known of it."


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        (replace(FILLS, per_day=None, earliest=None), "nobody can say"),
        (replace(FILLS, earliest=None, latest=None), "not at this rate"),
        (replace(FILLS, latest=None), "in 20d or later, or never"),
        (replace(FILLS, level=1.0), "now"),
    ],
)
def test_the_page_says_what_is_not_sure(resource: Resource, words: str) -> None:
    made = course.section(Course(resource, (NOW - 9, NOW), (0.5, 0.8)), "x", 76, 20, PLAIN)

    assert plain(made.lines[1]).removeprefix("full    ").startswith(words)


ODD = Odd("db-03", "tcp.retransmits", "segments sent again", 70.0, 11.0, 9.2, "db", 5)


def test_the_odd_one_out_is_a_row_with_how_far(painted: Paint) -> None:
    table = odd.table(Odds(NOW, (ODD,), 6), DB, NOW, 100, PLAIN)

    (row,) = painted(table, 100)[1:]
    assert row.split() == ["db-03", "segments", "sent", "again", "70", "11", "9σ", "5", "db"]
    assert odd.host_of(table.rows[0].key) == "db-03"
    assert odd.sigma_words(9.2, ASCII) == "9s"
    assert odd.sigma_words(4_000, UNICODE) == "99σ"


def test_no_odd_one_says_how_many_were_compared_or_why_none() -> None:
    assert odd.table(None, DB, NOW, 80, PLAIN).empty == "Comparing."
    assert odd.empty_words(Odds(NOW, (), 6)) == "No host is unlike its peers; 6 were compared."
    assert "four peers" in odd.empty_words(Odds(NOW))


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        ("cpu.busy", 0.98, "98.0%"),
        ("net.tx_total", 2_700_000.0, "2.6M"),
        ("clock.offset", -0.25, "-250ms"),
        ("ssh.rtt", 0.25, "250ms"),
        ("load.per_core", 2.333, "2.33"),
        ("proc.total", 412.0, "412"),
    ],
)
def test_an_odd_value_is_in_its_unit(metric: str, value: float, words: str) -> None:
    assert odd.value_words(metric, value, UNICODE) == words


def test_a_host_is_marked_in_its_note_and_nowhere_else(painted: Paint) -> None:
    seen = HostRecord("db-03", state=HostState.OK, at=NOW - 1, odd=("tcp.retransmits", 9))
    shown = Snapshot(hosts={"db-03": seen})

    wide = painted(hosts.table(shown, NOW, 150, PLAIN), 150)[1]
    narrow = painted(hosts.table(shown, NOW, 58, PLAIN), 58)[1]

    assert wide.endswith("tcp.retransmits 9σ vs peers")
    assert "peers" not in narrow
    said = replace(seen, reason="no answer")
    assert (
        "peers"
        not in painted(hosts.table(Snapshot(hosts={"db-03": said}), NOW, 150, PLAIN), 150)[1]
    )


def _plan(*targets: str) -> Plan:
    return Plan(
        "p", "core.unit-restart", "Restart", Effect.WRITE, {},
        tuple(PlannedTarget(name) for name in targets), Confirm.KEY, "", 1, True, 3_600.0, "h",
        "1 of 3 db hosts, service shop", outage=600.0,
    )  # fmt: skip


SHOP = SloStatus("shop", Objective(0.999), total=100, left=0.5)
CARRIED = Snapshot(
    services={
        "shop": ServiceRecord("shop", hosts=("db-01",)),
        "free": ServiceRecord("free", hosts=("db-01",)),
    },
    slos={"shop": SHOP},
)


@pytest.mark.parametrize("target", ["host:db-01", "db-01", "service:shop"])
def test_a_plan_that_takes_all_of_a_service_away_says_what_it_costs(target: str) -> None:
    assert outage_words(_plan(target), CARRIED) == (
        "10m of shop down costs 23% of its budget; 27% of the budget left then",
    )


@pytest.mark.parametrize(
    "plan",
    [
        replace(_plan("host:db-01"), outage=0.0),
        _plan("host:db-02"),
        _plan("service:free"),
        replace(_plan("host:db-01"), targets=(PlannedTarget("host:db-01", skip="no systemd"),)),
    ],
    ids=["goes on answering", "elsewhere", "promises nothing", "left out"],
)
def test_a_plan_that_reaches_none_says_nothing_of_costs(plan: Plan) -> None:
    assert outage_words(plan, CARRIED) == ()


TWO = replace(CARRIED, services={"shop": ServiceRecord("shop", hosts=("db-01", "db-02"))})


@pytest.mark.parametrize(
    ("names", "max_parallel", "batches", "goes"),
    [
        (("db-01",), 8, (), False),
        (("db-01", "db-02"), 1, (), False),
        (("db-01", "db-02"), 8, (("db-01",), ("db-02",)), False),
        (("db-01", "db-02"), 8, (("db-03",), ("db-01", "db-02")), True),
        (("db-01", "db-02"), 8, (), True),
    ],
)
def test_a_service_goes_only_where_nothing_is_left_at_one_moment(
    names: tuple[str, ...], max_parallel: int, batches: tuple[tuple[str, ...], ...], goes: bool
) -> None:
    targets = tuple(PlannedTarget(name) for name in names)
    plan = replace(_plan(), targets=targets, max_parallel=max_parallel, batches=batches)

    assert bool(outage_words(plan, TWO)) is goes


def test_of_many_objectives_the_dearest_are_said() -> None:
    names = [f"s{n}" for n in range(5)]
    shown = Snapshot(
        services={name: ServiceRecord(name, hosts=("db-01",)) for name in names},
        slos={name: SloStatus(name, Objective(0.99 + n / 1_000)) for n, name in enumerate(names)},
    )

    said = outage_words(_plan("host:db-01"), shown)

    assert [line.split()[2] for line in said[:3]] == ["s4", "s3", "s2"]
    assert said[3] == "and 2 more with an objective"


def test_the_costs_stand_below_the_blast_radius() -> None:
    said = outage_words(_plan("host:db-01"), CARRIED)

    shown = [plain(line) for line in plan_page.lines(_plan("host:db-01"), PLAIN, said)]

    place = shown.index("blast   1 of 3 db hosts, service shop")
    assert shown[place + 1].startswith("cost    10m of shop down costs 23%")
