"""The Fires pane of thousands: only rows in sight are made, and time alone lays nothing out anew."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from opsconsole.model.alert import Ack, Alert
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import AlertState, Freshness, Severity
from opsconsole.query.contexts import ALERTS
from opsconsole.query.filter_line import compile_filter
from opsconsole.view import fires, storm
from opsconsole.view.cache import RowCache
from opsconsole.view.cells import plain
from opsconsole.view.fire_ledger import FireLedger
from opsconsole.view.lazy_rows import LazyRows, keys_of
from opsconsole.view.options import ViewOptions
from opsconsole.view.triage import members

NOW = 1_764_040_364.0


def fire(n: int, name: str = "", *, on: str = "", ago: float = 5.0, **more: object) -> Alert:
    made = Alert(f"f{n}", f"f{n}-1", name or f"Kind{n:04}", Severity.WARNING, "warning", AlertState.FIRING,
                 NOW - ago, on or f"web{n % 200:03}:9100", "am")  # fmt: skip
    return replace(made, **more)


def shown(*alerts: Alert) -> Snapshot:
    return Snapshot(1, NOW, alerts={alert.episode: alert for alert in alerts})


MANY = shown(*(fire(n) for n in range(2_000)))


def test_of_thousands_of_fires_only_those_that_are_looked_at_are_made():
    table = fires.table(MANY, NOW, 118)
    assert isinstance(table.rows, LazyRows)

    table.rows[:40]

    assert (len(table.rows), table.rows.made) == (2_000, 40)


def test_time_alone_makes_an_age_and_no_other_order():
    cache = RowCache()
    before = fires.table(MANY, NOW, 118, cache=cache)
    row = before.rows[0]

    after = fires.table(MANY, NOW + 1, 118, cache=cache)

    assert keys_of(after.rows) is keys_of(before.rows)
    differ = [
        column.id
        for column, old, new in zip(after.columns, row.cells, after.rows[0].cells, strict=True)
        if old != new
    ]
    assert differ == ["for"]


def test_a_filter_that_lets_the_same_fires_through_lays_nothing_out_anew():
    cache, options = RowCache(), ViewOptions(filter=compile_filter("Kind00", ALERTS))
    before = fires.table(MANY, NOW, 118, options, cache)

    after = fires.table(MANY, NOW + 1, 118, options, cache)

    assert 0 < len(after.rows) < 2_000
    assert keys_of(after.rows) is keys_of(before.rows)


def test_what_a_filter_left_out_is_forgotten_with_its_fire():
    cache, options = RowCache(), ViewOptions(filter=compile_filter("Stays", ALERTS))
    stays = fire(0, "Stays")
    for n in range(1, 50):
        fires.table(shown(stays, fire(n)), NOW, 118, options, cache)

    assert len(cache._keys) <= 4


def test_a_fire_that_is_acknowledged_takes_its_place_among_those():
    cache = RowCache()
    fires.table(MANY, NOW, 118, cache=cache)
    first = next(iter(MANY.alerts.values()))
    acked = replace(first, ack=Ack("op1", NOW))

    table = fires.table(shown(acked, *list(MANY.alerts.values())[1:]), NOW, 118, cache=cache)

    assert table.rows[1_999].key == f"alert:{acked.episode}"


def test_a_group_knows_its_members_by_the_rows_key():
    snapshot = shown(*(fire(n, "DiskFull", on=f"host:db-{n}") for n in range(5)))
    key = fires.table(snapshot, NOW, 118).rows[0].key

    assert [alert.on for alert in members(snapshot, key)] == [f"host:db-{n}" for n in range(5)]


def test_fires_of_one_name_in_two_states_are_two_groups_and_none_is_lost():
    states = [AlertState.FIRING, AlertState.RECOVERING] * 4
    alerts = [fire(n, "HighLoad", on=f"host:web-{n}", state=s) for n, s in enumerate(states)]

    rows = fires.table(shown(*alerts), NOW, 118).rows

    behind = [[alert.state for alert in members(shown(*alerts), row.key)] for row in rows]
    assert behind == [[AlertState.FIRING] * 4, [AlertState.RECOVERING] * 4]


def test_a_fire_that_was_let_go_is_not_said_to_be_over():
    over = fire(1, state=AlertState.RESOLVED)
    let_go = fire(2, state=AlertState.RESOLVED, freshness=Freshness.STALE)

    assert fires.table(shown(over, let_go), NOW, 118).over == {f"alert:{over.episode}"}


def test_a_storm_is_over_when_its_fires_are_old_though_no_alert_changed():
    raging = shown(*(fire(n, ago=30) for n in range(40)))

    seen = [storm.storm(raging, NOW + passed) is not None for passed in (0, 300, 569, 571)]

    assert seen == [True, True, True, False]


def test_a_storm_stays_the_same_object_while_only_hosts_change():
    raging = shown(*(fire(n, ago=30) for n in range(40)))
    found = storm.storm(raging, NOW)

    later = storm.storm(replace(raging, hosts={"a": HostRecord("a")}), NOW + 60)

    assert found is not None
    assert later is found


FIRES = st.builds(
    fire,
    n=st.integers(0, 9),
    name=st.sampled_from(["DiskFull", "Slow"]),
    on=st.sampled_from(["host:a", "host:b", "service:s"]),
    ago=st.sampled_from([5.0, 59.0, 400.0]),
    severity=st.sampled_from(list(Severity)),
    suppressed_by=st.sampled_from([(), ("silence:s1",)]),
    summary=st.sampled_from(["", "is full"]),
    state=st.sampled_from([AlertState.FIRING, AlertState.RECOVERING]),
    freshness=st.sampled_from(list(Freshness)),
    no_data=st.booleans(),
    owner=st.sampled_from([None, "op1"]),
    ack=st.sampled_from([None, Ack("op1", NOW)]),
)
OPTIONS = st.builds(
    ViewOptions,
    sort=st.sampled_from(["", "for", "n"]),
    inverted=st.booleans(),
    faults_only=st.booleans(),
    grouped=st.booleans(),
    expanded=st.sampled_from([frozenset(), frozenset({"group:Slow:warning::"})]),
)


LIKE_EACH_OTHER = st.lists(
    st.builds(
        lambda kind, n: [replace(kind, episode=f"{n}-{each}") for each in range(3)],
        FIRES,
        st.integers(0, 10_000),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(kinds=LIKE_EACH_OTHER, options=OPTIONS)
def test_every_fire_that_is_shown_has_exactly_one_place(kinds, options):
    snapshot = shown(*(alert for kind in kinds for alert in kind))

    laid = FireLedger().lay(snapshot, NOW, options, RowCache())

    groups = [place.group for place in laid.places.values() if not place.inside]
    placed = [alert.episode for group in groups for alert in (*group.alerts, *group.behind)]
    assert sorted(placed) == sorted(alert.episode for alert in laid.shown)


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(st.tuples(st.lists(FIRES, max_size=8), OPTIONS), min_size=2, max_size=5))
def test_a_pane_that_follows_shows_what_a_fresh_one_shows(steps):
    cache = RowCache()
    for passed, (alerts, options) in enumerate(steps):
        snapshot, now = shown(*alerts), NOW + 40 * passed

        followed = fires.table(snapshot, now, 118, options, cache)

        fresh = fires.table(snapshot, now, 118, options)
        assert tuple(followed.rows) == tuple(fresh.rows)
        assert [plain(each) for each in (followed.title, followed.footer)] == [
            plain(each) for each in (fresh.title, fresh.footer)
        ]
