"""How even the polls of healthy hosts stay while six others misbehave, each in its own way."""

import asyncio
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fleet import engine, level_the_ground
from benchmarks.table import Line
from benchmarks.watch import first_samples, poll_jitter, states
from tests.realfleet import RealFleet
from tests.realsshd import RealSshd, free_port, make_key

_EVERY = 5.0
_LOGIN_DELAY = 30.0


class Trouble:
    """A stopped, a closed, a re-keyed, a refusing, a flooding and a very slow host beside healthy ones."""

    def __init__(self, folder: Path, count: int) -> None:
        level_the_ground()
        self.folder = folder
        self.fleet = RealFleet(folder / "sshd", count, {"MaxSessions": "20"}).start()
        self.known = folder / "known_hosts"
        lines = [self.fleet.known_hosts.read_text()]
        other = make_key(folder / "other_key")
        self.hosts: dict[str, tuple[str, int]] = {}
        self.servers: list[RealSshd] = []
        for number, (name, options) in enumerate(
            (
                ("stopped", {}),
                ("changed", {}),
                ("refused", {"AuthorizedKeysFile": "/dev/null"}),
                ("flood", {"ForceCommand": "cat /dev/zero"}),
            ),
            start=1,
        ):
            server = RealSshd(folder / name, [f"127.0.9.{number}"], options)
            server.authorized.write_text(self.fleet.servers[0].authorized.read_text())
            lines.append(server.known_line(other if name == "changed" else None))
            self.servers.append(server.start())
            self.hosts[name] = (server.addresses[0], server.port)
        os.kill(self.servers[0].pid, signal.SIGSTOP)
        self.hosts["closed"] = ("127.0.9.8", free_port("127.0.9.8"))
        self.known.write_text("".join(lines))

    def config(self, name: str, *, faults: bool) -> Path:
        """Write a configuration with or without the faulty hosts."""
        healthy = {f"h{i:03d}": (a, self.fleet.port) for i, a in enumerate(self.fleet.addresses)}
        hosts = {**healthy, **(self.hosts if faults else {})}
        rows = "".join(
            f"  - {{name: {n}, address: {a}, port: {p}}}\n" for n, (a, p) in hosts.items()
        )
        path = self.folder / name
        path.write_text(
            f"version: 1\ndefaults: {{user: {self.fleet.user}, every: {_EVERY:g}s, timeout: 4s, "
            f"identity: {self.fleet.client_key}, known_hosts: {self.known}}}\nhosts:\n{rows}"
        )
        return path

    def close(self) -> None:
        """End every server."""
        for server in self.servers:
            server.stop()
        self.fleet.stop()


@contextmanager
def slow_login() -> Iterator[tuple[str, int]]:
    """Listen, greet, and say nothing more for thirty seconds."""
    listener = socket.create_server(("127.0.9.9", 0))
    over = threading.Event()

    def hold(sock: socket.socket) -> None:
        with sock:
            sock.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
            over.wait(_LOGIN_DELAY)

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=hold, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()
    finally:
        over.set()
        listener.close()


def _measure(trouble: Trouble, config: Path, seconds: float) -> tuple[list[float], dict[str, str]]:
    healthy = len(trouble.fleet.addresses)
    with engine(trouble.folder, config) as (_, sock):
        asyncio.run(first_samples(sock, healthy, 60))
        asyncio.run(poll_jitter(sock, _EVERY * 2, _EVERY, frozenset(trouble.hosts)))  # settle
        late = asyncio.run(poll_jitter(sock, seconds, _EVERY, frozenset(trouble.hosts)))
        return late, asyncio.run(states(sock, frozenset(trouble.hosts)))


def healthy_hosts(folder: Path, count: int, seconds: float) -> Iterator[Line]:
    """Measure how far polls are from their interval, without and with the faulty hosts."""
    trouble = Trouble(folder, count)
    try:
        with slow_login() as address:
            trouble.hosts["slow-login"] = address
            alone, _ = _measure(trouble, trouble.config("alone.yaml", faults=False), seconds)
            beside, words = _measure(trouble, trouble.config("beside.yaml", faults=True), seconds)
    finally:
        trouble.close()
    p50, p99 = (1000 * _EVERY * _quantile(beside, share) for share in (0.5, 0.99))
    calm = 1000 * _EVERY * _quantile(alone, 0.99)
    told = ", ".join(f"{name}: {word}" for name, word in sorted(words.items()))
    yield Line(
        f"poll jitter of {count} healthy hosts each {_EVERY:g} s, beside six faulty ones ({len(beside)} polls)",
        f"p50 {p50:.0f} ms, p99 {p99:.0f} ms; without the faulty ones p99 {calm:.0f} ms ({told})",
        {"p99 / interval <= 0.1": p99 / 1000 / _EVERY},
    )


def _quantile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")
