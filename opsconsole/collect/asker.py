"""How checks and sources reach out: this machine does it itself, or a host does it for us."""

from typing import Protocol

from opsconsole.transport.http_answer import (
    DnsAnswer,
    DnsQuestion,
    Endpoint,
    HttpAnswer,
    PingAnswer,
    ProbeAnswer,
)


class Asker(Protocol):
    """What can be asked; every failure is an answer, and every call ends within its timeout (seconds)."""

    async def fetch(self, endpoint: Endpoint) -> HttpAnswer:
        """Ask an endpoint once."""
        ...

    async def probe_tcp(self, target: str, *, timeout: float) -> ProbeAnswer:
        """Connect to `host:port` and hang up."""
        ...

    async def probe_tls(
        self, target: str, *, timeout: float, ca: str | None = None, name: str | None = None
    ) -> ProbeAnswer:
        """Shake hands with `host:port` and hang up."""
        ...

    async def probe_ssh(self, target: str, *, timeout: float) -> ProbeAnswer:
        """Read what an SSH server says first, and hang up."""
        ...

    async def probe_dns(self, question: DnsQuestion, *, timeout: float) -> DnsAnswer:
        """Ask a name server."""
        ...

    async def probe_ping(self, target: str, *, timeout: float) -> PingAnswer:
        """Send echo requests."""
        ...
