"""The verbs of those who write plugins: a new one is good from the start, and lint finds what is careless."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from opsconsole.actions.lint import lint_python, lint_runbook, unquoted
from opsconsole.cli.plugin_docs import docs
from opsconsole.cli.plugin_lint import lint
from opsconsole.cli.plugin_new import new
from opsconsole.cli.plugin_test import test as plugin_test
from opsconsole.testing.contract import HOSTILE


def invoke(command, *words: str) -> tuple[int, str]:
    answer = CliRunner().invoke(command, list(words), standalone_mode=False)
    if answer.exception is not None:
        raise answer.exception
    return answer.return_value, answer.output


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    invoke(new, "acme", "-o", str(tmp_path / "acme"))
    return tmp_path / "acme"


def test_a_new_plugin_has_nothing_said_against_it_and_keeps_the_contract(fresh: Path) -> None:
    linted = invoke(lint, str(fresh / "opsconsole_acme"))
    tested = invoke(plugin_test, "--contract", str(fresh / "opsconsole_acme"))

    assert linted == (0, "nothing to say against it\n")
    assert tested[0] == 0
    assert tested[1].split() == [
        word for name in ("status", "restart", "load", "load-check") for word in ("kept", f"acme.{name}")
    ]  # fmt: skip


def test_a_page_of_its_actions_is_made_from_what_they_declare(fresh: Path) -> None:
    code, page = invoke(docs, str(fresh / "opsconsole_acme"))

    assert code == 0
    assert "`acme.restart`: write, on host" in page
    assert "| `unit` | unit | required |" in page


def test_a_name_that_is_none_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="lower-case letters"):
        invoke(new, "Acme!", "-o", str(tmp_path / "x"))

    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('echo "$1"', ""),
        ("echo $1", "$1"),
        ("echo '$1'", ""),
        ('echo "a $NAME b" $UNIT', "$UNIT"),
        ("echo ${1}", "${1}"),
        (r"echo \$1", ""),
        ("for f in $@; do :; done", "$@"),
        ('awk "{print \\$1}"', ""),
        ("i=$((i + 1))", ""),
    ],
)
def test_an_expansion_outside_quotes_is_found(script: str, found: str) -> None:
    assert unquoted(script) == found


def test_careless_scripts_are_told_with_their_line() -> None:
    text = "steps:\n  - {id: a, sh: 'eval \"$1\"; x=`id`; rm $1'}\n"

    said = [str(each) for each in lint_runbook(text, "r.yaml")]

    assert [line.partition(": ")[0] for line in said] == ["r.yaml:2:17"] * 3
    assert [word in " ".join(said) for word in ("backtick", "eval", "$1 is not quoted")] == [
        True
    ] * 3


def test_what_code_uses_and_no_action_declares_is_a_mistake() -> None:
    code = b'async def f(ctx):\n    await ctx.ssh.read(["x"], sudo="systemctl")\n    await ctx.http.lb.get("/")\n'

    said = [each.text for each in lint_python(Path("a.py"), code, frozenset({"ssh"}))]

    assert said == [
        "uses sudo:systemctl, which no action declares in needs",
        "uses http:lb, which no action declares in needs",
    ]


def test_there_are_twenty_two_hostile_values_and_each_is_another() -> None:
    assert len(HOSTILE) == len(set(HOSTILE)) == 22
