"""A delta that brings only time is no news."""

from msgspec.structs import replace

from opsconsole.model.delta import only_time_passed
from opsconsole.model.snapshot import EngineInfo, HostRecord, Snapshot

SHOWN = Snapshot(revision=1, now=10.0, hosts={"web-01": HostRecord("web-01")})


def test_a_later_time_alone_is_no_news():
    assert only_time_passed(SHOWN, replace(SHOWN, revision=2, now=11.0))


def test_a_changed_table_or_engine_is_news():
    assert not only_time_passed(SHOWN, replace(SHOWN, hosts=dict(SHOWN.hosts)))
    assert not only_time_passed(SHOWN, replace(SHOWN, engine=EngineInfo("other")))
