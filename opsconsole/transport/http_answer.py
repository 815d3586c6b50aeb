"""What is asked of an endpoint, and what came back: records that every room may know without loading a library."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from opsconsole.model.secret import Secret

BODY_LIMIT = 2 << 20
"""Bytes of a body that are read before we hang up, unless an endpoint asks for less."""


class HttpFault(StrEnum):
    """Why there is no usable reply; each has its own words on screen."""

    REFUSED = "refused"
    NO_ANSWER = "no-answer"
    DNS = "dns"
    TIMEOUT = "timeout"
    TLS_EXPIRED = "tls-expired"
    TLS_SELF_SIGNED = "tls-self-signed"
    TLS_WRONG_NAME = "tls-wrong-name"
    TLS_UNTRUSTED = "tls-untrusted"
    TLS = "tls"
    """Any other failure of the handshake, a plain port among them."""
    BUSY = "console-busy"
    """Our own pool was full: says nothing about the target."""
    BAD_REPLY = "bad-reply"
    TOO_LARGE = "too-large"
    NO_TOOL = "no-tool"
    """The host that was to ask has no program for it: says nothing about the target."""
    NOT_ALLOWED = "not-allowed"
    """This account may not ask so (no ICMP socket): says nothing about the target."""
    VIA_DOWN = "via-down"
    """The host that was to ask could not be reached: says nothing about the target."""


class CertFacts(Struct, frozen=True):
    """What a certificate and the chain it came with say of themselves; texts are cleaned."""

    expires_at: float
    """Epoch seconds."""
    chain_expires_at: float
    """The earliest end in the chain as shown, the leaf included."""
    issuer: str = ""
    """RFC 4514: `CN=R11,O=Let's Encrypt,C=US`."""
    san: tuple[str, ...] = ()
    """Names and addresses it is for."""


class Endpoint(Struct, frozen=True):
    """What to ask; equal connection settings (origin, ca, cert, key) share a client."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout: float = 10.0
    """Seconds for everything from the name lookup to the last byte."""
    ca: str | None = None
    """A PEM file to trust instead of the system's."""
    max_body: int = BODY_LIMIT
    cert: str | None = None
    """A PEM file with the certificate we show."""
    key: str | None = None
    """Its key's PEM file; None: the same file."""
    hidden: Mapping[str, Secret] = {}
    """More headers, whose values are never shown."""
    gzip: bool = False
    """True: a compressed reply is welcome; `max_body` counts what it unfolds to."""


class HttpAnswer(Struct, frozen=True):
    """One reply, or why there is none; a status of 500 is a reply."""

    status: int | None = None
    headers: Mapping[str, str] = {}
    """Names in lower case; the first value of each, cleaned."""
    body: bytes = b""
    phases: Mapping[str, float] = {}
    """Seconds of dns, connect, tls, first_byte, transfer; a kept connection has only the last two."""
    took: float = 0.0
    cert_expires_at: float | None = None
    """Epoch seconds; None on a plain endpoint."""
    cert: CertFacts | None = None
    """None also where the certificate was refused."""
    fault: HttpFault | None = None
    reason: str = ""
    """A sentence for people; empty when a reply came."""
    ip: str = ""
    """The address that answered."""
    redirect: str = ""
    """Where the reply wanted to send us; never followed."""
    sent: bool = True
    """False: it failed on the way there, and nothing of the request was sent."""


class ProbeAnswer(Struct, frozen=True):
    """What a bare TCP or TLS connection saw."""

    phases: Mapping[str, float] = {}
    """Seconds of dns, connect, tls."""
    took: float = 0.0
    cert_expires_at: float | None = None
    cert: CertFacts | None = None
    ip: str = ""
    """The address that answered."""
    banner: str = ""
    """The first line an SSH server says: `SSH-2.0-OpenSSH_9.2p1`."""
    fault: HttpFault | None = None
    reason: str = ""


class DnsQuestion(Struct, frozen=True):
    """What to ask a name server."""

    name: str
    record: str = "A"
    server: str = ""
    """`host`, `host:port` or `[v6]:port`; empty: the system's first one."""


class DnsAnswer(Struct, frozen=True):
    """What a name server said; NXDOMAIN is an answer."""

    rcode: str = ""
    """NOERROR, NXDOMAIN, SERVFAIL, ...; empty: no answer."""
    answers: tuple[str, ...] = ()
    """Values of the wanted type, as zone files write them."""
    ttl: float | None = None
    """Seconds; the least of them."""
    took: float = 0.0
    server: str = ""
    fault: HttpFault | None = None
    reason: str = ""


class PingAnswer(Struct, frozen=True):
    """What some echo requests came to; all of them lost is an answer."""

    sent: int = 0
    received: int = 0
    rtt: float | None = None
    """Mean seconds of those that came back."""
    rtt_max: float | None = None
    took: float = 0.0
    fault: HttpFault | None = None
    reason: str = ""

    @property
    def loss(self) -> float:
        """Share that did not come back, 0 to 1."""
        return 1 - self.received / self.sent if self.sent else 1.0
