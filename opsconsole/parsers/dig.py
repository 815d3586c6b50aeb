"""What `dig +noall +comments +answer +stats` prints (dig(1))."""

import re
from typing import Final, NamedTuple

from opsconsole.errors import ParseError
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.parsers.reading import reads

_STATUS: Final = re.compile(r"^;; ->>HEADER<<-.*?status: ([A-Z]+),", re.MULTILINE)
_RECORD: Final = re.compile(r"^[^;\s]\S*\s+(\d{1,10})\s+IN\s+(\S+)\s+(.+)$", re.MULTILINE)
_TOOK: Final = re.compile(r"^;; Query time: (\d{1,9}) msec", re.MULTILINE)
_SERVER: Final = re.compile(r"^;; SERVER: (\S+?)#", re.MULTILINE)
_MOST: Final = 50


class Lookup(NamedTuple):
    """One answer of a name server."""

    rcode: str
    answers: tuple[str, ...]
    """Of the wanted type, sorted."""
    ttl: float | None
    took: float | None
    server: str


@reads("dig")
def parse_dig(text: bytes, record: str) -> Lookup:
    """Read dig's answer, keeping values of one type.

    Raises:
        ParseError: There is no answer in it.
    """
    said = text.decode("utf-8", errors="replace")
    status = _STATUS.search(said)
    if status is None:
        raise ParseError("dig", said[:80])
    rows = [row for row in _RECORD.findall(said) if row[1].upper() == record.upper()][:_MOST]
    took, server = _TOOK.search(said), _SERVER.search(said)
    return Lookup(
        rcode=status[1],
        answers=tuple(sorted(clean(value, LABEL_LIMIT) for _, _, value in rows)),
        ttl=float(min(int(ttl) for ttl, _, _ in rows)) if rows else None,
        took=int(took[1]) / 1000 if took else None,
        server=clean(server[1], LABEL_LIMIT) if server else "",
    )
