"""The history's file over restarts and faults; rows and bytes are counted, never seconds."""

import asyncio
import math
import os
import random
import sqlite3
from array import array
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from opsconsole.model.event import Event
from opsconsole.model.run import Run
from opsconsole.model.sample import CheckResult
from opsconsole.model.snapshot import Banner
from opsconsole.model.states import AlertState, Effect, RunState, ServiceState
from opsconsole.state.blocks import KEPT, WIDTH, unpack, unpack_block
from opsconsole.state.database import open_database
from opsconsole.state.history import ASIDE, FAULT, History
from opsconsole.state.keeping import Loaded
from opsconsole.state.retention import Keep, prune
from opsconsole.state.rings import Ring
from opsconsole.state.statements import put_event
from opsconsole.state.world import Marks
from opsconsole.state.writer import Told, Writer

T0 = 1_800_000_000.0


class Desk:
    """Opens histories of one file, and closes them all at the end."""

    def __init__(self, path: Path, clock: Any) -> None:
        self.path = path
        self.clock = clock
        self.banners: dict[str, Banner] = {}
        self.loaded: list[Loaded] = []
        self._open: list[History] = []

    async def open(self, **more: Any) -> History:
        history = History(
            self.path, self.clock, on_banner=self._banner, on_loaded=self.loaded.append, **more
        )
        self._open.append(history)
        await history.start()
        return history

    async def close(self) -> None:
        while self._open:
            await self._open.pop().stop()
        await asyncio.sleep(0)

    def rows(self, table: str) -> int:
        with closing(sqlite3.connect(self.path)) as db:
            return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def _banner(self, key: str, banner: Banner | None) -> None:
        if banner is None:
            self.banners.pop(key, None)
        else:
            self.banners[key] = banner


async def until(true: Callable[[], bool], poke: Callable[[], object] = lambda: None) -> None:
    """Wait for a thread to get there; the test's own time limit ends it otherwise."""
    while not true():
        poke()
        await asyncio.sleep(0.01)


@pytest.fixture
async def desk(tmp_path: Path, clock: Any) -> Any:
    made = Desk(tmp_path / "history.db", clock)
    yield made
    await made.close()


async def _flushed(history: History) -> None:
    await history.keep("flush", b"")


async def test_acks_fires_events_and_kept_things_survive_a_restart(desk: Desk, fire: Any) -> None:
    history = await desk.open()
    alert = fire()
    over = fire(name="Old", state=AlertState.RESOLVED)
    history.put_alert(alert)
    history.put_alert(over)
    history.put_event(Event(1, T0, "op1", "note", "host:db-02", "hello"))
    await history.keep_marks({alert.episode: Marks(owner="op1"), over.episode: Marks(owner="op2")})
    await history.keep("access", b"\x01")
    await desk.close()

    await desk.open()

    loaded = desk.loaded[-1]
    assert loaded.alerts == (alert,)
    assert loaded.marks == {alert.episode: Marks(owner="op1")}
    assert [event.text for event in loaded.events] == ["hello"]
    assert loaded.kept == {"access": b"\x01"}
    assert desk.banners == {}


async def test_a_mark_is_on_the_disk_when_its_call_returns(desk: Desk, fire: Any) -> None:
    history = await desk.open()
    history.put_alert(fire())

    await history.keep_marks({fire().episode: Marks(owner="op1")})

    assert desk.rows("mark") == 1


async def test_the_file_is_for_us_alone(desk: Desk) -> None:
    await desk.open()

    assert desk.path.stat().st_mode & 0o777 == 0o600


async def test_samples_go_to_the_tail_and_every_ten_minutes_into_blocks(desk: Desk) -> None:
    history = await desk.open()
    for second in range(0, 1260, 10):
        for host in ("a", "b"):
            history.put_sample(host, T0 + second, {"cpu.busy": second / 1000})
    await _flushed(history)

    assert desk.rows("block") == 2
    assert desk.rows("mean") == 2
    assert desk.rows("tail") == 2 * 66
    with closing(sqlite3.connect(desk.path)) as db:
        (length,) = db.execute("SELECT length(data) FROM block").fetchone()
    assert length == 60 * 4 * (WIDTH + 1)


