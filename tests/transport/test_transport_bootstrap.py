"""The one line: every value reaches the command unchanged, through every login shell."""

import os
import pwd
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsconsole.transport.base import Command, Ending
from opsconsole.transport.bootstrap import BOOTSTRAP, Killer, line, loop_line
from tests.realsshd import need
from tests.transport.sshhosts import MakeSshd, MakeTransport, host_of

HOSTILE = (
    "plain",
    "",
    " ",
    "two words",
    "  spaces around  ",
    "'",
    '"',
    "it's",
    "\\",
    "\\'",
    "a\\'$(touch INJECTED)'b",
    "$(touch INJECTED)",
    "`touch INJECTED`",
    "; touch INJECTED",
    "| touch INJECTED",
    "& touch INJECTED &",
    "line one\nline two",
    "\n",
    "ends with newlines\n\n\n",
    "\ntouch INJECTED\n",
    "tab\there",
    "!! !$ !x",
    "*?[a-z]{b,c}~",
    "$HOME ${PATH} $0 $1 %s %d %%",
    "-rf",
    "--",
    "é ü 漢字 \U0001f600",
    "\x01\x02\x1b[2J\x7f",
    "\r\n",
    "\udcff\udcfe",
    "#comment",
    "a=b",
    "<>(){}^",
    "x" * 30_000,
    "é" * 5_000,
)
SHOW = 'for a in "$@"; do printf "%s" "$a" | od -An -v -tx1 | tr -d " \\n"; echo; done'
SHELLS = ("dash", "bash", "zsh", "fish", "tcsh", "busybox")


