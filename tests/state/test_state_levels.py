"""How full things were, over weeks: what is written is read back, thinner the older it is."""

import sqlite3
from pathlib import Path

import pytest

from opsconsole.state.database import open_database
from opsconsole.state.levels import STEP, pack_levels, read_levels, unpack_levels
from opsconsole.state.retention import LIMITS, prune
from opsconsole.state.statements import LevelRow
from opsconsole.state.tail import Tail

T0 = 1_800_000_000
DISK, MEMORY = "fs.used_ratio{mount=/}", "mem.used_ratio"


@pytest.fixture
def db(tmp_path: Path) -> sqlite3.Connection:
    found = open_database(tmp_path / "history.db")
    yield found
    found.close()


def test_shares_are_packed_in_eight_bytes_a_thing() -> None:
    data = pack_levels({7: 0.5, 9: 0.25})

    assert len(data) == 16
    assert dict(unpack_levels(data)) == {7: 0.5, 9: 0.25}


def test_a_row_that_is_not_whole_is_empty() -> None:
    assert list(unpack_levels(b"\1\2\3")) == []


def test_what_is_written_is_read_back_by_host_and_thing(db: sqlite3.Connection) -> None:
    tail = Tail(db)
    tail.put_levels(
        [
            LevelRow("host:a", T0, {DISK: 0.5, MEMORY: 0.25}),
            LevelRow("host:b", T0, {DISK: 0.75}),
            LevelRow("host:a", T0 + STEP, {DISK: 0.625}),
        ]
    )

    assert read_levels(db, ["a", "b", "nobody"], T0) == {
        "a": {DISK: [(T0, 0.5), (T0 + STEP, 0.625)], MEMORY: [(T0, 0.25)]},
        "b": {DISK: [(T0, 0.75)]},
        "nobody": {},
    }
    assert read_levels(db, ["a"], T0 + 1) == {"a": {DISK: [(T0 + STEP, 0.625)]}}


def test_the_newest_day_is_whole_and_the_days_before_are_by_the_hour(
    db: sqlite3.Connection,
) -> None:
    rows = [LevelRow("host:a", T0 + n * STEP, {DISK: 0.5}) for n in range(3 * 144)]
    Tail(db).put_levels(rows)

    found = [at for at, _ in read_levels(db, ["a"], 0)["a"][DISK]]

    newest = rows[-1].at
    assert sum(at >= newest - 86_400 for at in found) == 145
    assert sum(at < newest - 86_400 for at in found) == pytest.approx(48, abs=1)


def test_rows_end_after_35_days(db: sqlite3.Connection) -> None:
    Tail(db).put_levels([LevelRow("host:a", T0 + n * 86_400, {DISK: 0.5}) for n in range(40)])

    prune(db, T0 + 40 * 86_400.0, LIMITS)

    assert db.execute("SELECT count(*) FROM level").fetchone() == (35,)


def test_a_file_of_before_gets_the_table(tmp_path: Path) -> None:
    db = open_database(tmp_path / "old.db")
    db.execute("DROP TABLE level")
    db.close()

    again = open_database(tmp_path / "old.db")

    assert again.execute("SELECT count(*) FROM level").fetchone() == (0,)
    again.close()
