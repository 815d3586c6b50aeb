"""The program for verbs that need an engine, and click's runner for those that do not."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from opsconsole.cli.main import cli
from tests.program import Program


class Verbs:
    """Runs verbs inside this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "SSH_AUTH_SOCK": None,
            "TERM": "xterm",
        }

    def run(self, *arguments: str, stdin: str = "") -> Result:
        runner = CliRunner()
        return runner.invoke(cli, arguments, input=stdin, env=self.environ)

    def configuration(self, text: str) -> Path:
        path = self.folder / "opsconsole.yaml"
        path.write_text(text)
        return path


@pytest.fixture
def verbs(tmp_path: Path) -> Verbs:
    return Verbs(tmp_path)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    made.end()
