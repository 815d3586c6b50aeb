"""A real OpenSSH server on loopback for tests: own keys, own port, own configuration, nothing left behind."""

import contextlib
import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from opsconsole.testing.spools import end_spooled

SSHD = "/usr/sbin/sshd"
_LISTEN_SOCKETS = 15
"""Addresses a process may listen on (MAX_LISTEN_SOCKS is 16); beyond that there are several, on one port."""


def need(program: str, package: str) -> str:
    """Find a program, or skip the test and name its Debian package; missing is a failure where it is required."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        message = f"needs {program} (Debian package {package})"
        if os.environ.get("OPSCONSOLE_REQUIRE_REAL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


def need_login_shell() -> None:
    """Skip the test where our own account has no shell: nobody can log in to it and run anything."""
    account = pwd.getpwuid(os.getuid())
    if Path(account.pw_shell).name in ("nologin", "false"):
        message = f"needs a login shell for the account {account.pw_name} (chsh -s /bin/bash)"
        if os.environ.get("OPSCONSOLE_REQUIRE_REAL") == "1":
            pytest.fail(message)
        pytest.skip(message)


def free_port(address: str = "127.0.0.1") -> int:
    """Find a port nobody listens on."""
    with socket.socket() as sock:
        sock.bind((address, 0))
        return int(sock.getsockname()[1])


def make_key(path: Path, kind: str = "ed25519", *, passphrase: str = "") -> Path:
    """Make a key pair with ssh-keygen; returns the private key's path."""
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return path


class RealSshd:
    """One sshd.

    Args:
        folder: For keys, configuration and log; a temporary one.
        addresses: Loopback addresses to listen on.
        options: Lines of sshd_config, instead of ours or beside them.
        host_key: Kind of the host key.
    """

    def __init__(
        self,
        folder: Path,
        addresses: Sequence[str] = ("127.0.0.1",),
        options: Mapping[str, str] | None = None,
        host_key: str = "ed25519",
    ) -> None:
        need("sshd", "openssh-server")
        need("ssh-keygen", "openssh-client")
        need_login_shell()
        self.folder = folder
        self.addresses = tuple(addresses)
        self.port = free_port(self.addresses[0])
        self.user = getpass.getuser()
        self.log = folder / "sshd.log"
        self.known_hosts = folder / "known_hosts"
        self.authorized = folder / "authorized_keys"
        self.home = folder / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        self.host_key = make_key(folder / "host_key", host_key)
        self.client_key = make_key(folder / "client_key")
        self.authorized.write_bytes((folder / "client_key.pub").read_bytes())
        self._options = dict(options or {})
        self._processes: list[subprocess.Popen[bytes]] = []
        self.write_known_hosts()

    @property
    def pid(self) -> int:
        """The first listener's process id."""
        return self._processes[0].pid

    def known_line(self, key: Path | None = None, pattern: str = "") -> str:
        """The known_hosts line for a public key; all our addresses unless a pattern is given."""
        kind, blob = (key or self.host_key).with_suffix(".pub").read_text().split()[:2]
        names = pattern or ",".join(f"[{address}]:{self.port}" for address in self.addresses)
        return f"{names} {kind} {blob}\n"

    def write_known_hosts(self, text: str | None = None) -> None:
        """Make the known_hosts file hold this text; without one, our own key."""
        self.known_hosts.write_text(self.known_line() if text is None else text)

    def start(self) -> "RealSshd":
        """Start it and wait until it listens."""
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for first in range(0, len(self.addresses), _LISTEN_SOCKETS):
            self._start_one(
                first // _LISTEN_SOCKETS, self.addresses[first : first + _LISTEN_SOCKETS]
            )
        return self

    def _start_one(self, number: int, addresses: Sequence[str]) -> None:
        config = self.folder / f"sshd_config{number}"
        config.write_text(self._config(number, addresses))
        process = subprocess.Popen(
            [SSHD, "-D", "-f", str(config), "-E", str(self.log)], stdin=subprocess.DEVNULL
        )
        self._processes.append(process)
        self._wait_until_it_listens(process, addresses[-1])

    def _config(self, number: int, addresses: Sequence[str]) -> str:
        settings = {
            "HostKey": str(self.host_key),
            "AuthorizedKeysFile": str(self.authorized),
            "PidFile": str(self.folder / f"sshd{number}.pid"),
            "UsePAM": "no",
            # SHLVL: else bash reads the start files of the account; HOME: what runs there keeps is the test's
            "SetEnv": f"SHLVL=2 HOME={self.home}",
            "StrictModes": "no",
            "PermitRootLogin": "yes",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "LogLevel": "VERBOSE",
            "UseDNS": "no",
            "PrintMotd": "no",
            "MaxStartups": "200:100:400",
        } | self._options
        lines = [f"{name} {value}" for name, value in settings.items()]
        lines += [f"ListenAddress {address}:{self.port}" for address in addresses]
        return "\n".join(lines) + "\n"

    def _wait_until_it_listens(self, process: subprocess.Popen[bytes], address: str) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if process.poll() is not None:
                break
            with socket.socket() as sock:
                if sock.connect_ex((address, self.port)) == 0:
                    return
            time.sleep(0.02)
        said = self.log.read_text() if self.log.exists() else ""
        raise AssertionError(f"sshd did not start: {said}")

    def log_count(self, words: str) -> int:
        """How many lines of its log hold these words."""
        return sum(words in line for line in self.log.read_text().splitlines())

    def children(self) -> list[int]:
        """The sshd processes of its live connections; an ordinary user's login has two, one below the other."""
        below = (pid for process in self._processes for pid in _descendants(process.pid))
        return [pid for pid in below if _comm(pid).startswith("sshd")]

    def stop(self) -> None:
        """End it, its connections, and what they run."""
        for process in self._processes:
            for pid in [*_descendants(process.pid), process.pid]:
                for number in (signal.SIGCONT, signal.SIGKILL):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, number)
            process.wait(10)
        self._processes = []
        end_spooled(self.home)


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


def _descendants(pid: int) -> list[int]:
    children = _children(pid)
    return [*(below for child in children for below in _descendants(child)), *children]
