"""The grammar: what is read, how it binds, and how a mistake is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from opsconsole.errors import QueryError
from opsconsole.query.check_contexts import CHECKS
from opsconsole.query.contexts import ALERTS, HOSTS, MATCH
from opsconsole.query.fields import Field, Kind, context
from opsconsole.query.nodes import (
    Binary,
    Call,
    Expr,
    Items,
    Literal,
    Name,
    Unary,
    Word,
)
from opsconsole.query.parser import parse
from opsconsole.query.rendering import quoted, unparse

HTTP = CHECKS["http"]


def bare(expr: Expr) -> Expr:
    """Forget the columns."""
    changes: dict[str, object] = {"column": 0}
    for name in expr.__struct_fields__:
        part = getattr(expr, name)
        if isinstance(part, Expr):
            changes[name] = bare(part)
        elif isinstance(part, tuple) and part and isinstance(part[0], Expr):
            changes[name] = tuple(bare(each) for each in part)
    return replace(expr, **changes)


@pytest.mark.parametrize(
    ("source", "grouped"),
    [
        (
            "status == 1 or status == 2 and status == 3",
            "status == 1 or (status == 2 and status == 3)",
        ),
        ("not status == 1 and connected", "(not status == 1) and connected"),
        ("not connected or connected", "(not connected) or connected"),
        ("status + 1 * 2 == 3", "(status + (1 * 2)) == 3"),
        ("status - 1 - 2 < 3", "((status - 1) - 2) < 3"),
        ("-status + 1 < 3", "((-status) + 1) < 3"),
        ("status × 2 ÷ 4 > 1", "((status * 2) / 4) > 1"),
        ("status in (200, 204)", "status in [200, 204]"),
        ("(status) == (200)", "status == 200"),
    ],
)
def test_operators_bind_as_the_grammar_says(source: str, grouped: str) -> None:
    assert bare(parse(source, HTTP)) == bare(parse(grouped, HTTP))


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("500ms", 0.5),
        ("21d", 21 * 86400),
        ("10%", 0.1),
        ("2GiB", 2 * 2**30),
        ("2G", 2 * 2**30),
        ("2GB", 2e9),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("1e3", 1000),
        ("7", 7),
    ],
)
def test_units_fold_into_base_units(literal: str, value: float) -> None:
    tree = parse(f"latency < {literal}", HTTP)

    assert isinstance(tree, Binary)
    assert isinstance(tree.right, Literal)
    assert tree.right.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("source", "column", "words"),
    [
        ("", 0, "empty"),
        ("latencyy < 1s", 0, "did you mean latency?"),
        ("latency < 5parsec", 11, "unknown unit"),
        ("latency <", 9, "where a value is wanted"),
        ("latency < 1s 2", 13, "not expected"),
        ("(latency < 1s", 13, ") missing"),
        ("status = 200", 7, "did you mean ==?"),
        ("lenn(body) == 1", 0, "did you mean len?"),
        ("len(body, 1, 2) == 1", 0, "is written len(x)"),
        ("status == 1 == 2", 12, "do not chain"),
        ('body =~ "(a+)+"', 8, "repeated group"),
        ("body =~ 3", 8, "pattern is wanted"),
        ('body == "no end', 8, "does not end"),
        ("status ; 1", 7, "means nothing"),
        ("and", 0, "where a value is wanted"),
        ("()", 0, "nothing between"),
    ],
)
def test_a_mistake_is_told_with_its_column(source: str, column: int, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(source, HTTP)

    assert caught.value.column == column
    assert words in caught.value.text
    assert caught.value.source == source


def test_keywords_are_literals_of_the_field_beside_them() -> None:
    tree = parse("severity >= warn", ALERTS)

    assert isinstance(tree, Binary)
    assert isinstance(tree.right, Word)
    assert (tree.right.value, tree.right.scale) == ("warning", ("info", "warning", "critical"))


def test_a_keyword_may_stand_in_a_list_and_on_the_left() -> None:
    assert "critical" in unparse(parse("severity in (critical, warning)", ALERTS))
    assert unparse(parse("critical == severity", ALERTS)) == "critical == severity"


def test_a_word_a_field_cannot_be_is_a_mistake() -> None:
    with pytest.raises(QueryError, match="did you mean critical"):
        parse("state == critcal", HOSTS)


def test_an_alias_is_the_field_it_is_short_for() -> None:
    assert parse("sev == critical", ALERTS) == parse("sev == critical", ALERTS)
    assert unparse(parse("cpu > 90%", HOSTS)) == "cpu.busy > 90%"


def test_a_metric_may_name_its_instance() -> None:
    tree = parse("fs.used_ratio{mount=/srv} > 90%", HOSTS)

    assert isinstance(tree, Binary)
    assert isinstance(tree.left, Name)
    assert tree.left == Name("fs.used_ratio{mount=/srv}", Kind.RATIO, 0)


def test_the_examples_of_a_runbook_match_are_read() -> None:
    for source in (
        'alert.name in ["FsSpace", "FsInodes"] and host.os == "linux" and not host.in_maintenance',
        'host.init == "systemd"',
        'has(service.labels, "lb_pool") and "systemd" in service.features',
        'any_label(host, "role", "db") or glob(host.name, "db-*")',
        "age(alert.since) > 5m and fleet.hosts > 3",
    ):
        assert bare(parse(unparse(parse(source, MATCH)), MATCH)) == bare(parse(source, MATCH))


def test_length_and_depth_are_bounded() -> None:
    with pytest.raises(QueryError, match="longer than"):
        parse("status == 1 or " * 200 + "status == 1", HTTP)
    with pytest.raises(QueryError, match="nested deeper"):
        parse("(" * 100 + "1" + ")" * 100, HTTP)
    with pytest.raises(QueryError, match="nested deeper"):
        parse("not " * 300 + "connected", HTTP)


@given(
    st.text(
        alphabet=st.sampled_from(list("abst us=<>!~()[]\"'/\\.,0123456789%-+*$@{}|ρ\n")),
        max_size=60,
    )
)
def test_nothing_but_a_query_error_ever_leaves_the_parser(source: str) -> None:
    column = 0
    try:
        parse(source, HTTP)
    except QueryError as error:
        column = error.column

    assert 0 <= column <= len(source) + 1


WORDS = context(
    "any",
    [
        Field("a", Kind.NUMBER),
        Field("b", Kind.SECONDS),
        Field("t"),
        Field("w", Kind.WORD, words=("low", "high")),
    ],
    ["len", "lower", "max"],
)
_numbers = st.integers(0, 999).map(lambda n: Literal(float(n), str(n)))
_texts = st.text(max_size=8).map(lambda text: Literal(text, quoted(text)))
_leaves = st.one_of(
    _numbers, _texts, st.sampled_from([Name("a", Kind.NUMBER), Name("b", Kind.SECONDS), Name("t")])
)
_trees = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        st.builds(Binary, st.sampled_from(["or", "and", "+", "-", "*", "/"]), inner, inner),
        st.builds(Binary, st.sampled_from(["==", "<", "in", "not in", "contains"]), inner, inner),
        st.builds(lambda x: Unary("not", x), inner),
        st.builds(lambda x: Call("len", (x,)), inner),
        st.builds(lambda x: Items((x, x)), inner),
    ),
    max_leaves=8,
)


@given(_trees)
def test_what_is_written_reads_back_as_the_same_tree(tree: Expr) -> None:
    assert bare(parse(unparse(tree), WORDS)) == tree
