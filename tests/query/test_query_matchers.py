"""Alertmanager's matchers: reading, writing, trying, refusing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.errors import QueryError
from opsconsole.model.silence import Matcher
from opsconsole.query.matchers import (
    faults_of,
    matches,
    parse_matchers,
    write_matcher,
    write_matchers,
)

NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ('alertname="HighLoad"', 'alertname="HighLoad"'),
        ("instance=host1", 'instance="host1"'),
        ('{a="b", c!="d"}', 'a="b" c!="d"'),
        ('a=~"web-.*" b!~"x|y"', 'a=~"web-.*" b!~"x|y"'),
        (r'path="C:\\x\"y\n"', r'path="C:\\x\"y\n"'),
        ('empty=""', 'empty=""'),
        (r'a=~"\\\\1"', r'a=~"\\\\1"'),
        ('on="db, 1 {x}"', 'on="db, 1 {x}"'),
    ],
)
def test_what_is_typed_is_sent_in_one_form(typed: str, sent: str) -> None:
    assert write_matchers(parse_matchers(typed)) == sent


@pytest.mark.parametrize(
    ("typed", "column", "words"),
    [
        ("", 0, "nothing is matched"),
        ("=x", 0, "a label's name"),
        ("name", 4, "= != =~ or !~"),
        ('name="x', 5, "closing quote"),
        ("name='x'", 5, "double quotes"),
        (r'name=~"a\Z"', 6, "RE2"),
        ('name=~"(?=x)"', 6, "look-around"),
        (r'name=~"(a)\1"', 6, "back references"),
        (r'name=~"(a)\\\\\1"', 6, "back references"),
        ('name=~"(a+)+b"', 6, "repeat"),
        ('name=~"("', 6, "not a regular expression"),
    ],
)
def test_a_mistake_is_named_with_its_column(typed: str, column: int, words: str) -> None:
    with pytest.raises(QueryError, match=words) as caught:
        parse_matchers(typed)

    assert caught.value.column == column


@pytest.mark.parametrize(
    ("matcher", "labels", "is_met"),
    [
        (Matcher("inst", "=~", "host1"), {"inst": "host11"}, False),
        (Matcher("inst", "=~", "host1"), {"inst": "host1"}, True),
        (Matcher("inst", "!=", "x"), {}, True),
        (Matcher("inst", "=~", ".*"), {}, True),
        (Matcher("inst", "=", ""), {}, True),
        (Matcher("inst", "!~", "a.*"), {"inst": "abc"}, False),
        (Matcher("inst", "=~", "(?i)HOST"), {"inst": "host"}, True),
    ],
)
def test_matching_is_alertmanagers(matcher: Matcher, labels: dict[str, str], is_met: bool) -> None:
    assert matches((matcher,), labels) is is_met


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ('a!="x"', "silence everything"),
        ('a=~".*"', "silence everything"),
        ('a="x" a="y"', "never matches"),
        ('a="x" b!="y"', ""),
    ],
)
def test_a_set_that_hides_all_or_nothing_is_a_fault(typed: str, words: str) -> None:
    found = faults_of(parse_matchers(typed))

    assert words in (found[0] if found else "")
    assert bool(found) is bool(words)


@given(NAMES, st.sampled_from(["=", "!="]), st.text(max_size=30))
def test_what_is_written_reads_back_the_same(name: str, op: str, value: str) -> None:
    matcher = Matcher(name, op, value)

    assert parse_matchers(write_matcher(matcher)) == (matcher,)


def test_a_backslash_that_is_written_as_one_may_stand_before_a_digit() -> None:
    assert parse_matchers(r'name=~"a\\\\1"')[0].value == r"a\\1"