async def test_a_series_is_the_same_from_memory_tail_and_blocks(desk: Desk, clock: Any) -> None:
    history = await desk.open()
    for second in range(0, 1260, 10):
        history.put_sample("a", T0 + second, {"cpu.busy": second / 1000})
    await _flushed(history)
    asked: Any = ("host:a", ("cpu.busy", "no.such"), T0, T0 + 1200, 12)
    from_memory = await history.series(*asked)
    await desk.close()

    history = await desk.open()
    from_file = await history.series(*asked)

    assert from_memory == from_file
    assert from_file.values["no.such"] == (None,) * 12
    assert from_file.values["cpu.busy"][0] == pytest.approx(0.045)
    assert from_file.at[-1] == T0 + 1200


async def test_what_was_in_the_tail_is_packed_by_the_next_engine(desk: Desk) -> None:
    history = await desk.open()
    for second in range(0, 600, 10):
        history.put_sample("a", T0 + second, {"cpu.busy": 0.5})
    await _flushed(history)
    await desk.close()
    assert (desk.rows("tail"), desk.rows("block")) == (60, 0)

    history = await desk.open()
    history.put_sample("a", T0 + 700, {"cpu.busy": 0.5})
    await _flushed(history)

    assert (desk.rows("tail"), desk.rows("block"), desk.rows("mean")) == (1, 1, 1)


async def test_older_than_the_blocks_the_means_answer(desk: Desk) -> None:
    history = await desk.open()
    for second in (*range(0, 600, 10), 700):
        history.put_sample("a", T0 + second, {"cpu.busy": 0.25 if second < 300 else 0.75})
    await _flushed(history)
    await desk.close()
    with closing(sqlite3.connect(desk.path)) as db, db:
        db.execute("DELETE FROM block")

    history = await desk.open()
    series = await history.series("host:a", ("cpu.busy",), T0, T0 + 600, 2)

    assert series.values["cpu.busy"] == (0.25, 0.75)


async def test_check_results_give_latency_and_failures(desk: Desk) -> None:
    history = await desk.open()
    for index, state in enumerate(("up", "down", "unknown", "up")):
        history.put_result(
            CheckResult("shop/api", T0 + index, 0.1 * (index + 1), ServiceState(state))
        )
    history.put_result(CheckResult("shopping", T0, 9.0, ServiceState.UP))
    await _flushed(history)

    names = ("check.latency", "check.failed")
    series = await history.series("check:shop/api", names, T0, T0 + 4, 4)
    service = await history.series("service:shop", names, T0, T0 + 4, 1)

    assert series.values["check.failed"] == (0.0, 1.0, None, 0.0)
    assert series.values["check.latency"] == pytest.approx((0.1, 0.2, None, 0.4))
    assert service.values["check.failed"] == pytest.approx((1 / 3,))


async def test_events_are_read_newest_first_by_span_and_subject(desk: Desk) -> None:
    history = await desk.open()
    for number in range(1, 6):
        subject = "host:a" if number % 2 else "host:b"
        history.put_event(Event(number, T0 + number, "op1", "note", subject, str(number)))
    await _flushed(history)

    found = await history.events(T0, T0 + 4, 10)
    own = await history.events(T0, T0 + 9, 2, "host:a")

    assert [event.text for event in found] == ["4", "3", "2", "1"]
    assert [event.text for event in own] == ["5", "3"]


async def test_what_is_too_old_goes_and_what_is_young_stays(desk: Desk, clock: Any) -> None:
    history = await desk.open()
    history.put_event(Event(1, T0 - 401 * 86_400, "op1", "note", "", "old"))
    history.put_event(Event(2, T0 - 399 * 86_400, "op1", "note", "", "young"))
    history.put_result(CheckResult("x", T0 - 36 * 86_400, 0.1, ServiceState.UP))
    history.put_result(CheckResult("x", T0 - 34 * 86_400, 0.1, ServiceState.UP))
    await _flushed(history)
    clock.at += 61
    await until(lambda: desk.rows("event") == 1)

    assert [event.text for event in await history.events(0, T0, 9)] == ["young"]
    assert desk.rows("result") == 1


