"""Evaluation: three-valued, total, and honest about what is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.model.states import ServiceState
from opsconsole.query.assertion import judge, judge_all, read_assertions
from opsconsole.query.check_contexts import CHECKS
from opsconsole.query.evaluator import evaluate, holds
from opsconsole.query.nodes import Binary, Literal
from opsconsole.query.parser import parse
from opsconsole.query.values import UNKNOWN, Truth, Value

HTTP = CHECKS["http"]
ANSWER: dict[str, Value] = {
    "status": 200,
    "latency": 0.812,
    "connected": True,
    "body": '{"db": "up", "errors": [], "lag": 3, "pool": [{"n": 1}, {"n": 2}], "v": "7"}',
    "headers.server": "nginx",
    "latency@600": (0.1, 0.2, 0.9),
    "now": 1_000.0,
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("status == 200", True),
        ("status in (200, 204)", True),
        ("status not in (200, 204)", False),
        ("latency < 500ms", False),
        ('body.$.db == "up"', True),
        ("len(body.$.errors) == 0", True),
        ("body.$.lag < 5 and body.$.lag >= 3", True),
        ("body.$.v == 7", True),
        ('body.$["db"] == "up"', True),
        ("body.$.pool[1].n == 2", True),
        ("max(body.$.pool[*].n) == 2", True),
        ("2 in body.$..n", True),
        ('body contains "errors"', True),
        ('"errors" in body', True),
        ('headers.server =~ "ngi.*"', True),
        ('headers.server =~ "gin"', False),
        ("headers.server =~ /GIN/", True),
        ('headers.server !~ "apache"', True),
        ('lower("ABC") == "abc"', True),
        ("p95(latency, 10m) < 800ms", False),
        ("p50(latency, 10m) == 200ms", True),
        ("avg(latency, 10m) < 401ms", True),
        ("count(latency, 10m) == 3", True),
        ("connected", True),
        ("not connected", False),
        ("connected == true", True),
        ("status / 0 == 1", False),
        ("-status < 0", True),
        ("age(900) == 100", True),
        # What is missing: equal to nothing, ordered with nothing.
        ("cert.expires_in == 3", False),
        ("cert.expires_in != 3", True),
        ("cert.expires_in == none", True),
        ("cert.expires_in > 21d", UNKNOWN),
        ("not cert.expires_in > 21d", UNKNOWN),
        ("cert.expires_in > 21d or connected", True),
        ("cert.expires_in > 21d and not connected", False),
        ("cert.expires_in > 21d and connected", UNKNOWN),
        ("connected and cert.expires_in > 21d", UNKNOWN),
        ("cert.expires_in + 1 > 3", UNKNOWN),
        ("headers.via contains 3", False),
        ('headers.via =~ ".*"', False),
        ("body.$.nothing == 3", False),
        ("body.$.nothing < 3", UNKNOWN),
        ("body.$.db < 3", UNKNOWN),
        ("p95(status, 10m) < 3", UNKNOWN),
        ("connected == 1", False),
    ],
)
def test_an_expression_is_worth_what_the_table_says(source: str, expected: Truth) -> None:
    assert holds(parse(source, HTTP), ANSWER) is expected


@pytest.mark.parametrize("body", ["", "not json", "[" * 5_000, '{"db": ', "null", "3", "\x00"])
def test_a_body_that_is_no_json_is_a_missing_field(body: str) -> None:
    tree = parse('body.$.db == "up"', HTTP)

    assert holds(tree, {"body": body}) is False


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("latency < 500ms", "latency 812ms, must be < 500ms"),
        ("status == 500", "status 200, must be == 500"),
        ('body.$.db == "down"', 'body.$.db "up", must be == "down"'),
        ("len(body.$.errors) > 0", "len(body.$.errors) 0, must be > 0"),
        ("status == 200 and latency < 500ms", "latency 812ms, must be < 500ms"),
        ("cert.expires_in > 21d", "cannot tell: cert.expires_in none, must be > 21d"),
        ("not connected", "not connected (true)"),
        ("p95(latency, 10m) < 800ms", "p95(latency, 10m) 900ms, must be < 800ms"),
    ],
)
def test_a_failed_assertion_shows_what_was_seen(source: str, text: str) -> None:
    assert judge(parse(source, HTTP), ANSWER).text == text


def test_what_a_body_says_is_cleaned_before_it_becomes_a_reason() -> None:
    tree = parse('body.$.db == "up"', HTTP)

    verdict = judge(tree, {"body": '{"db": "\\u001b]52;c;x\\u0007\\u202e"}'})

    assert "\x1b" not in verdict.text
    assert "\x07" not in verdict.text
    assert "\u202e" not in verdict.text


@pytest.mark.parametrize(
    ("must", "should", "state", "reason"),
    [
        (["status == 200"], ["latency < 1s"], ServiceState.UP, ""),
        (
            ["status == 200"],
            ["latency < 500ms"],
            ServiceState.DEGRADED,
            "latency 812ms, should be < 500ms",
        ),
        (["status == 204"], ["latency < 500ms"], ServiceState.DOWN, "status 200, must be == 204"),
        (
            ["cert.expires_in > 1d"],
            [],
            ServiceState.UNKNOWN,
            "cannot tell: cert.expires_in none, must be > 1d",
        ),
        (
            ["cert.expires_in > 1d", "status == 1"],
            [],
            ServiceState.DOWN,
            "status 200, must be == 1",
        ),
    ],
)
def test_must_is_down_and_should_is_degraded(
    must: list[str], should: list[str], state: ServiceState, reason: str
) -> None:
    assertions = read_assertions(must, should, HTTP)

    assert judge_all(assertions, ANSWER) == (state, reason)


_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), st.just(UNKNOWN)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
    ),
    max_leaves=4,
)
_operators = st.sampled_from(
    ["==", "!=", "<", "<=", ">", ">=", "in", "not in", "contains", "and", "or", "+", "-", "*", "/"]
)


@given(_operators, _values, _values)
def test_no_operator_raises_whatever_it_meets(operator: str, left: Value, right: Value) -> None:
    tree = Binary(operator, parse("body", HTTP), parse("headers.x", HTTP))

    value = evaluate(tree, {"body": left, "headers.x": right})

    if operator not in ("+", "-", "*", "/"):
        assert value in (True, False, UNKNOWN)


@given(st.sampled_from(["len", "lower", "age", "max", "p95", "count", "avg"]), _values)
def test_no_function_raises_whatever_it_meets(function: str, value: Value) -> None:
    evaluate(parse(f"{function}(body)", HTTP), {"body": value, "now": 5.0})


@given(st.sampled_from([True, False, UNKNOWN]), st.sampled_from([True, False, UNKNOWN]))
def test_and_or_and_not_are_kleenes(left: Truth, right: Truth) -> None:
    env: dict[str, Value] = {"body": left, "headers.x": right}

    both = holds(parse("body and headers.x", HTTP), env)
    either = holds(parse("not (not body or not headers.x)", HTTP), env)

    assert both is either


def test_a_constant_is_a_tree_too() -> None:
    assert parse("7", HTTP) == Literal(7.0, "7", 0)
    assert evaluate(parse("7", HTTP), {}) == 7.0
