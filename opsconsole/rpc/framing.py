"""Frames: a 4-byte big-endian length, then one MessagePack record; too long or too short ends the peer."""

import asyncio
import struct
from typing import Final

import msgspec

from opsconsole.errors import RpcError
from opsconsole.rpc.messages import CLIENT_FRAME_LIMIT, SERVER_FRAME_LIMIT, FromClient, FromServer

_LENGTH: Final = struct.Struct(">I")
_ENCODER: Final = msgspec.msgpack.Encoder()
_FROM_CLIENT: Final[msgspec.msgpack.Decoder[FromClient]] = msgspec.msgpack.Decoder(FromClient)
_FROM_SERVER: Final[msgspec.msgpack.Decoder[FromServer]] = msgspec.msgpack.Decoder(FromServer)


def encode(frame: msgspec.Struct) -> bytes:
    """Encode one record with its length in front.

    Raises:
        RpcError: It is longer than any side accepts, or holds text that is no Unicode.
    """
    try:
        body = _ENCODER.encode(frame)
    except UnicodeEncodeError as error:
        raise RpcError(f"a frame cannot be sent: {error.reason}") from error
    if len(body) > SERVER_FRAME_LIMIT:
        raise RpcError(f"a frame of {len(body)} bytes is longer than {SERVER_FRAME_LIMIT}")
    return _LENGTH.pack(len(body)) + body


async def read_from_client(reader: asyncio.StreamReader) -> FromClient | None:
    """Read what a client sent; None when it hung up between frames.

    Raises:
        RpcError: The frame is too long, cut short, or not one of ours.
    """
    body = await _read_body(reader, CLIENT_FRAME_LIMIT)
    if body is None:
        return None
    try:
        return _FROM_CLIENT.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RpcError(f"not a frame of ours: {error}") from error


async def read_from_server(reader: asyncio.StreamReader) -> FromServer | None:
    """Read what the engine sent; None when it hung up between frames.

    Raises:
        RpcError: The frame is too long, cut short, or not one of ours.
    """
    body = await _read_body(reader, SERVER_FRAME_LIMIT)
    if body is None:
        return None
    try:
        return _FROM_SERVER.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise RpcError(f"not a frame of ours: {error}") from error


async def _read_body(reader: asyncio.StreamReader, limit: int) -> bytes | None:
    try:
        head = await reader.readexactly(_LENGTH.size)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise RpcError("a frame was cut short in its length") from None
        return None
    except OSError:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > limit:
        raise RpcError(f"a frame of {length} bytes is longer than {limit}")
    try:
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError):
        raise RpcError(f"a frame of {length} bytes was cut short") from None
