"""Bytes of the terminal: what is no key is not taken as one, floods are bounded, sizes are clamped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._xterm_parser import XTermParser
from textual.geometry import Size

from opsconsole.ui.background import read_answer
from opsconsole.ui.driver import HIGHEST, WIDEST, _clamped
from opsconsole.ui.terminal_answers import FLOOD_LIMIT, AnswerFilter, Throttle

ANSWERS = (
    "\x1b[?62;22c",
    "\x1b[>0;276;0c",
    "\x1b]11;rgb:1111/1515/1c1c\x1b\\",
    "\x1b]11;rgb:1111/1515/1c1c\x07",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x1bP1$r0m\x1b\\",
    "\x1b_Gi=1;OK\x1b\\",
    "\x1b[0n",
    "\x1b[8;24;80t",
    "\x1b[2;1;1;128;128;1;0x",
)


def keys(text: str) -> list[str]:
    parser = XTermParser()
    return [event.key for event in parser.feed(text) if isinstance(event, events.Key)]


def fed(*chunks: str) -> str:
    answers = AnswerFilter()
    return "".join(answers.strip(chunk) for chunk in chunks) + answers.settle()


@pytest.mark.parametrize("answer", ANSWERS)
def test_t10_an_answer_of_the_terminal_is_not_taken_as_keys(answer: str):
    assert keys(fed(answer)) == []


@pytest.mark.parametrize("answer", ANSWERS)
def test_t10_an_answer_that_comes_in_pieces_is_no_key_either(answer: str):
    for cut in range(2, len(answer)):
        assert keys(fed(answer[:cut], answer[cut:])) == []


@pytest.mark.parametrize("answer", ANSWERS)
def test_t10_keys_around_an_answer_are_kept(answer: str):
    assert keys(fed("a" + answer + "j")) == ["a", "j"]


def test_t10_a_cursor_report_is_an_event_and_no_key():
    assert keys(fed("\x1b[12;40R")) == []


@pytest.mark.parametrize(
    "typed", ["abc", "\x1b[A", "\x1b[1;2D", "\x1bOP", "\x1b[200~paste\x1b[201~", "é漢"]
)
def test_what_a_person_types_passes_unchanged(typed: str):
    assert fed(typed) == typed


def test_alt_with_a_bracket_is_a_key_when_nothing_follows():
    assert fed("\x1b]") == "\x1b]"


def test_a_paste_that_contains_an_answer_stays_a_paste():
    pasted = "\x1b[200~x \x1b[?62c y\x1b[201~"

    assert fed(pasted) == pasted


def test_an_endless_answer_is_not_kept_in_memory():
    answers = AnswerFilter()
    for _ in range(200):
        assert answers.strip("\x1b]52;c;" + "A" * 4_000) == ""

    assert len(answers._held) < 16_384


@given(st.lists(st.text(alphabet="\x1b]P[?;:0123456789cRn\\\x07ab", max_size=12), max_size=12))
def test_no_input_makes_the_filter_fail(chunks: list[str]):
    fed(*chunks)


def test_t09_a_flood_of_keys_is_bounded():
    throttle = Throttle()
    taken = sum(not throttle.drops(n / 10_000) for n in range(20_000))

    assert taken == 2 * FLOOD_LIMIT


@pytest.mark.parametrize(
    ("told", "taken"),
    [
        ((80, 24), (80, 24)),
        ((500, 200), (500, 200)),
        ((65_535, 65_535), (WIDEST, HIGHEST)),
        ((501, 10), (500, 10)),
    ],
)
def test_t06_sizes_are_clamped(told: tuple[int, int], taken: tuple[int, int]):
    size = Size(*told)

    assert _clamped(events.Resize(size, size)).size == Size(*taken)


@pytest.mark.parametrize(
    ("answer", "dark"),
    [
        (b"\x1b]11;rgb:1111/1515/1c1c\x1b\\\x1b[?62c", True),
        (b"\x1b]11;rgb:ffff/fafa/f7f7\x07", False),
        (b"\x1b]11;rgba:ff/ff/ff/ff\x07", False),
        (b"\x1b[?62c", None),
        (b"", None),
    ],
)
def test_the_background_is_read_from_the_answer(answer: bytes, dark: bool | None):
    assert read_answer(answer) is dark
