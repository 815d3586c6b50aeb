"""The filter line and its completion, over the records they are typed against."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.errors import QueryError
from opsconsole.model.alert import Ack, Alert
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import AlertState, HostState, Reach, ServiceState, Severity
from opsconsole.query.completion import complete
from opsconsole.query.contexts import ALERTS, HOSTS, MATCH, SERVICES
from opsconsole.query.environments import alert_env, host_env, match_env, service_env
from opsconsole.query.evaluator import holds
from opsconsole.query.filter_line import compile_filter
from opsconsole.query.matching import abbreviates
from opsconsole.query.parser import parse
from opsconsole.query.patterns import PatternError, check_regex, glob_matches, regex_matches

NOW = 10_000.0
WEB = HostRecord(
    "web-prod-14",
    address="192.0.2.14",
    labels={"role": "web", "rack": "r1"},
    groups=("edge",),
    state=HostState.WARNING,
    reach=Reach.UP,
    at=NOW - 3,
    metrics={
        "load.1m": 19.1,
        "cpu.busy": 0.97,
        "mem.available": 2.0**30,
        "fs.used_ratio{mount=/}": 0.4,
        "fs.used_ratio{mount=/srv}": 0.9,
        "fs.available_ratio{mount=/}": 0.6,
        "fs.available_ratio{mount=/srv}": 0.1,
    },
    facts={"os": "linux", "init": "systemd"},
    alerts=1,
)
FIRE = Alert(
    fingerprint="541a2a2f0f732c12",
    episode="541a2a2f0f732c12-1",
    name="PgReplLag",
    severity=Severity.CRITICAL,
    raw_severity="page",
    state=AlertState.FIRING,
    since=NOW - 840,
    on="host:db-02",
    source="rules",
    labels={"team": "db"},
    summary="lag 412s > 60s",
)


@pytest.mark.parametrize(
    ("line", "passes"),
    [
        ("", True),
        ("   ", True),
        ("web", True),
        ("WEB", True),
        ("wp14", True),
        ("db", False),
        ("edge", True),
        ('"web-prod"', True),
        ('"WEB"', False),
        ("/prod-1[0-9]/", True),
        ("/^prod/", False),
        ("!web", False),
        ("!!web", True),
        ("!db", True),
        ("host:web-*", True),
        ("host:web", False),
        ("host:WEB-*", True),
        ("host:db-*,web-*", True),
        ("name!=web-prod-14", False),
        ("role:web", True),
        ("role:w?b", True),
        ("role:db", False),
        ("labels.rack:r1", True),
        ("group:edge", True),
        ("load>19", True),
        ("load>4 load<10", False),
        ("load>20 | cpu>90", True),
        ("cpu>90", True),
        ("cpu>90%", True),
        ("cpu>0.98", False),
        ("mem.available<2GiB", True),
        ("fs.used_ratio>85%", True),
        ("fs.available_ratio<20%", True),
        ("fs.used_ratio{mount=/}>85%", False),
        ("state:warning", True),
        ("state:warn", True),
        ("state>=warning", True),
        ("state>=unknown", False),
        ("state:w*", True),
        ("is:fault", True),
        ("is:stale", False),
        ("!is:stale", True),
        ("os:linux", True),
        ("age<10s", True),
        ("port:22", True),
        ("swap.total>0", False),
        ("swap.total:none", True),
        ("load > 4 and state == warning", True),
        ("not load > 4", False),
        ("| web", True),
        ('"half', False),
    ],
)
def test_a_host_passes_the_line_or_not(line: str, passes: bool) -> None:
    assert compile_filter(line, HOSTS).matches(host_env(WEB, NOW)) is passes


HALVES = ["host:", "load>", "web state:", "web |", "!", "role:,", "web !state:"]


@pytest.mark.parametrize("line", HALVES)
def test_half_a_term_is_left_out_while_one_types_and_refused_where_nobody_does(line: str) -> None:
    assert compile_filter(line, HOSTS, typing=True).matches(host_env(WEB, NOW))
    with pytest.raises(QueryError, match="ends before its value"):
        compile_filter(line, HOSTS)


@pytest.mark.parametrize(
    ("line", "passes"),
    [
        ("sev>=warn", True),
        ("sev:crit", True),
        ("sev<critical", False),
        ("for>10m", True),
        ("for>1h", False),
        ("owner:none", True),
        ("own:me", False),
        ("is:new", True),
        ("is:muted", False),
        ("team:db", True),
        ("on:db-*", True),
        ("host:db-02", True),
        ("service:db-02", False),
        ("lag", True),
        ("pgrl", False),
        ("what:lag*", True),
    ],
)
def test_a_fire_passes_the_line_or_not(line: str, passes: bool) -> None:
    assert compile_filter(line, ALERTS).matches(alert_env(FIRE, NOW, "op1")) is passes


def test_what_i_have_is_mine_and_not_new() -> None:
    mine = Alert(
        "f",
        "e",
        "A",
        Severity.WARNING,
        "w",
        AlertState.FIRING,
        0.0,
        "x",
        "rules",
        ack=Ack("op1", 1.0),
    )

    env = alert_env(mine, NOW, "op1")

    assert compile_filter("own:me", ALERTS).matches(env)
    assert compile_filter("is:acked !is:new", ALERTS).matches(env)
    assert not compile_filter("owner:none", ALERTS).matches(env)


def test_a_stale_value_is_unknown_and_passes_neither_way() -> None:
    stale = host_env(WEB, NOW + 3_600)

    assert compile_filter("is:stale", HOSTS).matches(stale)
    assert not compile_filter("load>1", HOSTS).matches(stale)
    assert not compile_filter("!load>1", HOSTS).matches(stale)


def test_a_service_has_its_own_fields() -> None:
    record = ServiceRecord(
        "checkout",
        ServiceState.DOWN,
        hosts=("web-01", "web-02"),
        latency=4.1,
        at=NOW,
        error_ratio=0.38,
    )

    env = service_env(record, NOW)

    assert compile_filter("state:down host:web-* latency>4s err>30", SERVICES).matches(env)
    assert not compile_filter("state:up", SERVICES).matches(env)


def test_a_match_sees_host_alert_fleet_and_me_and_missing_things_are_none() -> None:
    snapshot = Snapshot(hosts={WEB.name: WEB}, now=NOW)
    env = match_env(snapshot, host=WEB, alert=FIRE, me="op1")

    for source, expected in (
        ('host.os == "linux" and alert.name in ["PgReplLag"]', True),
        ('alert.severity >= warning and host.labels.role == "web"', True),
        ('any_label(host, "role", "web") and glob(host.name, "web-*")', True),
        ('service.name == "x"', False),
        ('has(service.labels, "pool")', False),
        ('"systemd" in host.features and fleet.hosts == 1 and me == "op1"', True),
        ("age(alert.since) > 10m", True),
        ("host != none and service == none", True),
    ):
        assert holds(parse(source, MATCH), env) is expected, source


@pytest.mark.parametrize(
    ("line", "column", "words"),
    [
        ("state:critcal", 6, "did you mean critical?"),
        ("is:stael", 3, "did you mean stale?"),
        ("web load>soon", 9, "load.1m is a number"),
        ("age>5lightyears", 4, "unknown unit"),
        ("/(a+)+/", 0, "repeated group"),
        ("rol:web", 0, "did you mean role?"),
    ],
)
def test_a_mistyped_line_says_where_and_what_was_meant(line: str, column: int, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        compile_filter(line, HOSTS, labels={"role", "rack"})

    assert words in caught.value.text
    assert caught.value.column == column


@given(st.text(max_size=60))
def test_nothing_but_a_query_error_ever_leaves_the_filter_line(line: str) -> None:
    column = 0
    try:
        compile_filter(line, HOSTS).matches(host_env(WEB, NOW))
    except QueryError as error:
        column = error.column

    assert 0 <= column <= len(line)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("sta", "state:"),
        ("web loa", "load>"),
        ("state:cr", "critical"),
        ("is:st", "stale"),
        ("!is:fau", "fault"),
        ("role:w", "web"),
        ("owner:n", "none"),
        ("host:db-01,we", "web-prod-14"),
        ("age>1", "10m"),
    ],
)
def test_completion_offers_fields_words_and_values(line: str, first: str) -> None:
    values = {"labels.role": ["db", "web"], "name": ["db-01", "web-prod-14"], "owner": []}
    context = ALERTS if line.startswith("owner") else HOSTS

    offers = complete(line, len(line), context, lambda name: values.get(name, ()))

    assert offers[0].text == first
    assert line[: offers[0].start] + offers[0].text


@given(st.text(max_size=30), st.integers(-5, 40))
def test_completion_never_fails_and_stays_inside_the_line(line: str, cursor: int) -> None:
    for offer in complete(line, cursor, HOSTS):
        assert 0 <= offer.start <= len(line)


@pytest.mark.parametrize(
    ("word", "name", "fits"),
    [
        ("wp14", "web-prod-14", True),
        ("web14", "web-prod-14", True),
        ("w14", "web-prod-14", True),
        ("db", "dashboard", False),
        ("pw", "web-prod", False),
        ("", "web", True),
        ("webprodd", "web-prod", False),
    ],
)
def test_an_abbreviation_goes_on_or_begins_a_part(word: str, name: str, fits: bool) -> None:
    assert abbreviates(word, name) is fits


@pytest.mark.parametrize(
    "source",
    [
        "(a+)+$",
        "(a|a)*$",
        "(a?){30}",
        "(.*)*x",
        "((ab)*)+",
        r"(a)\1",
        "(?=a)b",
        "(?<!a)b",
        "a?" * 20 + "a" * 20,
        ".*.*.*.*x",
        "x" * 300,
        "(",
        "[",
        "a{1,99999999999}",
    ],
)
def test_a_pattern_that_could_run_away_is_refused(source: str) -> None:
    with pytest.raises(PatternError):
        check_regex(source)


@pytest.mark.parametrize(
    "source",
    ["tmpfs|squashfs|overlay", "web-[0-9]+", "(a|b)c?", r"\d+\.\d+", "^db", "[(+*]x", "(?i)web"],
)
def test_a_plain_pattern_is_taken(source: str) -> None:
    check_regex(source)


def test_a_glob_of_many_stars_ends() -> None:
    assert not glob_matches("a" * 500, "*a" * 50 + "b")
    assert glob_matches("web-prod-14", "*-*-1?")
    assert glob_matches("", "*")


@given(st.text(max_size=20), st.text(max_size=20))
def test_globs_and_patterns_never_raise(text: str, pattern: str) -> None:
    glob_matches(text, pattern)
    regex_matches(text, pattern, anchored=True)


@given(st.text(alphabet="ab-", max_size=8), st.text(alphabet="ab-*?", max_size=6))
def test_a_glob_is_what_the_shell_makes_of_it(text: str, pattern: str) -> None:
    import fnmatch

    assert glob_matches(text, pattern) is fnmatch.fnmatchcase(text, pattern)