@pytest.fixture
def open_folder() -> Iterator[str]:
    """A folder that every account may read, as sshd reads authorized_keys in the account's name."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield folder


def bytes_of(value: str) -> bytes:
    return value.encode("utf-8", "surrogateescape")


def run_by_hand(command: Command, stdin: bytes = b"", path: str = "") -> bytes:
    """Do what a host does, without a network: the constant in a shell, the line on stdin."""
    sent = line(command, "abc") + stdin
    env = os.environ | {"PATH": f"{path}:{os.environ['PATH']}" if path else os.environ["PATH"]}
    done = subprocess.run(
        ["/bin/sh", "-c", BOOTSTRAP],
        input=sent,
        capture_output=True,
        timeout=20,
        check=False,
        env=env,
    )
    assert done.stdout.startswith(b"\x1eabc\n"), (done.stdout, done.stderr)
    return done.stdout.removeprefix(b"\x1eabc\n")


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_value_arrives_unchanged(value: str) -> None:
    said = run_by_hand(Command(script=SHOW, args=(value, "after")))

    assert said.split() == [bytes_of(value).hex().encode()] * bool(value) + [
        b"after".hex().encode()
    ]


@pytest.mark.real
@pytest.mark.parametrize("shell", ["dash", "bash", "busybox", "zsh"])
def test_hostile_values_arrive_whatever_sh_is_there(shell: str, tmp_path: Path) -> None:
    (tmp_path / "sh").symlink_to(need(shell, shell))

    said = run_by_hand(Command(script=SHOW, args=HOSTILE), path=str(tmp_path))

    assert said.decode().split("\n")[:-1] == [bytes_of(value).hex() for value in HOSTILE]


def test_the_line_is_one_line_of_printable_ascii() -> None:
    sent = line(Command(script=SHOW, args=HOSTILE, env={"A_B": "x\ny'"}), "abc", Killer.TIMEOUT)

    assert sent.endswith(b"\n")
    assert all(0x20 <= byte < 0x7F for byte in sent[:-1])


def test_the_rest_of_stdin_belongs_to_the_command() -> None:
    assert run_by_hand(Command(argv=("cat",)), b"mine\nand mine\n") == b"mine\nand mine\n"


def test_environment_reaches_the_command() -> None:
    command = Command(script='printf "%s" "$GREETING"', env={"GREETING": "it's\n$(me)"})

    assert run_by_hand(command) == b"it's\n$(me)"


@pytest.mark.real
@pytest.mark.parametrize("shell", ["dash", "bash", "busybox", "zsh"])
def test_a_loop_reads_the_rest_of_stdin_in_the_shell_that_began_it(
    shell: str, tmp_path: Path
) -> None:
    (tmp_path / "sh").symlink_to(need(shell, shell))
    script = """while IFS= read -r n; do a=$(
printf 'it'\\''s %s for %s' "$n" "$WHOM"
); printf '%s %s\\n' "$a" $$; done
"""
    sent = loop_line(script, {"WHOM": "you\n$(me)"}, "abc") + b"one\n$(two) 'x\n"
    env = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    process = subprocess.Popen(
        [str(tmp_path / "sh"), "-c", BOOTSTRAP],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=env,
    )

    said, _ = process.communicate(sent, timeout=20)

    asked = ("one", "$(two) 'x")
    told = "".join(f"it's {one} for you\n$(me) {process.pid}\n" for one in asked)
    assert said.decode() == f"\x1eabc\n{told}"
    assert all(0x20 <= byte < 0x7F for byte in sent.split(b"\n")[0])


def test_what_a_loop_cannot_be_given_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        loop_line("a\0b", {}, "abc")
    with pytest.raises(ValueError, match="PATH"):
        loop_line("true", {"PATH": "x"}, "abc")


@pytest.mark.parametrize(
    "name", ["LD_PRELOAD", "PATH", "IFS", "BASH_ENV", "ENV", "a", "A-B", "A B", ""]
)
def test_a_dangerous_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="may not be set"):
        line(Command(argv=("true",), env={name: "x"}), "abc")


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        line(Command(argv=("echo", "a\0b")), "abc")
    with pytest.raises(ValueError, match="either"):
        line(Command(), "abc")
    with pytest.raises(ValueError, match="either"):
        line(Command(argv=("true",), script="true"), "abc")


@pytest.mark.parametrize(
    ("killer", "words"),
    [
        (Killer.TIMEOUT, b"exec timeout -k 2 10 'true'"),
        (Killer.OLD_BUSYBOX, b"exec timeout -t 10 'true'"),
        (Killer.NONE, b"exec 'true'"),
    ],
)
def test_the_command_is_wrapped_in_what_the_host_has(killer: Killer, words: bytes) -> None:
    assert words in line(Command(argv=("true",), timeout=9.2), "abc", killer)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
        min_size=1,
        max_size=4,
    )
)
def test_any_arguments_arrive_unchanged(values: list[str]) -> None:
    said = run_by_hand(Command(script=SHOW, args=tuple(values)))

    assert said.decode().split("\n")[:-1] == [bytes_of(value).hex() for value in values]


@pytest.mark.real
@pytest.mark.parametrize("shell", SHELLS)
async def test_hostile_values_arrive_through_every_login_shell(
    make_sshd: MakeSshd, make_transport: MakeTransport, open_folder: str, shell: str
) -> None:
    user = f"opsc-{shell}"
    _need_account(user)
    server = make_sshd(open_folder)
    host = host_of(server, user=user, timeout=8.0)
    transport = make_transport(host)

    script = SHOW + '\nprintf "[%s]" "$(cat)"; ls INJECTED 2>/dev/null; echo'
    command = Command(script=script, args=HOSTILE, stdin=b"the rest\n", timeout=15)
    answer = await transport.run(host, command)

    assert answer.ending is Ending.EXITED, (answer.reason, answer.stderr)
    *shown, rest = answer.stdout.decode().rstrip("\n").split("\n")
    assert shown == [bytes_of(value).hex() for value in HOSTILE]
    assert rest == "[the rest]"


def _need_account(user: str) -> None:
    try:
        pwd.getpwnam(user)
    except KeyError:
        message = f"needs the account {user} (as root: tests/e2e/accounts.sh)"
        if os.environ.get("OPSCONSOLE_REQUIRE_REAL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    if os.getuid() != 0:
        pytest.skip("needs root: only then may sshd log in another account")
