"""Formatting: short, of a known width, and never more than a terminal may see."""

import unicodedata

import pytest
from fleet_in_trouble import NOW, make_alert, make_host, make_snapshot
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from opsconsole.model.event import Event
from opsconsole.model.snapshot import ServiceRecord, Snapshot
from opsconsole.model.states import ServiceState
from opsconsole.view import activity, fires, hosts, peek, services
from opsconsole.view import format as fmt
from opsconsole.view.cells import plain
from opsconsole.view.glyphs import ASCII, UNICODE
from opsconsole.view.naming import bare_name, folded, natural_key
from opsconsole.view.rows import Cell


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"), (0, "0s"), (3.9, "3s"), (59, "59s"), (60, "1m"), (840, "14m"), (3599, "59m"),
        (3600, "1h00"), (10_930, "3h02"), (35_999, "9h59"), (36_000, "10h"), (172_799, "47h"),
        (172_800, "2d"), (212 * 86400, "212d"), (1e12, "9999d"),
    ],
)  # fmt: skip
def test_an_age_reads_short(seconds: float, text: str) -> None:
    assert fmt.age(seconds) == text


@given(st.floats(0, 900 * 86400))
def test_an_age_takes_at_most_four_cells(seconds: float) -> None:
    assert len(fmt.age(seconds)) <= 4


@given(st.floats(0, 1e15))
def test_sizes_and_loads_take_at_most_five_cells(value: float) -> None:
    assert len(fmt.size(value, UNICODE)) <= 5
    assert len(fmt.load(value, UNICODE)) <= 4


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "—"),
        (0, "0B"),
        (999, "999B"),
        (1024, "1.0K"),
        (310 * 2**20, "310M"),
        (1.2 * 2**30, "1.2G"),
    ],
)
def test_sizes_read_short(value: float | None, text: str) -> None:
    assert fmt.size(value, UNICODE) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0004, "0ms"), (0.012, "12ms"), (0.89, "890ms"), (4.12, "4.1s"), (38, "38s"), (400, "6m")],
)
def test_durations_read_short(seconds: float, text: str) -> None:
    assert fmt.duration(seconds) == text


def test_a_spark_shows_what_is_not_known() -> None:
    assert fmt.spark("0123456789??", 6, UNICODE) == "▆▇██??"
    assert fmt.spark("12", 4, UNICODE) == "  ▁▂"
    assert fmt.spark("", 3, UNICODE) == "   "
    assert fmt.spark("\x1b]0", 3, UNICODE) == "??▁"


def test_a_series_fills_its_cells_by_its_highest_value() -> None:
    assert fmt.spark_of((0.0, 5.0, 10.0, None), 4, UNICODE) == "▁▄█?"
    assert fmt.spark_of((None, None), 2, UNICODE) == "??"
    assert fmt.spark_of((), 2, UNICODE) == "  "


def test_times_are_utc_with_a_z_unless_asked_otherwise() -> None:
    assert fmt.clock_time(NOW) == "03:12:44"
    assert fmt.moment(NOW, NOW) == "03:12:44Z"
    assert fmt.moment(NOW - 86400, NOW) == "11-21 03:12:44Z"
    assert fmt.when(NOW - 63, NOW, "relative") == "1m"


@given(st.text(max_size=40), st.integers(0, 20))
def test_a_shortened_text_never_is_wider_than_its_room(text: str, width: int) -> None:
    for glyphs in (UNICODE, ASCII):
        assert fmt.cell_width(fmt.shorten(text, width, glyphs)) <= width


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["web-01", "web-03", "web-02"], "web-{01-03}"),
        (["web-03", "web-07", "web-09"], "web-{03,07,09}"),
        (["a", "b"], "a,b"),
        (["web-1", "web-10", "web-9"], "web-{1,9,10}"),
        (["web-1"], "web-1"),
        (["db1.example", "db2.example"], "db{1,2}.example"),
        ([], ""),
    ],
)
def test_names_fold(names: list[str], text: str) -> None:
    assert folded(names) == text


@given(st.lists(st.text(max_size=12), max_size=6))
def test_folding_and_ordering_never_raise(names: list[str]) -> None:
    folded(names)
    assert [natural_key(n) for n in sorted(names, key=natural_key)] == sorted(
        map(natural_key, names)
    )


def test_a_references_name_is_what_people_read() -> None:
    assert bare_name("host:db-02") == "db-02"
    assert bare_name("10.0.0.1:9100") == "10.0.0.1:9100"


def _cells(snapshot: Snapshot) -> list[Cell]:
    found: list[Cell] = []
    for pane in (fires, hosts, services, activity):
        table = pane.table(snapshot, NOW, 132)
        found += [table.title, table.footer, *(cell for row in table.rows for cell in row.cells)]
        for row in table.rows:
            seen = peek.peek(snapshot, row.key, NOW)
            found += [seen.title, *seen.lines, *peek.brief(snapshot, row.key, NOW)]
    return found


HOSTILE = (
    "\x1b]52;c;aGk=\x07 \x9b31m [bold red]x[/] \u202eevil\u2066 \x00\r\n\t "
    "e\u0301\u0301\u0301\u0301 \ud800 \U000e0041"
)


def test_nothing_a_terminal_would_obey_leaves_the_view() -> None:
    alert = replace(
        make_alert("A", "host:h"),
        name=HOSTILE,
        summary=HOSTILE,
        labels={"x": HOSTILE},
        owner=HOSTILE,
    )
    snapshot = replace(
        make_snapshot(),
        alerts={alert.episode: alert},
        hosts={
            "h": replace(
                make_host("h", "critical"),
                reason=HOSTILE,
                labels={"role": HOSTILE},
                facts={"os": HOSTILE},
            )
        },
        services={"s": ServiceRecord(HOSTILE, ServiceState.DOWN, HOSTILE)},
        events={1: Event(1, NOW, HOSTILE, "note", "host:h", HOSTILE)},
    )

    for cell in _cells(snapshot):
        for char in plain(cell):
            assert unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"), (plain(cell), char)
