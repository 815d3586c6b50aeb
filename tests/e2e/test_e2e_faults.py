"""Six hosts in trouble among healthy ones: each shows its own state by name, and the others stay as they are."""

import getpass
import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.program import Program
from tests.realsshd import RealSshd, free_port, make_key

HEALTHY = [f"127.0.4.{n}" for n in range(1, 11)]
SLOW_LOGIN = {
    "AuthorizedKeysFile": "none", "AuthorizedKeysCommand": "/usr/bin/sleep 30",
    "AuthorizedKeysCommandUser": getpass.getuser(),
}  # fmt: skip


class Servers:
    """One sshd for the healthy, and one for each that is in trouble of its own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.healthy = self._sshd("healthy", *HEALTHY)
        self.frozen = self._sshd("frozen", "127.0.5.1")
        self.changed = self._sshd("changed", "127.0.5.2")
        self.refusing = self._sshd("refusing", "127.0.5.3")
        self.flooding = self._sshd("flooding", "127.0.5.4", ForceCommand="yes")
        self.dawdling = self._sshd("dawdling", "127.0.5.5", **SLOW_LOGIN)
        self.closed_port = free_port("127.0.5.6")
        other = make_key(folder / "other_key")
        self.changed.write_known_hosts(self.changed.known_line(other))
        self.refusing.authorized.write_text("")

    def _sshd(self, name: str, *addresses: str, **options: str) -> RealSshd:
        server = RealSshd(self._folder / name, addresses, options)
        self._stack.callback(server.stop)
        return server.start()

    def configuration(self) -> str:
        """Write the file's text: healthy hosts first, then one named after each trouble."""
        hosts = [_host(f"web{n:02}", self.healthy, a) for n, a in enumerate(HEALTHY, 1)]
        for name in ("frozen", "changed", "refusing", "flooding", "dawdling"):
            server: RealSshd = getattr(self, name)
            hosts.append(_host(name, server, server.addresses[0]))
        hosts.append(f"  - {{name: closed, address: 127.0.5.6, port: {self.closed_port}}}")
        return (
            "version: 1\n"
            "engine: {linger: 1m, keepalive: 2s}\n"
            f"defaults: {{user: {self.healthy.user}, every: 5s, timeout: 5s,"
            f" identity: {self.healthy.client_key}, known_hosts: {self.healthy.known_hosts}}}\n"
            "hosts:\n" + "\n".join(hosts) + "\n"
        )


def _host(name: str, server: RealSshd, address: str) -> str:
    return (
        f"  - {{name: {name}, address: {address}, port: {server.port},"
        f" identity: {server.client_key}, known_hosts: {server.known_hosts}}}"
    )


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with ExitStack() as stack:
        yield Servers(tmp_path, stack)


def hosts_of(program: Program, config: Path) -> dict[str, Any]:
    answer = program.run("-c", str(config), "-E", "e2e", "status", "--json")
    assert answer.stdout, answer.stderr
    return {one["name"]: one for one in json.loads(answer.stdout)["hosts"]}


@pytest.mark.real
@pytest.mark.timeout(150)
def test_each_host_in_trouble_shows_its_own_state_and_the_others_stay_up(
    program: Program, servers: Servers, tmp_path: Path
) -> None:
    config = tmp_path / "opsconsole.yaml"
    config.write_text(servers.configuration())
    assert program.run("-c", str(config), "-E", "e2e", "engine", "start").returncode == 0
    up = [*(f"web{n:02}" for n in range(1, len(HEALTHY) + 1)), "frozen"]
    wanted = {
        "frozen": "silent", "changed": "key-changed", "refusing": "auth-locked", "flooding": "flooded",
        "dawdling": "slow", "closed": "refused",
    }  # fmt: skip

    def reaches(*names: str) -> dict[str, str]:
        hosts = hosts_of(program, config)
        return {name: hosts[name]["reach"] for name in names}

    program.wait_for(lambda: set(reaches(*up).values()) == {"up"}, "all that can to come up")
    for pid in (*servers.frozen.children(), servers.frozen.pid):
        os.kill(pid, signal.SIGSTOP)
    seen: dict[str, str] = {}

    def each_has_its_own() -> bool:
        seen.update(reaches(*wanted))
        return seen == wanted

    try:
        program.wait_for(each_has_its_own, "every trouble's own name", 60)
    except AssertionError:
        assert seen == wanted
    hosts = hosts_of(program, config)

    healthy = [hosts[name] for name in up if name != "frozen"]
    assert [
        (one["name"], one["reach"], one["state"]) for one in healthy if one["reach"] != "up"
    ] == []
    assert "unknown" not in {one["state"] for one in healthy}  # nobody's poll waited for the sick
    assert all(hosts[name]["reason"] for name in wanted)
    assert {hosts[name]["state"] for name in wanted} <= {"unknown", "critical"}
    assert "ok" not in {hosts[name]["state"] for name in wanted}
