"""Doctor: each finding says how to mend it."""

import json
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from opsconsole.cli.doctor_machine import look_at_agent, look_at_logout, look_at_state
from opsconsole.cli.doctor_terminal import look_at_terminal
from opsconsole.cli.findings import Finding, Level
from opsconsole.cli.options import Options
from tests.cli.conftest import Verbs


def _levels(findings: list[Finding]) -> dict[str, str]:
    return {one.area: one.level for one in findings}


@pytest.mark.parametrize(
    ("environ", "encoding", "size", "levels"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "UTF-8", (200, 60),
         {"terminal": "ok", "colours": "ok", "locale": "ok"}),
        ({"TERM": "dumb"}, "UTF-8", (80, 24),
         {"terminal": "warning", "colours": "note", "locale": "ok"}),
        ({"TERM": "screen-256color"}, "ANSI_X3.4-1968", (80, 24),
         {"terminal": "ok", "colours": "ok", "locale": "warning"}),
        ({"TERM": "vt100", "NO_COLOR": "1"}, "utf8", (40, 12),
         {"terminal": "note", "colours": "note", "locale": "ok"}),
    ],
)  # fmt: skip
def test_the_terminal_is_judged_by_what_it_says(
    environ: dict[str, str], encoding: str, size: tuple[int, int], levels: dict[str, str]
) -> None:
    findings = list(look_at_terminal(environ, is_terminal=True, encoding=encoding, size=size))

    assert _levels(findings) == levels


def test_no_terminal_is_only_a_note() -> None:
    findings = list(look_at_terminal({}, is_terminal=False, encoding="utf-8", size=(80, 24)))

    assert _levels(findings) == {"terminal": "note"}


def test_an_agent_is_asked_for_its_keys(tmp_path: Path) -> None:
    path = tmp_path / "agent"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_answer, args=(listener, b"\0\0\0\5\x0c\0\0\0\2"))
        thread.start()
        (finding,) = look_at_agent({"SSH_AUTH_SOCK": str(path)})
        thread.join()

    assert (finding.level, finding.text) == (Level.OK, f"2 keys in {path}")


@pytest.mark.parametrize("answer", [b"\0\0\0\5\x05\0\0\0\2", b"\0\0"])
def test_an_agent_that_answers_nonsense_is_bad(tmp_path: Path, answer: bytes) -> None:
    path = tmp_path / "agent"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_answer, args=(listener, answer))
        thread.start()
        (finding,) = look_at_agent({"SSH_AUTH_SOCK": str(path)})
        thread.join()

    assert finding.level is Level.BAD
    assert finding.fix


def test_an_agent_that_is_gone_is_bad(tmp_path: Path) -> None:
    (finding,) = look_at_agent({"SSH_AUTH_SOCK": str(tmp_path / "gone")})

    assert finding.level is Level.BAD


def test_lingering_decides_what_a_logout_ends(tmp_path: Path) -> None:
    (tmp_path / "logind.conf.d").mkdir()
    (tmp_path / "logind.conf").write_text("#KillUserProcesses=no\n")
    (plain,) = look_at_logout("op1", tmp_path, tmp_path / "linger")
    (tmp_path / "logind.conf.d" / "50-site.conf").write_text("[Login]\nKillUserProcesses=yes\n")
    (killed,) = look_at_logout("op1", tmp_path, tmp_path / "linger")
    (tmp_path / "linger").mkdir()
    (tmp_path / "linger" / "op1").touch()
    (kept,) = look_at_logout("op1", tmp_path, tmp_path / "linger")

    assert (plain.level, killed.level, kept.level) == (Level.OK, Level.WARNING, Level.OK)
    assert killed.fix == "loginctl enable-linger op1"


def test_s04_a_state_folder_that_others_may_write_is_bad(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tempfile.TemporaryDirectory(prefix="oc-") as name:  # a socket's path has to be short
        monkeypatch.setenv("XDG_STATE_HOME", name)
        (Path(name) / "opsconsole").mkdir()
        (Path(name) / "opsconsole").chmod(0o777)

        findings = list(look_at_state(Options()))

    assert _levels(findings) == {"state": "bad"}
    assert "chmod 700" in findings[0].text


def test_mistakes_in_the_configuration_are_findings(verbs: Verbs) -> None:
    path = verbs.configuration("version: 1\nhosts: [{nam: a}]\n")

    answer = verbs.run("-c", str(path), "doctor", "--json")
    document = json.loads(answer.stdout)
    bad = [one for one in document["findings"] if one["level"] == "bad"]

    assert answer.exit_code == 2
    assert bad[0]["area"] == "configuration"
    assert f"{path}:2:" in bad[0]["text"]
    assert all(one["fix"] for one in document["findings"] if one["level"] in ("warning", "bad"))


def _answer(listener: socket.socket, data: bytes) -> None:
    peer, _address = listener.accept()
    with peer:
        peer.recv(5)
        peer.sendall(data)
