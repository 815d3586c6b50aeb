"""The conversation with a resident loop: one line out, one framed answer back, whatever carries the bytes."""

import asyncio
import secrets
from collections.abc import Callable

_MARK = b"\x1e"


def new_nonce() -> str:
    """Draw the word that nobody else can have written: 16 hex digits."""
    return secrets.token_hex(8)


def start_mark(nonce: str) -> bytes:
    """The line the bootstrap writes first; what stands before it is the login shell's."""
    return _MARK + nonce.encode() + b"\n"


def end_mark(nonce: str) -> bytes:
    """The line that ends a round's answer."""
    return _MARK + nonce.encode() + b" end\n"


def question(nonce: str) -> bytes:
    """The line that asks for a round."""
    return f"{nonce}\n".encode()


class Rounds:
    """Frames the answers of one loop; bytes are fed in as they come.

    Args:
        hang_up: Closes what carries the bytes.
        begin: The loop's first words, which belong to no answer, nor does anything before them.
    """

    def __init__(self, hang_up: Callable[[], None], begin: bytes = b"") -> None:
        self._hang_up = hang_up
        self._before = [begin] if begin else []
        """Marks of what comes before the answer and is no part of it."""
        self._buffer = bytearray()
        self._end = b""
        """The mark that is waited for; empty when no answer is owed."""
        self._cap = 0
        self._answer: asyncio.Future[bytes] | None = None
        self.is_over = False

    def expect(self, nonce: str, cap: int) -> "asyncio.Future[bytes]":
        """Wait for the answer to a nonce; one that comes late for an older round is dropped.

        The future yields the bytes up to and with the end line, or raises EOFError (the loop ended) or
        BufferError (more bytes than `cap`; we hung up).
        """
        if self._end:
            self._before.append(self._end)
        self._end = end_mark(nonce)
        self._cap = cap
        self._answer = asyncio.get_running_loop().create_future()
        if self.is_over:
            self._fail(EOFError())
        return self._answer

    def feed(self, data: bytes) -> None:
        """Take bytes of stdout."""
        if not self._end or self.is_over:
            return
        searched = max(0, len(self._buffer) - len(self._end))
        self._buffer += data
        place = self._buffer.find(self._end, searched)
        if place >= 0:
            self._finish(place + len(self._end))
        elif len(self._buffer) > self._cap:
            self._fail(BufferError())
            self.stop()

    def _finish(self, last: int) -> None:
        first = max((self._behind(mark) for mark in self._before), default=0)
        answer = bytes(self._buffer[first:last])
        self._buffer.clear()
        self._before.clear()
        self._end = b""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)
        self._answer = (
            None  # who asked has it; a host that is asked each minute need not keep it twice
        )

    def _behind(self, mark: bytes) -> int:
        place = self._buffer.find(mark)
        return place + len(mark) if place >= 0 else 0

    def ended(self) -> None:
        """The loop is over, on whichever side it broke."""
        self.is_over = True
        self._fail(EOFError())

    def stop(self) -> None:
        """End the loop."""
        self.is_over = True
        self._hang_up()

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
            self._answer.exception()  # nobody may be waiting any more
