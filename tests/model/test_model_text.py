"""The text seam: what may reach a terminal, and what it looks like when it may not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.model.text import clean


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain text, 100%", "plain text, 100%"),
        ("\x1b[2J\x1b[31mred", "␛[2J␛[31mred"),
        ("\x1b]52;c;cm0gLXJm\x07", "␛]52;c;cm0gLXJm␇"),
        ("a\nb", "a␊b"),
        ("a\tb", "a    b"),
        ("\x7f", "␡"),
        ("\x9b31m", "\ufffd31m"),
        ("evil\u202egnp.exe", "evil\ufffdgnp.exe"),
        ("zero\u200bwidth\ufeff\u00ad", "zerowidth"),
        ("line\u2028end", "line\ufffdend"),
        ("no\u00a0break, thin\u2009, wide\u3000.", "no break, thin , wide ."),
        ("lone\ud800", "lone\ufffd"),
        ("tag\U000e0041", "tag\ufffd"),
        ("private\ue000", "private\ufffd"),
        ("e" + "\u0301" * 200, "e\u0301\u0301"),
        ("[/] [@click=app.quit]x[/]", "[/] [@click=app.quit]x[/]"),
        ("größer 日本", "größer 日本"),
    ],
)
def test_hostile_text_is_shown_and_never_obeyed(raw: str, shown: str) -> None:
    assert clean(raw) == shown


def test_bytes_that_are_not_utf8_become_replacement_characters() -> None:
    assert clean(b"ok \xff\xfe end") == "ok \ufffd\ufffd end"


def test_newlines_stay_only_where_several_lines_are_asked_for() -> None:
    assert clean("a\r\nb", multiline=True) == "a␍\nb"


def test_the_cut_comes_before_the_work() -> None:
    assert len(clean("\u0301" * 10_000_000, 100)) <= 100


@given(st.text())
def test_no_cleaned_text_holds_a_character_a_terminal_obeys(text: str) -> None:
    safe = clean(text)

    assert not {unicodedata.category(char) for char in safe} & {
        "Cc",
        "Cf",
        "Cs",
        "Co",
        "Cn",
        "Zl",
        "Zp",
    }


@given(st.text())
def test_every_character_of_a_cleaned_text_can_be_printed(text: str) -> None:
    assert clean(text).isprintable()


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(st.binary())
def test_any_bytes_can_be_cleaned(data: bytes) -> None:
    assert isinstance(clean(data).encode("utf-8"), bytes)
