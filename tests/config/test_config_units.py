"""Quantities as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.config.units import (
    parse_bytes,
    parse_duration,
    parse_quantity,
    parse_ratio,
    show_duration,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10s", 10), ("250ms", 0.25), ("15m", 900), ("2h", 7200), ("2d", 172800), ("1w", 604800),
     ("1h30m", 5400), ("0", 0), ("0.5s", 0.5)],
)  # fmt: skip
def test_a_duration_is_read_as_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "s", "-1s", "10 s", "1y", "1e3s", "10s!", "ten"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="looks like 10s"):
        parse_duration(text)


def test_a_missing_unit_is_named() -> None:
    with pytest.raises(ValueError, match=r"a unit is missing, 10s\?"):
        parse_duration("10")


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("10MB", 10**7), ("2GiB", 2 * 1024**3), ("1.5 kB", 1500)]
)
def test_a_size_is_read_as_bytes(text: str, size: float) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "ratio"), [("10%", 0.1), ("0.25", 0.25), ("1", 1.0), ("150 %", 1.5)]
)
def test_a_share_is_read_as_a_ratio(text: str, ratio: float) -> None:
    assert parse_ratio(text) == ratio


@pytest.mark.parametrize(
    ("text", "value"),
    [("2", 2), ("10%", 0.1), ("50ms", 0.05), ("21d", 1814400), ("5GiB", 5 * 1024**3)],
)
def test_a_limit_may_have_any_unit(text: str, value: float) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize("parse", [parse_bytes, parse_ratio, parse_quantity])
def test_nonsense_is_refused_with_an_example(parse: object) -> None:
    assert callable(parse)
    with pytest.raises(ValueError, match="looks like"):
        parse("much")


@given(st.integers(min_value=0, max_value=10**8))
def test_a_shown_duration_reads_back(seconds: int) -> None:
    assert parse_duration(show_duration(seconds)) == seconds


@given(st.text(max_size=20))
def test_a_duration_is_a_number_or_refused(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0

    assert seconds >= 0
