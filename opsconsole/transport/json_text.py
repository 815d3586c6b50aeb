"""Read JSON from strangers: NaN, endless depth and huge numbers are bad replies, not crashes."""

import msgspec

from opsconsole.errors import ParseError

_SHOWN = 80


def decode_json(body: bytes, what: str = "reply") -> object:
    """Decode one JSON document into dicts, lists, str, int, float, bool and None.

    Args:
        body: The document, UTF-8.
        what: Names the reply in the error.

    Raises:
        ParseError: It is not JSON as RFC 8259 has it, or nested too deeply.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise ParseError(what, body[:_SHOWN].decode("utf-8", errors="replace")) from None
