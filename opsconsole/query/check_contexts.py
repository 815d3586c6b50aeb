"""The names that a check's `must` and `should` may ask for, a table for each kind of check."""

from collections.abc import Mapping
from typing import Final

from opsconsole.query.fields import Context, Field, Kind, context
from opsconsole.query.functions import GENERAL, STATISTICS

_NOW: Final = Field("now", Kind.NUMBER, "epoch seconds")
_LATENCY: Final = Field("latency", Kind.SECONDS, "time of the whole answer")
_CERT: Final = (
    Field("cert.expires_in", Kind.SECONDS, "until the certificate ends"),
    Field("cert.chain_expires_in", Kind.SECONDS, "until the first of its chain ends"),
    Field("cert.issuer", title="who signed it: CN=R11,O=Let's Encrypt,C=US"),
    Field("cert.san", Kind.LIST, "the names and addresses it is for"),
)
_ANSWER: Final = (
    Field("connected", Kind.TRUTH, "whether the connection was made"),
    Field("ip", title="the address that was asked"),
    _LATENCY,
    Field("phases.*", Kind.SECONDS, "dns, connect, tls, first_byte, transfer"),
)
_PROGRAM: Final = (
    Field("latency", Kind.SECONDS, "time it took"),
    Field("perf.*", Kind.NUMBER, "one value of its performance data"),
)
_RCODES: Final = (
    "NOERROR", "NXDOMAIN", "REFUSED", "SERVFAIL", "FORMERR", "NOTIMP", "YXDOMAIN", "NOTAUTH",
)  # fmt: skip
_FUNCTIONS: Final = GENERAL | STATISTICS


def _check(kind: str, *fields: Field) -> Context:
    return context(f"{kind} check", (*fields, _NOW), _FUNCTIONS)


CHECKS: Final[Mapping[str, Context]] = {
    "http": _check(
        "http",
        *_ANSWER,
        *_CERT,
        Field("status", Kind.NUMBER, "the HTTP status"),
        Field("body", title="the body as text; body.$.path reads it as JSON"),
        Field("size", Kind.BYTES, "of the body"),
        Field("headers.*", title="one header, in lower case"),
    ),
    "tcp": _check("tcp", *_ANSWER),
    "tls": _check("tls", *_ANSWER, *_CERT),
    "ssh": _check(
        "ssh",
        *_ANSWER,
        Field("banner", title="what the server says first: SSH-2.0-OpenSSH_9.2p1"),
        Field("software", title="the part of the banner that names the program"),
    ),
    "dns": _check(
        "dns",
        Field("rcode", Kind.WORD, "the answer's code", _RCODES),
        Field("answers", Kind.LIST, "values of the wanted type"),
        Field("ttl", Kind.SECONDS, "the least of them"),
        Field("server", title="the name server that was asked"),
        _LATENCY,
    ),
    "icmp": _check(
        "icmp",
        Field("loss", Kind.RATIO, "share of echoes that did not come back"),
        Field("rtt", Kind.SECONDS, "mean time of those that did"),
        Field("rtt_max", Kind.SECONDS, "the slowest of them"),
        Field("latency", alias_of="rtt"),
        Field("connected", Kind.TRUTH, "whether any came back"),
    ),
    "exec": _check(
        "exec",
        *_PROGRAM,
        Field("code", Kind.NUMBER, "the exit status"),
        Field("output", title="what it wrote; output.$.path reads it as JSON"),
    ),
    "prom": _check(
        "prom",
        Field("value", Kind.NUMBER, "the first series' value"),
        Field("values", Kind.LIST, "every series' value"),
        Field("series", Kind.NUMBER, "how many series there are"),
        Field("labels.*", title="one label of the first series"),
        _LATENCY,
    ),
    "plugin": _check("plugin", *_PROGRAM, Field("output", title="what it said")),
    "heartbeat": _check(
        "heartbeat",
        Field("heard", Kind.TRUTH, "whether it was ever heard"),
        Field("heard_ago", Kind.SECONDS, "since it was heard"),
    ),
}
"""By check kind."""
