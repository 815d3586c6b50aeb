"""A real OpenSSH server on loopback for tests: own keys, own port, own configuration, nothing left behind."""

import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

SSHD = "/usr/sbin/sshd"


def need(program: str, package: str) -> str:
    """Find a program, or skip the test and name its Debian package; missing is a failure where it is required."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin:/usr/local/sbin")
    if found is None:
        message = f"needs {program} (Debian package {package})"
        if os.environ.get("OPSCONSOLE_REQUIRE_REAL") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


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
        options: Lines of sshd_config that come before ours, and so win.
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
        self.folder = folder
        self.addresses = tuple(addresses)
        self.port = free_port(self.addresses[0])
        self.user = getpass.getuser()
        self.log = folder / "sshd.log"
        self.known_hosts = folder / "known_hosts"
        self.authorized = folder / "authorized_keys"
        folder.mkdir(parents=True, exist_ok=True)
        self.host_key = make_key(folder / "host_key", host_key)
        self.client_key = make_key(folder / "client_key")
        self.authorized.write_bytes((folder / "client_key.pub").read_bytes())
        self._options = dict(options or {})
        self._process: subprocess.Popen[bytes] | None = None
        self.write_known_hosts()

    @property
    def pid(self) -> int:
        """The listener's process id."""
        assert self._process is not None
        return self._process.pid

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
        config = self.folder / "sshd_config"
        config.write_text(self._config())
        self._process = subprocess.Popen(
            [SSHD, "-D", "-f", str(config), "-E", str(self.log)], stdin=subprocess.DEVNULL
        )
        self._wait_until_it_listens()
        return self

    def _config(self) -> str:
        lines = [f"{name} {value}" for name, value in self._options.items()]
        lines += [f"ListenAddress {address}:{self.port}" for address in self.addresses]
        lines += [
            f"HostKey {self.host_key}",
            f"AuthorizedKeysFile {self.authorized}",
            f"PidFile {self.folder / 'sshd.pid'}",
            "UsePAM no",
            "StrictModes no",
            "PermitRootLogin yes",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "LogLevel VERBOSE",
            "UseDNS no",
            "PrintMotd no",
            "SetEnv SHLVL=2",  # Debian's bash reads ~/.bashrc for sshd at level 1: not what we test, and it may be slow
            "MaxStartups 200:100:400",
        ]
        return "\n".join(lines) + "\n"

    def _wait_until_it_listens(self) -> None:
        assert self._process is not None
        until = time.monotonic() + 10
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            with socket.socket() as sock:
                if sock.connect_ex((self.addresses[-1], self.port)) == 0:
                    return
            time.sleep(0.02)
        said = self.log.read_text() if self.log.exists() else ""
        raise AssertionError(f"sshd did not start: {said}")

    def log_count(self, words: str) -> int:
        """How many lines of its log hold these words."""
        return sum(words in line for line in self.log.read_text().splitlines())

    def children(self) -> list[int]:
        """The processes of its live connections."""
        listing = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(pid) for pid in listing.split()]

    def stop(self) -> None:
        """End it, its connections, and what they run."""
        if self._process is None:
            return
        for pid in [*_descendants(self._process.pid), self._process.pid]:
            for signal_number in (18, 9):
                try:
                    os.kill(pid, signal_number)
                except ProcessLookupError:
                    break
        self._process.wait(10)
        self._process = None


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        try:
            text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        except OSError:
            continue
        children = [int(word) for word in text.split()]
        found += children
        waiting += children
    return found
