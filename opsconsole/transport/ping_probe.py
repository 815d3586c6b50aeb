"""Ask a host for echoes by ICMP sockets that need no root (icmp(7)); every failure is an answer."""

import asyncio
from typing import Final

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.transport.http_answer import HttpFault, PingAnswer
from opsconsole.transport.resolver import Resolver

ECHOES: Final = 3
GAP: Final = 0.2
"""Seconds between two; less is for root only."""


async def ping(clock: Clock, resolver: Resolver, target: str, timeout: float) -> PingAnswer:
    """Send three echo requests; where this account may not, the fault is `not-allowed`."""
    import icmplib  # loaded by the first icmp check only

    began = clock.monotonic()
    try:
        async with asyncio.timeout(timeout):
            address = (await resolver.resolve(target))[0]
            wait = max(0.1, (timeout - GAP * ECHOES) / ECHOES)
            found = await icmplib.async_ping(
                address, count=ECHOES, interval=GAP, timeout=wait, privileged=False
            )
    except TransportError as error:
        return PingAnswer(fault=HttpFault.DNS, reason=error.reason)
    except (icmplib.SocketPermissionError, icmplib.SocketUnavailableError):
        return PingAnswer(fault=HttpFault.NOT_ALLOWED, reason="no ICMP socket for this account")
    except TimeoutError:
        return PingAnswer(ECHOES, 0, took=clock.monotonic() - began)
    except (icmplib.ICMPLibError, OSError) as error:
        return PingAnswer(fault=HttpFault.NO_ANSWER, reason=f"cannot send: {error}")
    heard = found.packets_received
    return PingAnswer(
        sent=found.packets_sent,
        received=heard,
        rtt=found.avg_rtt / 1000 if heard else None,
        rtt_max=found.max_rtt / 1000 if heard else None,
        took=clock.monotonic() - began,
    )
