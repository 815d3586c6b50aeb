"""Hear what an SSH port says first, its identification line (RFC 4253, 4.2), and hang up."""

import asyncio
from typing import Final

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.transport.http_answer import HttpFault, ProbeAnswer
from opsconsole.transport.http_faults import Fault, judge
from opsconsole.transport.http_phases import Phases
from opsconsole.transport.probes import first_answer, split_target
from opsconsole.transport.resolver import Resolver

_MOST_LINES: Final = 32
"""A server may send other lines before its identification."""
_LINE: Final = 1024


async def probe_ssh(clock: Clock, resolver: Resolver, target: str, timeout: float) -> ProbeAnswer:
    """Connect to `host:port` and read the identification; a port that says anything else is a bad reply."""
    phases = Phases(clock)
    host, port = split_target(target)
    banner = ip = ""
    fault: Fault | None = None
    try:
        async with asyncio.timeout(timeout):
            phases.begin("dns")
            addresses = await resolver.resolve(host)
            phases.end("dns")
            phases.begin("connect")
            sock = await first_answer(addresses, port)
            phases.end("connect")
            ip = str(sock.getpeername()[0])
            reader, writer = await asyncio.open_connection(sock=sock, limit=_LINE)
            try:
                banner = await _identification(reader)
                phases.end("first_byte")
            finally:
                writer.transport.abort()
    except TransportError as error:
        fault = Fault(HttpFault.DNS, error.reason)
    except (OSError, ValueError) as error:
        fault = judge(error, timeout, phases.name)
    if not banner and fault is None:
        fault = Fault(HttpFault.BAD_REPLY, "does not speak SSH")
    return ProbeAnswer(
        phases=phases.seconds(),
        took=phases.took,
        banner=banner,
        ip=ip,
        fault=fault.word if fault else None,
        reason=fault.reason if fault else "",
    )


async def _identification(reader: asyncio.StreamReader) -> str:
    """Give the line that begins with `SSH-`; empty when there is none."""
    for _ in range(_MOST_LINES):
        line = await reader.readline()
        if line.startswith(b"SSH-"):
            return clean(line.strip(), LABEL_LIMIT)
        if not line:
            break
    return ""
