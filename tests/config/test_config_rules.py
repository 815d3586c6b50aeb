"""Rules as files: what is read, what is told of a mistake, and that nothing else can happen."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsconsole.alerting.effective import effective
from opsconsole.config.problems import Problems
from opsconsole.config.reader import read
from opsconsole.config.rules import Said, joined, read_rule_file, shipped_file, shipped_rules
from opsconsole.errors import ConfigError
from opsconsole.model.inventory import RuleSettings
from opsconsole.model.rules import RuleSpec
from opsconsole.model.states import Severity

DOCS = Path(__file__).parents[2] / "docs" / "alerts.md"
MINE = "rules:\n  - alert: Mine\n    "


def _read(tmp_path: Path, text: str) -> Said:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    problems = Problems()
    said = read_rule_file(path, problems)
    said = joined([said], shipped_rules(), problems)
    problems.raise_if_any()
    return said


def _wrong(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as wrong:
        _read(tmp_path, text)
    return str(wrong.value).replace(f"{tmp_path}/", "").splitlines()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            MINE + "expr: fs.avalable_ratio < 5%",
            [
                "mine.yaml:3:11: unknown name 'fs.avalable_ratio', did you mean fs.available_ratio?",
                "    fs.avalable_ratio < 5%",
                "    ^",
            ],
        ),
        (
            MINE + 'expr: "cpu.busy > 90% and frecast(fs.available, 6h, 1d) < 0"',
            [
                "mine.yaml:3:31: no function 'frecast' here, did you mean forecast?",
                "    cpu.busy > 90% and frecast(fs.available, 6h, 1d) < 0",
                "                       ^",
            ],
        ),
        (
            MINE + "expr: cpu.busy > 90%\n    where: mount ==",
            ["mine.yaml:4:20: the end where a value is wanted", "    mount ==", "            ^"],
        ),
        (
            MINE + "expr: cpu.busy > limit",
            ["mine.yaml:2:5: Mine, warning: limit is used, and not said; write `limit:`"],
        ),
        (
            MINE + "expr: fs.available < 1GiB and disk.await > 1s",
            [
                "mine.yaml:3:35: one rule cannot be about mount and dev",
                "    fs.available < 1GiB and disk.await > 1s",
                "                            ^",
            ],
        ),
        (
            MINE + "expr: cpu.busy > 90% and check.latency > 1s",
            [
                "mine.yaml:3:30: one rule cannot be about a host and a check",
                "    cpu.busy > 90% and check.latency > 1s",
                "                       ^",
            ],
        ),
        (
            MINE + "expr: rate(5, 5m) > 1",
            [
                "mine.yaml:3:16: rate looks back on a metric, and this is none",
                "    rate(5, 5m) > 1",
                "         ^",
            ],
        ),
        (
            MINE + "expr: rate(net.rx, cpu.busy) > 1",
            [
                "mine.yaml:3:24: rate takes a constant here: rate(metric, 5m)",
                "    rate(net.rx, cpu.busy) > 1",
                "                 ^",
            ],
        ),
        (
            MINE + "expr: cpu.busy > 1\n    annotations: {summary: 'at {valu}'}",
            [
                "mine.yaml:4:33: a template has no name 'valu', did you mean value?",
                "    at {valu}",
                "        ^",
            ],
        ),
        (MINE + "expr: cpu.busy > 1\n    off: yes", ["mine.yaml:4:10: must be true or false, not 'yes'"]),
        (
            "rules: [{alert: FsSpac, warning: 5%}]",
            [
                "mine.yaml:1:9: no rule is called FsSpac, did you mean FsSpace; a new one has `expr:`"
            ],
        ),
        (
            "rules: {HostUnreachable: {warning: 5}}",
            [
                "mine.yaml:1:9: HostUnreachable has no limit: it can be bent by `for:` and `off:`"
            ],
        ),
        (
            "rules: {FsFillingUp: {warning: 5%}}",
            [
                "mine.yaml:1:9: FsFillingUp has no `limit` in its condition; write it anew with `expr:`"
            ],
        ),
        (
            MINE + "expr: cpu.busy > 1\n    severity: page",
            [
                "mine.yaml:4:5: unknown key severity in a rule: write `labels: {severity: warning}`,"
                " or `warning:` and `critical:`"
            ],
        ),
        (
            "groups: []",
            [
                "mine.yaml:1:1: unknown key groups in a rule file: files of Prometheus are not read;"
                " write `rules:` with our expressions"
            ],
        ),
        (
            "rules: [{alert: A, expr: cpu.busy > 1}, {alert: A, expr: cpu.busy > 2}]",
            ["mine.yaml:1:41: A was already said in mine.yaml:1"],
        ),
    ],
)  # fmt: skip
def test_a_mistake_has_its_place_a_caret_and_a_suggestion(
    tmp_path: Path, text: str, said: list[str]
) -> None:
    found = _wrong(tmp_path, text)

    assert [line.replace(f"{tmp_path}/", "") for line in found] == said


def test_levels_are_limits_or_conditions_of_their_own(tmp_path: Path) -> None:
    text = MINE + (
        "expr: cpu.busy > limit\n    for: 5m\n    info: 50%\n    warning: {limit: 80%, for: 10m}\n"
        "    critical: {expr: cpu.busy > 99%}"
    )
    (spec,) = _read(tmp_path, text).specs

    assert [(one.severity, one.limit, one.expr, one.hold) for one in spec.levels] == [
        (Severity.INFO, 0.5, "", 300.0),
        (Severity.WARNING, 0.8, "", 600.0),
        (Severity.CRITICAL, None, "cpu.busy > 99%", 300.0),
    ]
    assert spec.source.endswith("mine.yaml:2")


def test_without_levels_the_severity_is_a_label(tmp_path: Path) -> None:
    text = MINE + "expr: cpu.busy > 1\n    labels: {severity: page, team: db}"
    (spec,) = _read(tmp_path, text).specs

    assert [level.severity for level in spec.levels] == [Severity.CRITICAL]
    assert spec.labels == {"team": "db"}


def test_a_rule_of_the_same_name_replaces_and_an_entry_without_a_condition_bends(
    tmp_path: Path,
) -> None:
    said = _read(
        tmp_path,
        "rules:\n  - {alert: CpuSteal, expr: cpu.steal > 5%}\n"
        "  - {alert: FsSpace, warning: 15%, clear: 20%, for: 5m, runbook: team.clean}\n"
        "  - {alert: DState, off: true}",
    )

    rules = {spec.name: spec for spec in effective(shipped_rules(), said.specs, said.bends)}

    assert rules["CpuSteal"].expr == "cpu.steal > 5%"
    assert not rules["CpuSteal"].shipped
    assert rules["DState"].off
    assert rules["FsSpace"].margin == pytest.approx(0.05)
    assert [(level.limit, level.hold) for level in rules["FsSpace"].levels] == [
        (0.15, 300.0),
        (0.05, 300.0),
    ]
    assert rules["FsSpace"].annotations["runbook"] == "team.clean"


def test_a_configuration_takes_rules_from_its_files_and_watches_them(tmp_path: Path) -> None:
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d" / "a.yaml").write_text("rules: [{alert: A, expr: cpu.busy > 1}]")
    (tmp_path / "rules.d" / "b.yaml").write_text("rules: {A: {for: 5m}}")
    path = tmp_path / "opsconsole.yaml"
    path.write_text(
        "version: 1\nrule_files: rules.d/*.yaml\nrules:\n  - {alert: B, expr: cpu.busy > 1}\n"
    )

    found = read(path)

    assert [spec.name for spec in found.settings.rule_specs] == ["A", "B"]
    assert found.settings.rules == {"A": RuleSettings(hold=300.0)}
    assert str(tmp_path / "rules.d" / "b.yaml") in found.files


def test_two_files_may_not_say_one_rule(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("rules: [{alert: A, expr: cpu.busy > 1}]")
    path = tmp_path / "opsconsole.yaml"
    path.write_text("version: 1\nrule_files: [a.yaml, b.yaml]\n")

    with pytest.raises(ConfigError, match=r"b\.yaml:1:9: A was already said in .*a\.yaml:1"):
        read(path)


@pytest.mark.parametrize("nth", [0, 1])
def test_the_pages_examples_are_read(tmp_path: Path, nth: int) -> None:
    examples = re.findall(r"```yaml\n(rules:.*?)```", DOCS.read_text(), re.DOTALL)

    said = _read(tmp_path, examples[nth])

    assert len(said.specs) + len(said.bends) >= 3


def test_every_shipped_rule_is_on_the_page() -> None:
    text = DOCS.read_text()

    assert [spec.name for spec in shipped_rules() if f"| `{spec.name}`" not in text] == []


SHIPPED = shipped_file().read_text()
LINES = SHIPPED.splitlines()
TOKENS = st.sampled_from(
    ["{", "}", "[", "]", ":", "- ", "\t", "\n", '"', "'", "%", "<", "&a", "*a", "!x", "|", "limit", "and", "(",
     "fs.available", "forecast(", "1e999", "-", "\x00", "\ud800", "é", "null", "check(", "{value}", "0x", ","]
)  # fmt: skip
SCRAPS = st.one_of(TOKENS, st.text(max_size=8))


@st.composite
def malformed(draw: Any) -> str:
    """Give a stretch of the shipped file, with things put in, cut out and turned around."""
    begin = draw(st.integers(0, len(LINES) - 1))
    text = "rules:\n" + "\n".join(LINES[begin : begin + draw(st.integers(1, 30))])
    for _ in range(draw(st.integers(1, 6))):
        at, cut = draw(st.integers(0, len(text))), draw(st.integers(0, 12))
        text = text[:at] + draw(SCRAPS) + text[at + cut :]
    return text


@settings(
    max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(malformed())
def test_a_malformed_file_is_told_of_and_nothing_else_happens(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    problems = Problems()

    said = read_rule_file(path, problems)

    assert all(isinstance(spec, RuleSpec) for spec in said.specs)
    if len(problems):
        with pytest.raises(ConfigError) as wrong:
            problems.raise_if_any()
        assert all(mistake.file for mistake in wrong.value.mistakes)
