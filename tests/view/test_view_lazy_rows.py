"""Rows are made when they are looked at, and a pane that follows shows what a fresh one would."""

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import HostState, Reach
from opsconsole.view import hosts
from opsconsole.view.cache import RowCache
from opsconsole.view.lazy_rows import LazyRows, in_keys, keys_of, with_ghost
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Row

NOW = 1_000_000.0
FLEET = {f"web-{n:04}": HostRecord(f"web-{n:04}") for n in range(2_000)}


def rows_of(*keys: str) -> LazyRows:
    return LazyRows(keys, lambda key: Row(key, ()))


def test_a_pane_of_thousands_makes_only_the_rows_that_are_looked_at():
    table = hosts.table(Snapshot(hosts=FLEET), NOW, 120)
    assert isinstance(table.rows, LazyRows)

    seen = table.rows[:50]

    assert [row.key for row in seen[:2]] == ["host:web-0000", "host:web-0001"]
    assert len(table.rows) == 2_000
    assert table.rows.made == 50


def test_a_row_is_made_once():
    rows = rows_of("a", "b")

    assert rows[1] is rows[1]
    assert rows.made == 1


def test_a_changed_record_that_keeps_its_place_leaves_the_order_as_it_is():
    cache = RowCache()
    before = hosts.table(Snapshot(hosts=FLEET), NOW, 120, cache=cache)
    changed = {**FLEET, "web-0003": replace(FLEET["web-0003"], at=NOW, metrics={"cpu.busy": 0.5})}

    after = hosts.table(Snapshot(hosts=changed), NOW + 1, 120, cache=cache)

    assert keys_of(after.rows) == keys_of(before.rows)
    assert after.rows[3] != before.rows[3]


def test_rows_of_any_kind_are_shown_in_another_order():
    plain = (Row("a", ()), Row("b", ()), Row("c", ()))

    assert [row.key for row in in_keys(plain, ("c", "a"))] == ["c", "a"]
    assert [row.key for row in in_keys(rows_of("a", "b", "c"), ("c", "a"))] == ["c", "a"]


def test_a_ghost_stands_where_its_object_stood_and_only_it_is_one():
    rows = with_ghost(rows_of("a", "c"), Row("b", ()), 1, "gone")

    assert [(row.key, row.ghost) for row in rows] == [("a", ""), ("b", "gone"), ("c", "")]


def test_a_ghost_of_the_last_row_stands_at_the_end():
    rows = with_ghost(rows_of("a"), Row("z", ()), 7, "over")

    assert keys_of(rows) == ("a", "z")


NAMES = st.sampled_from([f"h{n}" for n in range(6)])
RECORDS = st.builds(
    HostRecord,
    name=NAMES,
    labels=st.sampled_from([{}, {"role": "web"}]),
    state=st.sampled_from(list(HostState)),
    reach=st.sampled_from([None, Reach.UP, Reach.SILENT]),
    at=st.sampled_from([0.0, NOW - 300, NOW - 3]),
    metrics=st.sampled_from([{}, {"load.1m": 1.5}, {"cpu.busy": 0.5, "uptime": 60.0}]),
    alerts=st.integers(0, 3),
)
SNAPSHOTS = st.lists(RECORDS, max_size=8).map(lambda made: {each.name: each for each in made})
OPTIONS = st.builds(
    ViewOptions,
    sort=st.sampled_from(["", "host", "load", "alerts"]),
    inverted=st.booleans(),
    faults_only=st.booleans(),
)


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(st.tuples(SNAPSHOTS, OPTIONS), min_size=2, max_size=5))
def test_a_pane_that_follows_shows_what_a_fresh_one_shows(steps):
    cache, shown = RowCache(), {}
    for passed, (changed, options) in enumerate(steps):
        shown = changed if passed % 2 else {**shown, **changed}
        snapshot, now = Snapshot(hosts=shown), NOW + passed

        followed = hosts.table(snapshot, now, 50, options, cache)

        fresh = hosts.table(snapshot, now, 50, options)
        assert [row.key for row in followed.rows] == [row.key for row in fresh.rows]
        assert (followed.title, followed.footer) == (fresh.title, fresh.footer)
        if followed.columns == fresh.columns:
            assert tuple(followed.rows) == tuple(fresh.rows)
