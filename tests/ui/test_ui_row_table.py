"""The table: the cursor follows the object, rows wait for the person, only what changed is painted."""

import pytest
from msgspec.structs import replace

from opsconsole.ui.look import Look
from opsconsole.ui.widgets.row_painter import CACHE_LIMIT, RowLine, RowPainter
from opsconsole.ui.widgets.row_table import SETTLE, RowTable
from opsconsole.view.rows import Column, Row, Span, Table, Tone

COLUMNS = (
    Column("sign", "", 1),
    Column("host", "HOST", 8),
    Column("what", "WHAT", 6, flexible=True),
    Column("load", "LOAD", 5, right=True),
)


def make_row(key: str, *, what: str = "fine", load: str = "0.1", tone: Tone = Tone.OK) -> Row:
    cells = ((Span("x", tone),), (Span(key),), (Span(what),), (Span(load),))
    return Row(key, cells, Tone.DIM if tone is Tone.OK else Tone.NORMAL)


def table(*keys: str, empty: str = "") -> Table:
    return Table(COLUMNS, tuple(make_row(key) for key in keys), title=(Span("Hosts"),), empty=empty)


def lines(widget: RowTable) -> list[str]:
    return [widget.render_line(y).text for y in range(widget.size.height)]


@pytest.fixture
def widget(look: Look) -> RowTable:
    return RowTable(look, id="hosts", number="2")


async def test_the_frame_carries_number_title_and_columns(stage, widget):
    async with stage(widget, size=(40, 6)):
        widget.show(table("web01", "web02"))

        painted = lines(widget)

    assert painted[0] == "╔ 2 Hosts " + "═" * 29 + "╗"
    assert painted[1] == "║   HOST     WHAT                 LOAD ║"
    assert painted[2] == "║▸x web01    fine                  0.1 ║"
    assert painted[-1] == "╚" + "═" * 38 + "╝"


async def test_a_leading_cursor_keeps_to_the_first_row_until_it_is_moved(stage, widget, clock):
    widget.leads = True
    async with stage(widget) as pilot:
        widget.show(table("a", "b", "c"))
        widget.show(table("c", "a", "b"))
        first = widget.cursor
        await pilot.press("j")
        clock.at += SETTLE
        widget.show(table("b", "c", "a"))

    assert (first, widget.cursor) == ("c", "a")


async def test_a_table_nobody_moved_in_shows_its_beginning_when_it_grows(stage, widget):
    async with stage(widget, size=(40, 5)) as pilot:
        widget.cursor = "e"
        widget.show(table("a", "b", "c", "d", "e"))
        small = widget.top
        await pilot.resize_terminal(40, 12)
        await pilot.pause()

    assert small > 0
    assert (widget.top, widget.cursor) == (0, "e")


async def test_the_cursor_stays_on_its_object_when_rows_are_sorted_anew(stage, widget, clock):
    async with stage(widget) as pilot:
        widget.show(table("a", "b", "c"))
        await pilot.press("j")
        clock.at += SETTLE

        widget.show(table("c", "b", "a"))
        first = widget.cursor
        widget.show(table("b", "c", "a"))

    assert (first, widget.cursor) == ("b", "b")
    assert [row.key for row in widget.rows] == ["b", "c", "a"]


async def test_a_new_order_waits_while_somebody_moves(stage, widget, clock):
    async with stage(widget) as pilot:
        widget.show(table("a", "b", "c"))
        await pilot.press("j")

        widget.show(table("c", "a", "b", "new"))

    assert [row.key for row in widget.rows] == ["a", "b", "c", "new"]


async def test_a_waiting_order_is_shown_when_the_hand_rests(stage, widget, clock):
    async with stage(widget) as pilot:
        widget.show(table("a", "b", "c"))
        await pilot.press("j")
        widget.show(table("c", "a", "b"))
        clock.at += SETTLE

        widget._settle()

    assert [row.key for row in widget.rows] == ["c", "a", "b"]


async def test_nothing_moves_under_an_open_dialog(stage, widget):
    async with stage(widget):
        widget.show(table("a", "b"))
        widget.hold(held=True)

        widget.show(table("b"))
        during = [row.key for row in widget.rows]
        widget.hold(held=False)

    assert during == ["a", "b"]
    assert [(row.key, row.ghost) for row in widget.rows] == [("a", "gone"), ("b", "")]


async def test_a_vanished_row_stays_as_a_ghost_until_the_cursor_moves(stage, widget, clock):
    async with stage(widget) as pilot:
        widget.show(table("a", "b", "c"))
        await pilot.press("j")
        clock.at += SETTLE

        widget.show(table("a", "c"))
        ghosts = [(row.key, row.ghost) for row in widget.rows]
        await pilot.press("j")

    assert ghosts == [("a", ""), ("b", "gone"), ("c", "")]
    assert [row.key for row in widget.rows] == ["a", "c"]
    assert widget.cursor == "c"


async def test_a_ghost_cannot_be_opened(stage, widget, clock):
    async with stage(widget) as pilot:
        chosen = []
        widget.show(table("a"))
        clock.at += SETTLE
        widget.show(table())
        pilot.app.on_row_table_row_chosen = chosen.append

        await pilot.press("enter")

    assert widget.row is not None
    assert widget.row.ghost
    assert chosen == []


