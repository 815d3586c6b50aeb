"""TLS as we want it, and what the certificates of the far side say."""

import re
import ssl
from collections.abc import Iterable
from typing import Final, Protocol, runtime_checkable

from cryptography import x509

from opsconsole.model.text import LABEL_LIMIT, NAME_LIMIT, clean
from opsconsole.transport.http_answer import CertFacts

_MOST_NAMES: Final = 100
_PEM: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,20000}-----END CERTIFICATE-----"
)
_MOST_CERTIFICATES: Final = 20
_DER: Final = 2
"""`_ssl.ENCODING_DER`."""


@runtime_checkable
class _Stream(Protocol):
    def get_extra_info(self, info: str) -> object: ...


def context_for(ca: str | None, cert: str | None = None, key: str | None = None) -> ssl.SSLContext:
    """Make a context that trusts the system's authorities, or those of one PEM file alone.

    Args:
        ca: PEM file of the authorities; None: the system's.
        cert: PEM file of the certificate we show; None: none.
        key: PEM file of its key; None: it is in `cert`. A key that wants a passphrase is refused.

    Raises:
        OSError: A file cannot be read, or does not hold what it should.
    """
    context = ssl.create_default_context(cafile=ca)
    context.hostname_checks_common_name = False  # a name in CN is no name: RFC 6125
    if cert is not None:
        context.load_cert_chain(cert, key, password=lambda: "")  # never a question on the terminal
    return context


def unchecked_context() -> ssl.SSLContext:
    """Make a context for looking at a certificate that was refused; nothing is ever asked through it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def expires_at(stream: object) -> float | None:
    """Read the end of the leaf certificate behind a transport or stream, epoch seconds; None on a plain one."""
    facts = facts_of(stream)
    return None if facts is None else facts.expires_at


def facts_of(stream: object) -> CertFacts | None:
    """Read what a transport's or stream's certificate and its chain say; None on a plain one."""
    if not isinstance(stream, _Stream):
        return None
    tls = stream.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if isinstance(tls, ssl.SSLObject) else None
    if der is None:
        return None
    try:
        leaf = x509.load_der_x509_certificate(der)
        return _facts(leaf, _shown_chain(tls))
    except ValueError:
        return None


def _facts(leaf: x509.Certificate, others: Iterable[x509.Certificate]) -> CertFacts:
    return CertFacts(
        expires_at=end_of(leaf),
        chain_expires_at=min([end_of(leaf), *map(end_of, others)]),
        issuer=clean(leaf.issuer.rfc4514_string(), LABEL_LIMIT),
        san=tuple(clean(name, NAME_LIMIT) for name in _names(leaf)),
    )


def end_of(certificate: x509.Certificate) -> float:
    """Give a certificate's end, epoch seconds."""
    return certificate.not_valid_after_utc.timestamp()


def _names(leaf: x509.Certificate) -> Iterable[str]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension):
        return ()
    names = found.get_values_for_type(x509.DNSName)
    addresses = found.get_values_for_type(x509.IPAddress)
    return [*names, *map(str, addresses)][:_MOST_NAMES]


def _shown_chain(tls: object) -> Iterable[x509.Certificate]:
    """Give the chain as the far side sent it; the call is public since Python 3.13, and there since 3.10."""
    chain = getattr(tls, "get_unverified_chain", None)
    inner = getattr(getattr(tls, "_sslobj", None), "get_unverified_chain", None)
    found = chain() if chain is not None else inner() if inner is not None else None
    for each in found or ():
        der = each if isinstance(each, bytes) else each.public_bytes(_DER)
        yield x509.load_der_x509_certificate(der)


def facts_of_pem(text: bytes) -> CertFacts | None:
    """Read the certificates that a text holds between others, the leaf first; None when there is none."""
    blocks = _PEM.findall(text)[:_MOST_CERTIFICATES]
    try:
        chain = [x509.load_pem_x509_certificate(block) for block in blocks]
        return _facts(chain[0], chain[1:]) if chain else None
    except ValueError:
        return None
