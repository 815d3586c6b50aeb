"""Say in one word and one sentence why an HTTP or TLS exchange failed."""

import errno
import ssl
from collections.abc import Iterator
from typing import Final, NamedTuple

from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.transport.http_answer import HttpFault

_SELF_SIGNED: Final = (18, 19)
_EXPIRED: Final = (9, 10)
_WRONG_NAME: Final = (62, 64)
"""X509_V_ERR_* of openssl's x509_vfy.h."""
_CERTIFICATE: Final = frozenset(
    {
        HttpFault.TLS_EXPIRED,
        HttpFault.TLS_SELF_SIGNED,
        HttpFault.TLS_WRONG_NAME,
        HttpFault.TLS_UNTRUSTED,
    }
)
_NO_ROUTE: Final = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN)
_AT: Final = {
    "dns": "name lookup",
    "connect": "connecting",
    "tls": "TLS handshake",
    "first_byte": "waiting for the reply",
    "transfer": "reading the reply",
}


class Fault(NamedTuple):
    """A word and a sentence."""

    word: HttpFault
    reason: str

    @property
    def is_certificate(self) -> bool:
        """Tell whether it was the certificate that we refused."""
        return self.word in _CERTIFICATE


def too_large(limit: int) -> Fault:
    """The body passed the cap."""
    return Fault(HttpFault.TOO_LARGE, f"reply is larger than {limit} bytes")


def judge(error: Exception, budget: float, phase: str) -> Fault:
    """Judge a failure by the whole chain behind it; the outermost error is often empty.

    Args:
        error: What was raised.
        budget: Seconds that were allowed in all.
        phase: What was under way, a word of Phases.
    """
    if isinstance(error, TimeoutError):
        if phase == "pool":
            return Fault(HttpFault.BUSY, "console busy: all of our connections to it are in use")
        return _timeout(budget, phase)
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError):
            return _tls(cause)
        if isinstance(cause, OSError) and cause.errno:
            return _os_error(cause, budget, phase)
    said = clean(str(error), LABEL_LIMIT) or type(error).__name__
    return Fault(HttpFault.BAD_REPLY, f"bad reply: {said}")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__


def _timeout(budget: float, phase: str) -> Fault:
    return Fault(HttpFault.TIMEOUT, f"no reply in {budget:g} s ({_AT.get(phase, phase)})")


def _os_error(error: OSError, budget: float, phase: str) -> Fault:
    said = clean(error.strerror or str(error), LABEL_LIMIT)
    if error.errno == errno.ECONNREFUSED:
        return Fault(HttpFault.REFUSED, "connection refused")
    if error.errno in _NO_ROUTE:
        return Fault(HttpFault.NO_ANSWER, f"no route: {said}")
    if error.errno == errno.ETIMEDOUT:
        return _timeout(budget, phase)
    if phase in ("dns", "connect"):
        return Fault(HttpFault.NO_ANSWER, f"cannot connect: {said}")
    return Fault(HttpFault.BAD_REPLY, f"bad reply: {said}")


def _tls(error: ssl.SSLError) -> Fault:
    if not isinstance(error, ssl.SSLCertVerificationError):
        reason = getattr(error, "reason", None)  # missing on one that was not made by OpenSSL
        if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
            return Fault(HttpFault.TLS, "does not speak TLS (a plain port?)")
        said = clean(reason or str(error), LABEL_LIMIT)
        return Fault(HttpFault.TLS, f"TLS handshake failed: {said}")
    said = clean(error.verify_message, LABEL_LIMIT)
    if error.verify_code in _EXPIRED:
        return Fault(HttpFault.TLS_EXPIRED, said)
    if error.verify_code in _SELF_SIGNED:
        return Fault(HttpFault.TLS_SELF_SIGNED, said)
    if error.verify_code in _WRONG_NAME:
        return Fault(HttpFault.TLS_WRONG_NAME, said)
    return Fault(HttpFault.TLS_UNTRUSTED, f"certificate not trusted: {said}")
