"""diff, apply and merge: the mirror always ends where the engine is."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from opsconsole.model.delta import apply, diff, merge
from opsconsole.model.event import Event
from opsconsole.model.snapshot import Access, Banner, EngineInfo, Feed, HostRecord, Snapshot

_NAMES = st.sampled_from(["db-01", "db-02", "web-01", "web-02"])


def _table(make: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(_NAMES, st.sampled_from(["a", "b"])).map(
        lambda words: {name: make(name, word) for name, word in words.items()}
    )


_SNAPSHOTS = st.builds(
    Snapshot,
    now=st.floats(0, 9),
    hosts=_table(lambda name, word: HostRecord(name=name, reason=word)),
    feeds=_table(lambda name, word: Feed(name=name, kind=word)),
    banners=_table(lambda name, word: Banner(id=name, text=word)),
    people=st.dictionaries(_NAMES, st.integers(1, 3)),
    events=st.dictionaries(
        st.integers(1, 5), st.just(Event(id=1, at=0, actor="op1", kind="note", subject="", text=""))
    ),
    access=st.sampled_from([Access(), Access(locked=True)]),
    engine=st.sampled_from([EngineInfo(), EngineInfo(name="demo")]),
    ack_within=st.sampled_from([300.0, 60.0]),
)


@given(_SNAPSHOTS, _SNAPSHOTS)
def test_applying_a_difference_gives_the_newer_snapshot(old: Snapshot, new: Snapshot) -> None:
    new = structs.replace(new, revision=7)

    assert apply(old, diff(old, new)) == new


@given(_SNAPSHOTS, _SNAPSHOTS, _SNAPSHOTS)
def test_two_merged_deltas_do_what_both_do(a: Snapshot, b: Snapshot, c: Snapshot) -> None:
    b, c = structs.replace(b, revision=1), structs.replace(c, revision=2)

    merged = merge(diff(a, b), diff(b, c))

    assert apply(a, merged) == c


def test_unchanged_tables_and_records_are_not_in_the_delta() -> None:
    one, two = HostRecord(name="one"), HostRecord(name="two")
    old = Snapshot(hosts={"one": one, "two": two}, people={"op1": 1})
    newer = HostRecord(name="two", reason="new")
    new = structs.replace(old, revision=1, hosts={"one": one, "two": newer})

    delta = diff(old, new)

    assert delta.hosts == {"two": newer}
    assert delta.people == {}
    assert delta.removed == {}
    assert apply(old, delta).people is old.people


def test_a_delta_on_the_wrong_revision_is_refused() -> None:
    delta = diff(Snapshot(revision=3), Snapshot(revision=4))

    with pytest.raises(ValueError, match="from revision 3 on revision 2"):
        apply(Snapshot(revision=2), delta)
    with pytest.raises(ValueError, match="from revision 3 after revision 9"):
        merge(diff(Snapshot(revision=8), Snapshot(revision=9)), delta)
