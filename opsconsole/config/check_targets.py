"""The keys that name a check's kind, each with what it asks: `http: URL`, `dns: NAME`, `heartbeat: 26h`."""

import re
from typing import Final

from msgspec import Struct

from opsconsole.config import kinds
from opsconsole.config.fields import Field, Kind, list_of
from opsconsole.config.loader import Node, Scalar, Seq
from opsconsole.config.problems import Problems

RECORDS: Final = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")
_SPAN: Final = kinds.duration(1, 86400 * 366, "a time from 1s to a year")
_QUERY_LIMIT: Final = 4000


class Asked(Struct, frozen=True):
    """What the one key of a check says."""

    kind: str
    target: str = ""
    argv: tuple[str, ...] = ()
    span: float = 0.0


def _target(kind: str, text: Kind[str]) -> Kind[Asked]:
    def read(node: Node, problems: Problems) -> Asked | None:
        found = text.read(node, problems)
        return Asked(kind, found) if found else None

    return Kind(read, text.schema)


def _command() -> Kind[Asked]:
    words = list_of(kinds.text(4000), or_one=True)

    def read(node: Node, problems: Problems) -> Asked | None:
        argv = words.read(node, problems)
        if isinstance(node, Scalar) and argv and any(c in argv[0] for c in " \t\"'$|;&<>`"):
            problems.add(
                node.mark, "a command is a list of words, no shell reads it: [check_disk, -w, 10%]"
            )
            return None
        if isinstance(node, Seq) and not argv:
            problems.add(node.mark, "a command needs at least one word")
            return None
        return Asked("exec", argv=argv) if argv else None

    return Kind(read, words.schema)


def _span() -> Kind[Asked]:
    def read(node: Node, problems: Problems) -> Asked | None:
        seconds = _SPAN.read(node, problems)
        return Asked("heartbeat", span=seconds) if seconds else None

    return Kind(read, _SPAN.schema)


_DNS_NAME: Final = kinds.matching(re.compile(r"[A-Za-z0-9_*.-]{1,253}"), "a name to look up")

HTTP = Field("http", _target("http", kinds.url), "URL to GET.")
TCP = Field("tcp", _target("tcp", kinds.endpoint), "host:port that must accept a connection.")
TLS = Field("tls", _target("tls", kinds.endpoint), "host:port whose certificate is looked at.")
DNS = Field("dns", _target("dns", _DNS_NAME), "Name to look up.")
ICMP = Field("icmp", _target("icmp", kinds.pinged), "Host to ping.")
SSH = Field("ssh", _target("ssh", kinds.endpoint), "host:port that must speak SSH.")
EXEC = Field("exec", _command(), "A Nagios plugin or alike, as a list of words.")
PROM = Field(
    "prom", _target("prom", kinds.text(_QUERY_LIMIT)), "A PromQL expression, asked of `source`."
)
HEARTBEAT = Field("heartbeat", _span(), "Longest time between two heartbeats: 26h.")
PLUGIN = Field("plugin", _target("plugin", kinds.action), "A plugin's check: acme.pg-ready.")
TARGETS: Final = (HTTP, TCP, TLS, DNS, ICMP, SSH, EXEC, PROM, HEARTBEAT, PLUGIN)
