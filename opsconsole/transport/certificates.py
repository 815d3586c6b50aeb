"""TLS as we want it, and the end date of what the far side shows."""

import ssl
from typing import Protocol, runtime_checkable

from cryptography import x509


@runtime_checkable
class _Stream(Protocol):
    def get_extra_info(self, info: str) -> object: ...


def context_for(ca: str | None) -> ssl.SSLContext:
    """Make a context that trusts the system's authorities, or those of one PEM file alone.

    Raises:
        OSError: The file cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context(cafile=ca)
    context.hostname_checks_common_name = False  # a name in CN is no name: RFC 6125
    return context


def unchecked_context() -> ssl.SSLContext:
    """Make a context for looking at a certificate that was refused; nothing is ever asked through it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def expires_at(stream: object) -> float | None:
    """Read the end of the leaf certificate behind a transport or stream, epoch seconds; None on a plain one."""
    if not isinstance(stream, _Stream):
        return None
    tls = stream.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if isinstance(tls, ssl.SSLObject) else None
    if der is None:
        return None
    try:
        return x509.load_der_x509_certificate(der).not_valid_after_utc.timestamp()
    except ValueError:
        return None
