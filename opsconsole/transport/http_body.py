"""Read a reply's body up to a cap; a compressed one is unfolded piece by piece, so that no bomb goes off."""

import zlib
from typing import Final

import httpx

from opsconsole.model.text import clean
from opsconsole.transport.http_answer import HttpFault
from opsconsole.transport.http_faults import Fault, too_large

ACCEPTED: Final = {False: "identity", True: "gzip"}
_CHUNK: Final = 1 << 16
_GZIP: Final = 16 + zlib.MAX_WBITS


async def read_body(
    response: httpx.Response, limit: int, *, gzip: bool
) -> tuple[bytes, Fault | None]:
    """Read a body, and say why it is not whole.

    Args:
        response: A reply whose body was not read yet.
        limit: Bytes that are kept, counted after unfolding.
        gzip: Whether compression was offered.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "gzip" and gzip:
        return await _unfold(response, limit)
    if encoding not in ("", "identity"):
        said = clean(encoding, 40)
        return b"", Fault(HttpFault.BAD_REPLY, f"bad reply: encoded as {said}, though asked not to")
    body = bytearray()
    async for chunk in response.aiter_raw(_CHUNK):
        body += chunk
        if len(body) > limit:
            return bytes(body[:limit]), too_large(limit)
    return bytes(body), None


async def _unfold(response: httpx.Response, limit: int) -> tuple[bytes, Fault | None]:
    unfolder = zlib.decompressobj(_GZIP)
    body = bytearray()
    try:
        async for chunk in response.aiter_raw(_CHUNK):
            while chunk:
                body += unfolder.decompress(chunk, _CHUNK)
                chunk = unfolder.unconsumed_tail
                if len(body) > limit:
                    return bytes(body[:limit]), too_large(limit)
        body += unfolder.flush()
    except zlib.error as error:
        return bytes(body), Fault(HttpFault.BAD_REPLY, f"bad reply: not gzip: {error}")
    if not unfolder.eof:
        return bytes(body), Fault(HttpFault.BAD_REPLY, "bad reply: compressed, and cut short")
    return bytes(body), None