async def test_marks_go_with_their_objects(stage, widget, clock):
    async with stage(widget) as pilot:
        widget.show(table("a", "b", "c", "d"))
        await pilot.press("space", "space")
        clock.at += SETTLE

        widget.show(table("d", "b", "c"))

    assert widget.selection == ("b",)


@pytest.mark.parametrize(
    ("keys", "foot"),
    [
        (("*",), "╚ 30 marked ══════════════════════════╝"),
        (("*", "U"), "╚═════════════════════════════════════╝"),
        (("space", "space"), "╚ 2 marked ═══════════════════════════╝"),
        (("v", "j", "j"), "╚ 3 marked ═══════════════════════════╝"),
    ],
)
async def test_the_frame_says_how_many_are_marked_though_most_are_out_of_sight(
    stage, widget, keys, foot
):
    async with stage(widget, size=(39, 6)) as pilot:
        widget.show(table(*map(str, range(30))))

        await pilot.press(*keys)

        assert lines(widget)[-1] == foot


async def test_marks_that_go_with_a_filter_are_not_counted_any_more(stage, widget):
    async with stage(widget, size=(40, 6)) as pilot:
        widget.show(table("a", "b", "c"))
        await pilot.press("*")

        widget.show(replace(table("a", "b"), footer=(Span("2 of 3 shown"),)), asked=True)

        assert lines(widget)[-1].startswith("╚ 2 marked   2 of 3 shown ═")


async def test_a_range_is_marked_from_its_anchor_to_the_cursor(stage, widget):
    async with stage(widget) as pilot:
        widget.show(table("a", "b", "c", "d"))

        await pilot.press("j", "v", "j", "j", "v", "k")

    assert widget.selection == ("b", "c", "d")


@pytest.mark.parametrize(
    ("keys", "cursor"),
    [(("G",), "99"), (("G", "g"), "0"), (("ctrl+d",), "4"), (("pagedown", "pageup"), "0"), (("e",), "50"),
     (("G", "E"), "50")],
)  # fmt: skip
async def test_the_keys_that_move(stage, widget, keys, cursor):
    rows = [make_row(str(n), tone=Tone.WARNING if n == 50 else Tone.OK) for n in range(100)]
    async with stage(widget) as pilot:
        widget.show(Table(COLUMNS, tuple(rows)))

        await pilot.press(*keys)

    assert widget.cursor == cursor


async def test_only_visible_rows_that_changed_are_painted(stage, widget):
    rows = [make_row(str(n)) for n in range(5_000)]
    painted = []
    async with stage(widget, size=(60, 20)) as pilot:
        widget.show(Table(COLUMNS, tuple(rows)))
        await pilot.pause()
        whole = widget.body_line
        widget.body_line = lambda y, width: painted.append(y) or whole(y, width)

        changed = list(rows)
        changed[3] = make_row("3", load="9.9")
        changed[4_000] = make_row("4000", load="9.9")
        widget.show(Table(COLUMNS, tuple(changed)))
        await pilot.pause()

    assert painted == [4]


async def test_an_empty_table_says_so(stage, widget):
    async with stage(widget, size=(40, 6)):
        widget.show(table(empty="Nothing is on fire."))

        painted = lines(widget)

    assert "Nothing is on fire." in painted[2]


async def test_sideways_shows_what_was_cut(stage, widget):
    async with stage(widget, size=(30, 5)) as pilot:
        widget.show(Table(COLUMNS, (make_row("a", what="the end is far away"),)))
        before = lines(widget)[2]
        await pilot.press("right", "right")

        after = lines(widget)[2]

    assert "far away" not in before
    assert "far away" in after


async def test_a_click_moves_the_cursor_and_a_double_click_opens(stage, widget):
    async with stage(widget) as pilot:
        widget.show(table("a", "b", "c"))

        await pilot.click(widget, offset=(5, 4))

    assert widget.cursor == "c"


def test_the_strip_cache_is_bounded(look):
    painter = RowPainter(look)

    for n in range(CACHE_LIMIT * 3):
        row = make_row(str(n))
        painter.strip(RowLine(row, cursor=False, marked=False), row, COLUMNS, 0, 60)

    assert len(painter) <= CACHE_LIMIT


def line_of(
    *, what: str = "fine", load: str = "0.1", cursor: bool = False, key: str = "a"
) -> RowLine:
    return RowLine(make_row(key, what=what, load=load), cursor, False)


@pytest.mark.parametrize(
    ("before", "after", "cells"),
    [
        (line_of(), line_of(), 0),
        (line_of(), line_of(what="ill"), 1 + 2 + 9 + 41 + 1),
        (line_of(), line_of(load="0.2"), 60),
        (line_of(), line_of(cursor=True), 60),
        (line_of(), line_of(key="b"), 60),
        (line_of(), RowLine(None, False, False), 60),
    ],
)
def test_a_line_is_painted_again_only_up_to_what_changed(look, before, after, cells):
    assert RowPainter(look).changed(after, before, COLUMNS, 0, 60) == cells


def test_a_line_that_is_scrolled_sideways_is_painted_whole(look):
    assert RowPainter(look).changed(line_of(what="ill"), line_of(), COLUMNS, 8, 60) == 60
