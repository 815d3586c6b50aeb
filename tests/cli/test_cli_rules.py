"""`rules check`, `show` and `test`: their words, their documents, their exit codes."""

import json
from pathlib import Path

import pytest

from opsconsole.config.problems import Problems
from opsconsole.config.rules import read_rule_file, shipped_rules
from tests.cli.conftest import Verbs

MINE = "rules:\n  - {alert: Hot, expr: temp.max > limit, warning: 80, for: 5m}\n"


def _write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


def test_the_rules_that_come_with_the_program_are_good(verbs: Verbs) -> None:
    verbs.configuration("version: 1\nhosts: [{name: a}]\n")
    answer = verbs.run("-c", str(verbs.folder / "opsconsole.yaml"), "rules", "check")

    assert answer.exit_code == 0
    assert (
        answer.output
        == f"ok: {len(shipped_rules())} rules ({len(shipped_rules())} shipped, 0 yours, 0 off)\n"
    )


def test_a_file_of_rules_is_checked_on_its_own(verbs: Verbs) -> None:
    good = _write(verbs.folder, "good.yaml", MINE)
    bad = _write(verbs.folder, "bad.yaml", MINE.replace("temp.max", "temp.mux"))

    assert "1 yours" in verbs.run("rules", "check", good).output
    answer = verbs.run("rules", "check", good, bad)
    assert answer.exit_code == 78
    assert "bad.yaml:2:24: unknown name 'temp.mux', did you mean temp.max?" in answer.output


def test_mistakes_are_a_document_too(verbs: Verbs) -> None:
    bad = _write(verbs.folder, "bad.yaml", MINE.replace("temp.max", "temp.mux"))

    answer = verbs.run("rules", "check", bad, "--json")

    found = json.loads(answer.output)
    assert (found["schema"], found["ok"]) == ("opsconsole.rules-check/1", False)
    (mistake,) = found["mistakes"]
    assert (mistake["line"], mistake["column"]) == (2, 24)
    assert mistake["excerpt"] == "temp.mux > limit\n^"


def test_what_is_shown_reads_as_the_same_rules(verbs: Verbs) -> None:
    mine = _write(verbs.folder, "mine.yaml", MINE + "  - {alert: FsSpace, warning: 15%, for: 2m}\n")
    answer = verbs.run("rules", "show", "-f", mine)
    assert answer.exit_code == 0

    problems = Problems()
    shown = read_rule_file(Path(_write(verbs.folder, "shown.yaml", answer.output)), problems)
    problems.raise_if_any()

    rules = {spec.name: spec for spec in shown.specs}
    assert len(rules) == len(shipped_rules()) + 1
    assert [level.limit for level in rules["FsSpace"].levels] == [0.15, 0.05]
    for spec in shipped_rules():
        if spec.name != "FsSpace":
            assert rules[spec.name].levels == spec.levels
            assert rules[spec.name].margin == pytest.approx(spec.margin)
            assert rules[spec.name].annotations == spec.annotations


def test_one_rule_can_be_asked_for(verbs: Verbs) -> None:
    answer = verbs.run("rules", "show", "Conntrack", "--json")

    (rule,) = json.loads(answer.output)["rules"]
    assert rule["name"] == "Conntrack"
    assert [level["limit"] for level in rule["levels"]] == [0.75, 0.9]
    assert "did you mean Conntrack" in verbs.run("rules", "show", "Contrack").output


def test_the_shipped_tests_pass(verbs: Verbs) -> None:
    answer = verbs.run("rules", "test")

    assert answer.exit_code == 0
    assert "tests passed" in answer.output


STORY = """
rule_files: [mine.yaml]
tests:
  - name: it gets hot
    hosts: {a: {series: {temp.max: 50x4 90x9}}}
    expect:
      - {at: 9m, alerts: []}
      - {at: 10m, alerts: [{alert: Hot, on: "host:a", summary: %s}]}
"""


@pytest.mark.parametrize(("summary", "code"), [("'90'", 0), ("warm", 1)])
def test_rules_of_ones_own_are_tested(verbs: Verbs, summary: str, code: int) -> None:
    _write(verbs.folder, "mine.yaml", MINE)
    story = _write(verbs.folder, "story.yaml", STORY % summary)

    answer = verbs.run("rules", "test", story)
    document = json.loads(verbs.run("rules", "test", story, "--json").output)

    assert document["ok"] is (code == 0)
    assert ("FAILED it gets hot" in answer.output) is (code == 1)
    assert f"{1 - code} of 1 tests passed" in answer.output