@pytest.mark.parametrize("content", [b"", b"\0" * 8192, b"not a database" * 99, "cut", "middle"])
async def test_s01_a_file_that_cannot_be_read_is_set_aside(desk: Desk, content: Any) -> None:
    if isinstance(content, str):
        history = await desk.open()
        for number in range(400):
            history.put_event(Event(number, T0, "op1", "note", "", "x" * 200))
        await desk.close()
        whole = desk.path.read_bytes()
        half = len(whole) // 2
        content = (
            whole[:half] if content == "cut" else whole[:4096] + os.urandom(half) + whole[half:]
        )
    desk.path.write_bytes(content)

    history = await desk.open()
    await history.keep("works", b"1")

    aside = desk.path.with_name(f"history.db.corrupt-{int(T0)}")
    assert aside.read_bytes() == content
    assert desk.rows("kept") == 1
    assert aside.name in desk.banners[ASIDE].text
    assert FAULT not in desk.banners


async def test_s01_a_locked_file_is_left_alone_and_used_when_it_is_free(
    desk: Desk, fire: Any
) -> None:
    history = await desk.open()
    history.put_alert(fire())
    await history.keep_marks({fire().episode: Marks(owner="op1")})
    await desk.close()
    with closing(sqlite3.connect(desk.path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        history = await desk.open()
        assert "locked" in desk.banners[FAULT].text
        assert len(desk.loaded) == 1
        history.put_event(Event(1, T0, "op1", "note", "", "meanwhile"))

    await until(lambda: len(desk.loaded) == 2, history.retry)
    await until(lambda: FAULT not in desk.banners)
    await _flushed(history)

    assert desk.loaded[1].marks == {fire().episode: Marks(owner="op1")}
    assert [event.text for event in await history.events(0, T0, 9)] == ["meanwhile"]


async def test_s02_a_full_disk_leaves_the_file_intact_and_is_tried_again(
    desk: Desk, fire: Any
) -> None:
    history = await desk.open()
    history.put_alert(fire())
    await _flushed(history)
    await desk.close()
    history = await desk.open(max_bytes=desk.path.stat().st_size)
    for number in range(200):
        history.put_event(Event(number, T0, "op1", "note", "", "x" * 500))
    history.put_sample("a", T0, {"cpu.busy": 0.5})
    await until(lambda: FAULT in desk.banners)

    assert "disk is full" in desk.banners[FAULT].text
    await history.keep_marks({fire().episode: Marks(owner="op1")})
    assert (desk.rows("event"), desk.rows("episode")) == (0, 1)
    series = await history.series("host:a", ("cpu.busy",), T0, T0 + 1, 1)
    assert series.values["cpu.busy"] == (0.5,)

    history._writer._max_bytes = 1 << 30
    await until(lambda: FAULT not in desk.banners, history.retry)
    await _flushed(history)
    assert (desk.rows("event"), desk.rows("mark")) == (200, 1)


async def test_s03_without_a_folder_everything_runs_in_memory(tmp_path: Path, clock: Any) -> None:
    desk = Desk(tmp_path / "gone" / "history.db", clock)
    history = await desk.open()
    history.put_sample("a", T0, {"cpu.busy": 0.5})
    await history.keep("access", b"1")

    series = await history.series("host:a", ("cpu.busy",), T0, T0 + 1, 1)
    assert series.values["cpu.busy"] == (0.5,)
    assert await history.events(0, T0, 9) == ()
    assert "no such file" in desk.banners[FAULT].text

    await desk.close()


async def test_the_last_hour_of_a_host_is_small(desk: Desk) -> None:
    history = await desk.open()
    metrics = dict.fromkeys(KEPT, 0.5)
    for second in range(0, 7200, 10):
        history.put_sample("a", T0 + second, metrics)

    assert history.memory <= 24 * 1024
    assert (await history.series("host:a", ("ssh.rtt",), T0 + 3600, T0 + 7200, 1)).values == {
        "ssh.rtt": (0.5,)
    }
    history.forget(["a"])
    assert history.memory == 0


async def test_little_is_written_for_a_sample(desk: Desk) -> None:
    history = await desk.open()
    metrics = dict.fromkeys(KEPT, 0.5)
    hosts = [f"h{number}" for number in range(50)]
    for second in range(0, 2460, 10):
        for host in hosts:
            history.put_sample(host, T0 + second, metrics)
    await _flushed(history)
    await desk.close()

    samples = 50 * 246
    assert desk.path.stat().st_size / samples < 160


def test_a_ring_walks_from_its_oldest_sample() -> None:
    ring = Ring()
    for second in range(1_000):
        ring.append(T0 + second, bytes(4 * WIDTH))

    walked = [point.at - T0 for point in ring.since(0.0)]
    assert walked == [*range(int(ring.oldest - T0), 1_000)]
    assert 360 <= len(walked) <= 390
    assert [point.at - T0 for point in ring.since(T0 + 997)] == [997, 998, 999]


@given(
    rows=st.lists(
        st.lists(st.floats(width=32, allow_nan=False), min_size=WIDTH, max_size=WIDTH),
        min_size=1,
        max_size=3,
    ),
    count=st.integers(1, 200),
)
def test_a_ring_gives_back_what_was_put_in_bit_by_bit(rows: list[list[float]], count: int) -> None:
    ring = Ring()
    put = [(T0 + n / 3, array("f", rows[n % len(rows)]).tobytes()) for n in range(count)]
    for at, data in put:
        ring.append(at, data)

    got = [(point.at, array("f", point.values).tobytes()) for point in ring.since(0.0)]
    assert got == put


def test_an_hour_of_a_host_whose_numbers_all_move_is_sixteen_kilobytes() -> None:
    ring, chance = Ring(), random.Random(7)
    for place in range(389):
        values = [chance.random() for _ in range(WIDTH - 4)] + [0.0] * 4
        ring.append(T0 + 10 * place, array("f", values).tobytes())

    assert ring.size <= 16 * 1024


def test_a_file_that_breaks_while_it_is_used_is_set_aside_and_the_write_is_not_lost(
    tmp_path: Path, clock: Any
) -> None:
    path = tmp_path / "history.db"
    aside: list[str] = []
    writer = Writer(path, clock, Told(lambda _: None, lambda _: None, aside.append))
    for number in range(400):
        writer.put(put_event(Event(number, T0, "op1", "note", "", "x" * 200)))
    writer._cycle()
    assert writer._db is not None
    writer._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    writer._db.execute("PRAGMA cache_size=0")
    path.write_bytes(b"\x07" * path.stat().st_size)

    writer.put(put_event(Event(401, T0, "op1", "note", "", "kept")))
    writer._cycle()
    writer._cycle()

    assert aside == [f"history.db.corrupt-{int(T0)}"]
    writer._db.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM event").fetchone() == (1,)


async def test_the_disk_may_fail_while_old_rows_are_deleted(desk: Desk, clock: Any) -> None:
    history = await desk.open()
    history.put_event(Event(1, T0 - 401 * 86_400, "op1", "note", "", "old"))
    await _flushed(history)
    with closing(sqlite3.connect(desk.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        clock.at += 61
        await until(lambda: FAULT in desk.banners)

    await until(lambda: FAULT not in desk.banners, history.retry)
    clock.at += 61
    await until(lambda: desk.rows("event") == 0)


async def test_a_run_is_read_back_in_its_newest_state(desk: Desk) -> None:
    history = await desk.open()
    run = Run("r1", "core.x", "X", Effect.READ, "op1", RunState.RUNNING, T0, {}, (), "h")
    history.put_run(run)
    history.put_run(structs.replace(run, state=RunState.SUCCEEDED))
    await _flushed(history)
    await desk.close()

    await desk.open()

    assert [(r.id, r.state) for r in desk.loaded[-1].runs] == [("r1", "succeeded")]


def test_a_table_past_its_size_loses_its_oldest_rows(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "h.db")) as db:
        for number in range(10):
            db.execute(*put_event(Event(number, T0, "op1", "note", "", str(number))))
        deleted = prune(db, T0, (Keep("event", 86_400.0, 4),))
        left = [row[0] for row in db.execute("SELECT id FROM event ORDER BY id")]

    assert (deleted, left) == (6, [7, 8, 9, 10])


def test_values_that_are_not_whole_are_not_values() -> None:
    assert all(math.isnan(value) for value in unpack(b"123"))
    assert list(unpack_block(0, b"12345")) == []
