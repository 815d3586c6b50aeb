"""The rules that come with the program, each fired and cleared by samples on a clock that only the test moves."""

from collections import defaultdict
from pathlib import Path

import pytest

from opsconsole.alerting.compile import rules_for
from opsconsole.alerting.rules import Rules
from opsconsole.config.rule_fixture import Fixture, read_fixtures
from opsconsole.config.rules import shipped_rules, shipped_tests
from opsconsole.engine.rule_trial import play
from opsconsole.errors import ConfigError
from opsconsole.model.inventory import Inventory

TESTS = read_fixtures(shipped_tests()).tests
NOT_PLAYED = {"SourceUnreachable"}
"""It is about feeds, which a fixture does not have; tests/alerting has its story."""


@pytest.fixture(scope="module")
def rules() -> Rules:
    return rules_for(Inventory(), shipped_rules())


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test.name)
def test_a_shipped_rule_does_as_its_story_says(test: Fixture, rules: Rules) -> None:
    assert play(test, rules) == ()


def test_every_shipped_rule_has_a_story_in_which_it_fires_and_is_over() -> None:
    told = defaultdict(set)
    for test in TESTS:
        for moment in test.moments:
            for expected in moment.alerts:
                told[expected.alert].add("fires")
            if not moment.alerts and any(m.alerts for m in test.moments if m.at < moment.at):
                for other in {e.alert for m in test.moments for e in m.alerts}:
                    told[other].add("is over")

    assert {
        rule.name for rule in shipped_rules() if told[rule.name] != {"fires", "is over"}
    } == NOT_PLAYED


def test_every_level_of_a_shipped_rule_is_fired() -> None:
    fired = {(e.alert, e.severity) for t in TESTS for m in t.moments for e in m.alerts}
    levels = {(rule.name, str(level.severity)) for rule in shipped_rules() for level in rule.levels}

    assert {name for name, _ in levels - fired} - NOT_PLAYED == {"CheckDown"}


def _play(tmp_path: Path, text: str, rules: Rules) -> list[str]:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    (test,) = read_fixtures(path).tests
    return [wrong.replace(str(tmp_path), "") for wrong in play(test, rules)]


STORY = """
tests:
  - hosts: {db1: {series: {proc.used_ratio: 10%x4 90%x9}}}
    expect:
      - {at: 3m, alerts: [{alert: PidLimit}]}
      - {at: 6m, alerts: []}
      - {at: 7m, alerts: [{alert: PidLimit, severity: critical}]}
      - {at: 8m, alert: Conntrack, alerts: []}
"""


def test_what_differs_is_told_with_its_place_and_what_was_there(
    tmp_path: Path, rules: Rules
) -> None:
    assert _play(tmp_path, STORY, rules) == [
        "/mine.yaml:5: at 3m: expected PidLimit, and it does not fire",
        "/mine.yaml:6: at 6m: PidLimit host:db1 warning firing '90% of all process ids in use' is not expected",
        "/mine.yaml:7: at 7m: expected PidLimit critical, and it is PidLimit host:db1 warning firing"
        " '90% of all process ids in use'",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tests: 5", "must be a list"),
        ("tests: [{expect: [{alerts: []}]}]", "an expectation needs `at:`"),
        ("tests: [{hosts: {a: {series: {cpu.bussy: 1x3}}}, expect: []}]", "did you mean cpu.busy"),
        ("tests: [{hosts: {a: {series: {cpu.busy: 1y3}}}, expect: []}]", "'1y3'"),
        ("tests: [{hosts: {a: {reach: upp x3}}, expect: []}]", "did you mean up"),
        ("tests: [{interval: 1s, expect: [{at: 300d, alerts: []}]}]", "steps of 1s reach to"),
        ("tests: [{expect: [{at: 1m, alerts: [{on: x}]}]}]", "needs `alert:`"),
    ],
)
def test_a_file_of_tests_tells_its_mistakes(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError) as wrong:
        read_fixtures(path)
    assert said in str(wrong.value)
    assert "mine.yaml:1:" in str(wrong.value)
