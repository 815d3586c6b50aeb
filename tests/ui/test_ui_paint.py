"""Lines on the screen: broken where words end, and nothing of them lost."""

from hypothesis import given
from hypothesis import strategies as st

from opsconsole.model.text import Safe, clean
from opsconsole.ui.paint import cell_width, flowed, wrapped
from opsconsole.view.rows import Cell, Span, Tone


def text_of(cell: Cell) -> str:
    return "".join(span.text for span in cell)


def test_a_long_line_goes_on_under_its_beginning() -> None:
    line = (
        Span(Safe("why    "), Tone.ACCENT),
        Span(Safe("2 of 6 checks are down, web-02: refused")),
    )

    assert [text_of(each).rstrip() for each in flowed([line], 24)] == [
        "why    2 of 6 checks are",
        "       down, web-02:",
        "       refused",
    ]


def test_a_line_that_fits_stays_as_it_is() -> None:
    line = (Span(Safe("short")),)

    assert flowed([line], 5) == (line,)


@given(st.text(max_size=120), st.integers(min_value=2, max_value=40))
def test_no_broken_line_is_wider_than_the_room_and_no_word_is_lost(text: str, room: int) -> None:
    line = (Span(clean(text, 200)),)

    for broken in (flowed([line], room), wrapped([line], room)):
        assert all(cell_width(each) <= room for each in broken)
    kept = "".join(text_of(each) for each in flowed([line], room))
    assert len(kept.replace(" ", "")) >= len(text_of(line).replace(" ", "")) or not text.isascii()
