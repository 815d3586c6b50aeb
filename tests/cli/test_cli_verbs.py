"""Verbs that need no engine: their words, their documents, their exit codes."""

import json
import os
import subprocess
import sys

import click
import pytest

from opsconsole.cli.main import cli
from tests.cli.conftest import Verbs

VERBS = sorted(cli.list_commands(click.Context(cli)))


def test_help_names_every_verb(verbs: Verbs) -> None:
    answer = verbs.run("--help")

    assert answer.exit_code == 0
    assert [verb for verb in VERBS if f"  {verb} " not in answer.output] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verbs: Verbs, verb: str) -> None:
    answer = verbs.run(verb, "--help")

    assert answer.exit_code == 0
    assert answer.output.startswith("Usage: ")


def test_a_mistyped_verb_is_told_what_was_perhaps_meant(verbs: Verbs) -> None:
    assert "did you mean status?" in verbs.run("sttus").output
    assert "did you mean check?" in verbs.run("config", "chekc").output


def test_help_needs_neither_ssh_nor_http_nor_screen_nor_database() -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from opsconsole.cli.main import cli\n"
        "CliRunner().invoke(cli, ['--help'])\n"
        "print([m for m in ('asyncssh', 'httpx', 'textual', 'sqlite3', 'yaml') if m in sys.modules])"
    )

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("nonsense",), 64),
        (("status", "--nonsense"), 3),
        (("ack",), 64),
        (("unlock", "15m"), 64),
        (("run",), 64),
        (("--hosts",), 64),
        (("config", "check", "no-such-file.yaml"), 78),
        (("config", "check", "a", "surplus"), 64),
        (("-E", "a/b", "engine", "status"), 78),
        (("trust", "web01", "--yes"), 64),
    ],
)
def test_a_wrong_line_has_the_usage_code(
    verbs: Verbs, arguments: tuple[str, ...], code: int
) -> None:
    assert verbs.run(*arguments).exit_code == code


def test_a_good_configuration_is_counted(verbs: Verbs) -> None:
    path = verbs.configuration("version: 1\nhosts: [{name: 'web[01-03]'}]\n")

    answer = verbs.run("-c", str(path), "config", "check")

    assert answer.exit_code == 0
    assert answer.output == f"ok: 3 hosts, 0 services ({path})\n"


def test_all_mistakes_are_told_at_once_with_their_places(verbs: Verbs) -> None:
    path = verbs.configuration("version: 1\nhosts:\n  - {nam: a}\n  - {name: b, prt: 1}\n")

    answer = verbs.run("-c", str(path), "config", "check")
    document = json.loads(verbs.run("-c", str(path), "config", "check", "--json").stdout)

    assert answer.exit_code == 78
    assert {one["line"] for one in document["mistakes"]} == {3, 4}
    assert document["ok"] is False


def test_a_configuration_that_is_not_there_is_a_mistake(verbs: Verbs) -> None:
    answer = verbs.run("-c", str(verbs.folder / "absent.yaml"), "config", "check")

    assert answer.exit_code == 78


def test_the_schema_is_a_json_schema(verbs: Verbs) -> None:
    document = json.loads(verbs.run("config", "schema").stdout)

    assert "hosts" in document["properties"]


def test_the_inventory_in_force_can_be_shown(verbs: Verbs) -> None:
    document = json.loads(verbs.run("--hosts", "web[01-02]", "config", "show").stdout)

    assert document["schema"] == "opsconsole.config/1"
    assert [host["name"] for host in document["hosts"]] == ["web01", "web02"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(verbs: Verbs, shell: str) -> None:
    answer = verbs.run("completion", shell)

    assert answer.exit_code == 0
    assert "_OPSCONSOLE_COMPLETE" in answer.output


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("st", {"status"}),
        ("actions core.unit-r", {"core.unit-restart"}),
        ("--hosts web[01-02] poll web", {"web01", "web02"}),
        ("run core.unit-r", {"core.unit-restart"}),
        ("-c /absent.yaml poll w", set()),
    ],
)
def test_words_are_completed(words: str, offered: set[str]) -> None:
    environ = {
        **os.environ, "_OPSCONSOLE_COMPLETE": "bash_complete", "COMP_WORDS": f"opsconsole {words}",
        "COMP_CWORD": str(len(words.split())),
    }  # fmt: skip

    answer = subprocess.run(
        [sys.executable, "-m", "opsconsole"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert set(answer.stdout.split()) == {f"plain,{word}" for word in offered}, answer.stderr


def test_init_writes_a_file_that_passes_its_own_check(verbs: Verbs) -> None:
    verbs.environ["HOME"] = str(verbs.folder)
    path = verbs.folder / "first.yaml"

    made = verbs.run("-c", str(path), "init")
    again = verbs.run("-c", str(path), "init")
    checked = verbs.run("-c", str(path), "config", "check")

    assert made.exit_code == 0, made.output
    assert again.exit_code == 4
    assert checked.exit_code == 0, checked.output


def test_actions_lists_the_shipped_catalogue(verbs: Verbs) -> None:
    answer = verbs.run("actions")
    document = json.loads(verbs.run("actions", "--json").stdout)

    assert answer.exit_code == 0, answer.output
    assert "core.unit-restart" in answer.output
    assert document["schema"] == "opsconsole.actions/1"
    assert all(not plugin["error"] for plugin in document["plugins"])


def test_one_action_shows_its_parameters(verbs: Verbs) -> None:
    answer = verbs.run("actions", "unit-restart")

    assert answer.exit_code == 0
    assert "-p unit=" in answer.output


def test_an_action_nobody_has_is_a_usage_error_with_a_hint(verbs: Verbs) -> None:
    answer = verbs.run("actions", "unit-rest")

    assert answer.exit_code == 64


def test_an_inventory_that_names_no_host_is_fine(verbs: Verbs) -> None:
    path = verbs.configuration("version: 1\n")

    assert verbs.run("-c", str(path), "config", "check").exit_code == 0
