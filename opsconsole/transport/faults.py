"""Say in one word and one sentence why a login failed: the only place where raw SSH errors are judged."""

import errno
from enum import IntEnum
from typing import Final

import asyncssh

from opsconsole.errors import TransportError
from opsconsole.model.states import Reach
from opsconsole.model.text import LABEL_LIMIT, clean

_GREETING: Final = b"SSH-"
_KEPT: Final = 1_024


class Phase(IntEnum):
    """How far a login got."""

    QUEUED = 0
    RESOLVING = 1
    CONNECTING = 2
    ACCEPTED = 3
    GREETED = 4
    LOGGING_IN = 5
    IN = 6


class Trace:
    """What one login saw, kept so that its failure can be told apart from nine others."""

    def __init__(self, name: str, place: str, budget: float) -> None:
        self.name = name
        self.place = place
        """Address and port, for sentences."""
        self.budget = budget
        self.phase = Phase.QUEUED
        self.first = b""
        """The first bytes received."""
        self.uses_agent = False

    def received(self, data: bytes) -> None:
        """Note bytes from the far side; cheap once the greeting is over."""
        if self.phase >= Phase.GREETED:
            return
        self.first = (self.first + data)[:_KEPT]
        if self._greeting_line() is not None:
            self.phase = Phase.GREETED

    def _greeting_line(self) -> bytes | None:
        return next(
            (row for row in self.first.split(b"\n")[:-1] if row.startswith(_GREETING)), None
        )

    def fault(self, reach: Reach, reason: str) -> TransportError:
        """Make the error."""
        return TransportError(self.name, reach, reason)


def first_line(data: bytes) -> str:
    """Show the first line of what somebody said."""
    return clean(data.strip().split(b"\n", 1)[0].rstrip(b"\r"), 80)


def of_timeout(trace: Trace) -> TransportError:
    """Judge a login that did not end in time, by how far it got."""
    within = f"in {trace.budget:g} s"
    match trace.phase:
        case Phase.QUEUED:
            return trace.fault(Reach.SLOW, "waiting for its turn: too many logins are in flight")
        case Phase.RESOLVING:
            return trace.fault(Reach.DNS, f"name lookup did not answer {within}")
        case Phase.CONNECTING:
            return trace.fault(Reach.NO_ANSWER, f"no answer from {trace.place} {within}")
        case Phase.ACCEPTED:
            return _of_bad_greeting(trace, within)
        case Phase.GREETED:
            return trace.fault(
                Reach.SILENT, f"{trace.place} greets as SSH and then says nothing {within}"
            )
        case Phase.LOGGING_IN | Phase.IN:
            agent = "; the agent may be waiting for a person" if trace.uses_agent else ""
            return trace.fault(Reach.SLOW, f"login takes longer than {trace.budget:g} s{agent}")


def _of_bad_greeting(trace: Trace, within: str) -> TransportError:
    if not trace.first:
        return trace.fault(Reach.SILENT, f"{trace.place} accepts and says nothing {within}")
    said = first_line(trace.first)
    if trace.first.startswith(_GREETING) or _GREETING.startswith(trace.first):
        return trace.fault(Reach.SLOW, f"greeting drips: only {said!r} {within}")
    return trace.fault(Reach.NOT_SSH, f"not SSH: {said}")


def of_os_error(trace: Trace, error: OSError) -> TransportError:
    """Judge an error of the socket."""
    match error.errno:
        case errno.ECONNREFUSED:
            return trace.fault(Reach.REFUSED, f"{trace.place} refuses connections")
        case errno.EHOSTUNREACH | errno.ENETUNREACH | errno.EHOSTDOWN | errno.ENETDOWN:
            return trace.fault(Reach.NO_ANSWER, f"no route to {trace.place}")
        case errno.EMFILE | errno.ENFILE:
            return trace.fault(Reach.SLOW, "the console has no free file descriptors")
        case errno.EACCES | errno.EPERM:
            return trace.fault(Reach.NO_ANSWER, f"this machine may not connect to {trace.place}")
    if isinstance(error, TimeoutError) or error.errno == errno.ETIMEDOUT:
        return of_timeout(trace)
    return of_hang_up(trace)


def of_hang_up(trace: Trace) -> TransportError:
    """Judge a connection that the far side closed before we were in."""
    if trace.phase >= Phase.LOGGING_IN:
        return trace.fault(Reach.DROPPED_US, f"{trace.place} hung up during the login")
    if trace.phase == Phase.GREETED:
        return trace.fault(Reach.DROPPED_US, f"{trace.place} hung up during the key exchange")
    said = first_line(trace.first)
    if not said:
        return trace.fault(Reach.DROPPED_US, f"{trace.place} accepts and hangs up at once (busy?)")
    if "MaxStartups" in said:
        return trace.fault(Reach.DROPPED_US, f"{trace.place} is busy: {said}")
    return trace.fault(Reach.NOT_SSH, f"not SSH: {said}")


def of_disconnect(trace: Trace, error: asyncssh.DisconnectError) -> TransportError:
    """Judge an SSH-level end of a login; host keys are judged elsewhere."""
    said = clean(error.reason, LABEL_LIMIT)
    match error:
        case asyncssh.PermissionDenied():
            return trace.fault(Reach.AUTH_REFUSED, f"login refused: {said}")
        case asyncssh.KeyExchangeFailed():
            return trace.fault(Reach.NOT_SSH, f"no algorithm in common: {said}")
        case asyncssh.ProtocolNotSupported():
            return trace.fault(Reach.NOT_SSH, f"not SSH 2: {first_line(trace.first)}")
        case asyncssh.ConnectionLost():
            return of_hang_up(trace)
    if "authentication failures" in said:
        hint = "name its key with `identity:`"
        return trace.fault(Reach.AUTH_REFUSED, f"too many keys offered ({said}); {hint}")
    if trace.phase < Phase.GREETED:
        return trace.fault(Reach.NOT_SSH, f"not SSH: {first_line(trace.first) or said}")
    return trace.fault(Reach.DROPPED_US, f"{trace.place} ended the login: {said}")


def of_tunnel(trace: Trace, jump: str, error: asyncssh.ChannelOpenError) -> TransportError:
    """Judge what a jump host says of the way behind it."""
    said = clean(error.reason, LABEL_LIMIT)
    via = f"{trace.place} via {jump}"
    for words, reach in (
        ("refused", Reach.REFUSED),
        ("timed out", Reach.NO_ANSWER),
        ("No route", Reach.NO_ANSWER),
        ("unreachable", Reach.NO_ANSWER),
        ("not known", Reach.DNS),
        ("resolution", Reach.DNS),
    ):
        if words in said:
            return trace.fault(reach, f"{via}: {said}")
    if error.code == asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED:
        return trace.fault(Reach.VIA_DOWN, f"{jump} does not allow forwarding: {said}")
    return trace.fault(Reach.NO_ANSWER, f"{via}: {said}")
