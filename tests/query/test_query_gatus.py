"""Gatus' conditions mean here what they mean there, and mistakes are shown in their own words."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.errors import QueryError
from opsconsole.query.assertion import judge
from opsconsole.query.check_contexts import CHECKS
from opsconsole.query.gatus import parse_condition
from opsconsole.query.rendering import unparse
from opsconsole.query.values import Value

ANSWER: dict[str, Value] = {
    "status": 200,
    "latency": 0.45,
    "ip": "192.0.2.7",
    "connected": True,
    "cert.expires_in": 72 * 3600.0,
    "body": '{"user": {"name": "john doe", "roles": ["a", "b"], "x-id": 7}, "list": [{"id": 1}], "e": []}',
}


@pytest.mark.parametrize(
    ("theirs", "ours", "holds"),
    [
        ("[STATUS] == 200", "status == 200", True),
        ("[STATUS] != 200", "status != 200", False),
        ("[STATUS]==200", "status == 200", True),
        ("[STATUS] < 300", "status < 300", True),
        ("[STATUS] == any(200, 204)", "status in [200, 204]", True),
        ("[STATUS] != any(200, 429)", "status not in [200, 429]", False),
        ("[RESPONSE_TIME] < 500", "latency < 500ms", True),
        ("[RESPONSE_TIME] <= 400", "latency <= 400ms", False),
        ("[CONNECTED] == true", "connected == true", True),
        ("[IP] == 192.0.2.7", 'ip == "192.0.2.7"', True),
        ("[CERTIFICATE_EXPIRATION] > 48h", "cert.expires_in > 48h", True),
        ("[CERTIFICATE_EXPIRATION] > 240h", "cert.expires_in > 240h", False),
        ("[BODY].user.name == john doe", 'body.$.user.name == "john doe"', True),
        ("[BODY].user.name == any(john doe, x)", 'body.$.user.name in ["john doe", "x"]', True),
        ("[BODY].user.x-id == 7", 'body.$.user["x-id"] == 7', True),
        ("[BODY].list[0].id == 1", "body.$.list[0].id == 1", True),
        ("len([BODY].user.roles) == 2", "len(body.$.user.roles) == 2", True),
        ("has([BODY].e) == true", "body.$.e != none", True),
        ("has([BODY].errors) == false", "body.$.errors == none", True),
        ("[BODY] == pat(*john*)", 'glob(body, "*john*")', True),
        ("[BODY] != pat(*jane*)", 'not glob(body, "*jane*")', True),
        ("[IP] == pat(192.0.2.*)", 'glob(ip, "192.0.2.*")', True),
    ],
)
def test_a_condition_means_the_same(theirs: str, ours: str, holds: bool) -> None:
    tree = parse_condition(theirs, CHECKS["http"])

    assert unparse(tree) == ours
    assert judge(tree, ANSWER).holds is holds


def test_a_name_servers_code_is_a_word() -> None:
    tree = parse_condition("[DNS_RCODE] == NOERROR", CHECKS["dns"])

    assert judge(tree, {"rcode": "NOERROR"}).holds is True


@pytest.mark.parametrize(
    ("theirs", "kind", "column", "said"),
    [
        ("[STATU] == 200", "http", 0, "unknown name [STATU], did you mean STATUS?"),
        ("[STATUS] = 200", "http", 8, "a comparison is wanted"),
        ("[STATUS] == ", "http", 12, "the end where a value is wanted"),
        ("[STATUS] == ok", "http", 12, "a number is wanted, not 'ok'"),
        ("[STATUS] == 200 and latency < 5s", "http", 12, "a number is wanted"),
        ("[STATUS].x == 200", "http", 8, "[STATUS] has no parts"),
        ("[STATUS] == 200", "tcp", 0, "unknown name 'status'"),
        ("[STATUS] < any(200, 1)", "http", 9, "any() goes with == and !="),
        ("[STATUS] == len(200)", "http", 12, "len() stands first"),
        ("[STATUS] == any(200, x)", "http", 21, "a number is wanted, not 'x'"),
        ("has([BODY].x) > 1", "http", 14, "has() is compared with true or false"),
        ("[DNS_RCODE] == NOEROR", "dns", 15, "did you mean NOERROR"),
        ("[DOMAIN_EXPIRATION] > 720h", "http", 0, "no registry is asked"),
    ],
)
def test_a_mistake_is_shown_in_the_words_that_were_written(
    theirs: str, kind: str, column: int, said: str
) -> None:
    with pytest.raises(QueryError) as caught:
        parse_condition(theirs, CHECKS[kind])

    assert said in caught.value.text
    assert (caught.value.source, caught.value.column) == (theirs, column)


@given(
    st.sampled_from(["[STATUS]", "[BODY].a", "len([BODY])", "has([BODY].x)", "[IP", "[NO]"]),
    st.sampled_from([" == ", "!=", " < ", " ", "=", " =~ "]),
    st.text(max_size=30),
)
def test_whatever_is_written_is_read_or_refused_at_a_place(
    left: str, operator: str, right: str
) -> None:
    source = f"{left}{operator}{right}"
    columns = [0]
    with suppress(QueryError):
        try:
            parse_condition(source, CHECKS["http"])
        except QueryError as error:
            columns.append(error.column)
            raise

    assert 0 <= columns[-1] <= len(source)
