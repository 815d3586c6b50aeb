"""What a rule's expression is about, and the texts of its annotations."""

import pytest

from opsconsole.errors import QueryError
from opsconsole.query.evaluator import evaluate, holds
from opsconsole.query.rendering import unparse
from opsconsole.query.rule_names import filled, read_rule, shape_of
from opsconsole.query.templates import fill, read_template
from opsconsole.query.values import UNKNOWN


@pytest.mark.parametrize(
    ("text", "scope", "label", "windows"),
    [
        ("cpu.busy > 90%", "host", "", {}),
        ("fs.available_ratio < 5% and not readonly", "host", "mount", {}),
        ("psi.full{resource=io} > 20%", "host", "", {}),
        ("psi.full > 20%", "host", "resource", {}),
        ("absent(fs.size)", "host", "", {}),
        ("cert.expires_in < 3d", "check", "", {}),
        ("perf.load1 > 3", "check", "", {}),
        ('check("shop") == down', "fleet", "", {}),
        ('check("shop") == down and load.1m > 2', "host", "", {}),
        (
            "forecast(fs.available, 6h, 1d) < 0 and max(fs.available, 1h) > 0",
            "host", "mount", {"fs.available": 21600.0},
        ),
        ("time_to(fs.available, 0, 2h) < 1h", "host", "mount", {"fs.available": 7200.0}),
        ("p95(check.latency, 10m) > 1s", "check", "", {"check.latency": 600.0}),
    ],
)  # fmt: skip
def test_an_expression_tells_what_it_is_about(
    text: str, scope: str, label: str, windows: dict[str, float]
) -> None:
    shape = shape_of([(text, read_rule(text))])

    assert (shape.scope, shape.label, dict(shape.windows)) == (scope, label, windows)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("check(shop) == down", "unknown name 'shop'"),
        ("check(host) == down", 'check is written check("shop-api")'),
        ('check("shop") == dwon', "did you mean down"),
        ("forecast(fs.available, 6h) < 0", "forecast is written forecast(metric, 6h, 24h)"),
        ("delta(labels.role, 1h) > 0", "delta looks back on a metric"),
    ],
)
def test_what_cannot_be_meant_is_told(text: str, said: str) -> None:
    with pytest.raises(QueryError) as wrong:
        read_rule(text)

    assert said in str(wrong.value)


def test_numbers_stand_in_for_names_and_read_back_as_the_same() -> None:
    written = read_rule("cpu.busy in (limit, 2) or not cpu.busy <= limit + margin")
    tree = filled(written, {"limit": 0.9, "margin": 0.05})

    assert unparse(tree) == "cpu.busy in [0.9, 2] or not cpu.busy <= 0.9 + 0.05"
    assert holds(tree, {"cpu.busy": 0.96}) is True
    with pytest.raises(QueryError, match="limit is used, and not said"):
        filled(written, {"margin": 0.05})


@pytest.mark.parametrize("text", ["rate(net.rx, 5m)", 'check("shop")', "forecast(fs.size, 6h, 1d)"])
def test_an_environment_that_cannot_look_back_does_not_know(text: str) -> None:
    assert evaluate(read_rule(text), {"net.rx": 1.0}) is UNKNOWN


@pytest.mark.parametrize(
    ("value", "size"), [(-2.5, 2.5), (3, 3.0), (None, None), (UNKNOWN, UNKNOWN)]
)
def test_the_size_of_a_number(value: object, size: object) -> None:
    assert evaluate(read_rule("abs(clock.offset)"), {"clock.offset": value}) == size  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("text", "filled_in"),
    [
        ("{host} is {value}", "a is 5"),
        ("{host}[, {eta} left]", "a"),
        ("{host}[, {value} left][ on {dev}]", "a, 5 left"),
        ("{eta}", "?"),
        ("{{host}} [[x]]", "{host} [x]"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_template_is_filled(text: str, filled_in: str) -> None:
    known = {"host": "a", "value": "5"}

    assert fill(read_template(text), known.get) == filled_in


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("{hst}", 1),
        ("a {", 2),
        ("a }", 2),
        ("[a [b]]", 3),
        ("a [b", 2),
        ("x]", 1),
        ("{}", 1),
        ("x" * 1001, 1000),
    ],
)
def test_a_template_tells_where_it_is_wrong(text: str, column: int) -> None:
    with pytest.raises(QueryError) as wrong:
        read_template(text)

    assert wrong.value.column == column
