"""Many small HTTP endpoints on loopback, one address each; prints its port."""

import asyncio
import ipaddress
import sys

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\nContent-Type: application/json\r\n\r\n"
    + b'{"db": "is up"}'
)


def addresses(count: int) -> list[str]:
    """Give the endpoints' addresses."""
    first = ipaddress.ip_address("127.0.20.1")
    return [str(first + i) for i in range(count)]


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(_ANSWER)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    """Serve until killed."""
    everywhere = addresses(int(sys.argv[1]))
    first = await asyncio.start_server(_serve, everywhere[0], 0, backlog=1024)
    port = first.sockets[0].getsockname()[1]
    rest = await asyncio.start_server(_serve, everywhere[1:], port, backlog=64)
    print(port, flush=True)
    await rest.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
