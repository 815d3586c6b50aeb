"""What is asked of an endpoint, and what came back: records that every room may know without loading a library."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

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


class Endpoint(Struct, frozen=True):
    """What to ask; equal connection settings (origin, ca) share a client."""

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = {}
    body: bytes = b""
    timeout: float = 10.0
    """Seconds for everything from the name lookup to the last byte."""
    ca: str | None = None
    """A PEM file to trust instead of the system's."""
    max_body: int = BODY_LIMIT


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
    fault: HttpFault | None = None
    reason: str = ""
    """A sentence for people; empty when a reply came."""
    redirect: str = ""
    """Where the reply wanted to send us; never followed."""


class ProbeAnswer(Struct, frozen=True):
    """What a bare TCP or TLS connection saw."""

    phases: Mapping[str, float] = {}
    """Seconds of dns, connect, tls."""
    took: float = 0.0
    cert_expires_at: float | None = None
    fault: HttpFault | None = None
    reason: str = ""
