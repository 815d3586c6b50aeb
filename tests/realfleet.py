"""Many addresses of loopback, each a host: several real sshds (one takes 16 addresses) with one set of keys."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path

from tests.realsshd import RealSshd

_A_SERVER = 16
"""OpenSSH's MAX_LISTEN_SOCKS."""


def addresses(count: int) -> list[str]:
    """Give loopback addresses from 127.0.1.1 on."""
    first = ipaddress.ip_address("127.0.1.1")
    return [str(first + i) for i in range(count)]


class RealFleet:
    """`count` addresses that a real OpenSSH answers, all on one port, with one host key and one client key."""

    def __init__(self, folder: Path, count: int, options: Mapping[str, str] | None = None) -> None:
        self.addresses = addresses(count)
        groups = [self.addresses[i : i + _A_SERVER] for i in range(0, count, _A_SERVER)]
        self.servers = [RealSshd(folder / str(i), group, options) for i, group in enumerate(groups)]
        first = self.servers[0]
        self.port, self.user = first.port, first.user
        self.client_key = first.client_key
        self.known_hosts = folder / "known_hosts"
        for server in self.servers:
            server.port = first.port
            server.host_key, server.authorized = first.host_key, first.authorized
        self.known_hosts.write_text("".join(server.known_line() for server in self.servers))

    def start(self) -> "RealFleet":
        """Start every server."""
        for server in self.servers:
            server.start()
        return self

    def stop(self) -> None:
        """End every server and its sessions."""
        for server in self.servers:
            server.stop()
