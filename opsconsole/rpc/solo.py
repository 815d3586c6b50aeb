"""Engine and client in one process, over a socketpair: the same code path as two processes."""

import asyncio
import socket

from opsconsole.rpc.client import Opener, Streams
from opsconsole.rpc.server import Server


def open_solo(server: Server) -> Opener:
    """Make an opener that attaches to a server in this very process."""

    async def connect() -> Streams:
        ours, theirs = socket.socketpair()
        await server.attach(theirs)
        return await asyncio.open_unix_connection(sock=ours)

    return connect
