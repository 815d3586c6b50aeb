"""Find out within a second whether a host that did not answer in time is there still."""

import asyncio
from typing import Final

import asyncssh

from opsconsole.transport.connection import Connection

WITHIN: Final = 0.75
_INTERVAL: Final = 0.25


async def is_there(connection: asyncssh.SSHClientConnection, keepalive: float) -> bool:
    """Ask for a sign of life; a connection that is closed gives none.

    Of the library's own connections keepalives are sent in quick succession, and a frozen host loses its
    connection by them; `keepalive` is the interval that is set again where it does not.
    """
    if isinstance(connection, Connection):
        return await connection.is_heard(WITHIN)
    connection.set_keepalive(_INTERVAL, 2)
    try:
        async with asyncio.timeout(WITHIN):
            await connection.wait_closed()
    except TimeoutError:
        connection.set_keepalive(keepalive, 3)
        return True
    return False
