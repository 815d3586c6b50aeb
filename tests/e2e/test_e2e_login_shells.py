"""Hostile values through every login shell over a real sshd: argv, args, environment, stdin; with a spool too."""

import os
import pwd
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsconsole.clock import SystemClock
from opsconsole.model.inventory import Host, Settings
from opsconsole.transport.base import Command, Ending, Spool
from opsconsole.transport.router import Router
from opsconsole.transport.ssh import SshTransport
from tests.realsshd import RealSshd, need
from tests.transport.test_transport_bootstrap import HOSTILE, SHELLS, SHOW, bytes_of

ALPHABET = (
    "a", "B", "7", " ", "  ", "\n", "\t", "\r", "'", '"', "`", "\\", "$", "(", ")", "{", "}", "[", "]", ";", "&",
    "|", "<", ">", "*", "?", "~", "!", "#", "%", "^", "=", "-", "--", ",", ".", "/", ":", "@", "\x01", "\x1b[",
    "\x7f", "é", "鍵", "\U0001f511", "\udcff", "$(touch INJECTED)", "`touch INJECTED`", "; touch INJECTED;",
    "\\'", "$'",
)  # fmt: skip
ENVIRONMENT = 'i=0; while [ "$i" -lt "$COUNT" ]; do eval "a=\\$V$i"; show "$a"; i=$((i + 1)); done'
SCRIPT = (
    'show() { printf "%s" "$1" | od -An -v -tx1 | tr -d " \\n"; echo; }\n'
    f"{ENVIRONMENT}\n{SHOW}\n"
    'od -An -v -tx1 | tr -d " \\n"; echo; ls INJECTED 2>/dev/null; echo end'
)


def corpus(shell: str) -> list[str]:
    """The hostile values, and as many made ones as two lines of the wire hold; the same on every run."""
    rng = random.Random(f"corpus {shell}")
    made = ["".join(rng.choices(ALPHABET, k=rng.randint(0, 14))) for _ in range(150)]
    return [*(value for value in HOSTILE if len(value) < 1_000), *made]


class Account:
    """A login of an account that has this shell."""

    def __init__(self, shell: str, folder: str) -> None:
        found = pwd.getpwnam(f"opsc-{shell}")
        self.home = Path(found.pw_dir)
        self.server = RealSshd(Path(folder), options={"SetEnv": "SHLVL=2"}).start()
        self.host = Host(
            "web01", "127.0.0.1", self.server.port, user=found.pw_name, timeout=8.0,
            identity=(str(self.server.client_key),), known_hosts=(str(self.server.known_hosts),),
        )  # fmt: skip
        clock = SystemClock()
        ssh = SshTransport(Settings(), clock, hosts=lambda _: None, agent=lambda: None)
        self.router = Router(ssh, ssh, clock)

    async def close(self) -> None:
        await self.router.close()
        self.server.stop()
        shutil.rmtree(self.home / ".opsc", ignore_errors=True)
        (self.home / "INJECTED").unlink(missing_ok=True)


@pytest.fixture
def folder() -> Iterator[str]:
    """A folder that every account may read, as sshd reads authorized_keys in the account's name."""
    need("sshd", "openssh-server")
    with tempfile.TemporaryDirectory(prefix="oc-") as name:
        Path(name).chmod(0o755)
        yield name


def need_account(shell: str) -> None:
    try:
        pwd.getpwnam(f"opsc-{shell}")
    except KeyError:
        message = f"needs the account opsc-{shell} (as root: tests/e2e/accounts.sh)"
        if os.environ.get("OPSCONSOLE_REQUIRE_REAL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    if os.getuid() != 0:
        pytest.skip("needs root: only then may sshd log in another account")


@pytest.mark.real
@pytest.mark.parametrize("spooled", [False, True], ids=["plain", "spool"])
@pytest.mark.parametrize("shell", SHELLS)
async def test_every_value_arrives_and_nothing_is_injected(
    folder: str, shell: str, spooled: bool
) -> None:
    need_account(shell)
    account = Account(shell, folder)
    values = corpus(shell)
    stdin = b"\0".join(bytes_of(value) for value in values)
    spool = Spool("run-1", "web01.step") if spooled else None
    env = {f"V{n}": value for n, value in enumerate(values)} | {"COUNT": str(len(values))}
    limit = 1 << 20
    try:
        by_script = await account.router.run(
            account.host,
            Command(script=SCRIPT, args=tuple(values), env=env, stdin=stdin, timeout=30,
                    max_output=limit, spool=spool),
        )  # fmt: skip
        argv = ("sh", "-c", SHOW, "opsconsole", *values)
        other = Spool("run-1", "web01.argv") if spooled else None
        by_argv = await account.router.run(
            account.host, Command(argv=argv, timeout=30, max_output=limit, spool=other)
        )
        kept = sorted(path.name for path in account.home.glob(".opsc/run-1/*"))
    finally:
        await account.close()

    expected = [bytes_of(value).hex() for value in values]
    lines = by_script.stdout.decode().split("\n")
    assert by_script.ending is Ending.EXITED, (by_script.reason, by_script.stderr)
    assert lines[: len(values)] == expected
    assert lines[len(values) : 2 * len(values)] == expected
    assert lines[2 * len(values) :] == [stdin.hex(), "end", ""]
    assert by_argv.stdout.decode().split("\n") == [*expected, ""]
    assert kept == (["web01.argv", "web01.step"] if spooled else [])
