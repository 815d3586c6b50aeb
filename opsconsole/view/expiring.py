"""What ends soon, whatever it is, in one list by time."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from opsconsole.model.maintenance import WindowState
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.matchers import write_matchers
from opsconsole.view import format as fmt
from opsconsole.view.naming import bare_name

HEAD = ("IN", "WHAT", "ON", "BY", "SAID")
_CERTIFICATE = "cert.expires_in"


class Ending(Struct, frozen=True):
    """One thing that ends."""

    at: float
    """Epoch seconds."""
    kind: str
    """silence, ack, certificate, maintenance, freeze or unlock."""
    on: str
    by: str = ""
    said: str = ""


def ending(snapshot: Snapshot, now: float, within: float) -> tuple[Ending, ...]:
    """List what ends within so many seconds, the first on top; certificates that ended already come first."""
    every = (
        *_silences(snapshot),
        *_acks(snapshot),
        *_certificates(snapshot),
        *_windows(snapshot),
        *_access(snapshot),
    )
    found = [
        each
        for each in every
        if each.at <= now + within and (each.at > now or each.kind == "certificate")
    ]
    return tuple(sorted(found, key=lambda each: each.at))


def rows(found: Sequence[Ending], now: float) -> list[tuple[str, ...]]:
    """Lay them out as plain columns."""
    return [
        (
            fmt.age(each.at - now) if each.at > now else "over",
            each.kind,
            bare_name(each.on),
            each.by or "-",
            each.said,
        )
        for each in found
    ]


def window_words(state: WindowState, now: float) -> str:
    """Say where a window stands: `on, 42m left, 12 hosts`, `in 3h02 for 1h00`."""
    if not state.is_on:
        return f"in {fmt.age(state.begins - now)} for {fmt.age(state.ends - state.begins)}"
    where = f"{len(state.hosts)} hosts"
    if state.window.services:
        where = ", ".join((*((where,) if state.hosts else ()), *state.window.services))
    return f"on, {fmt.age(state.ends - now)} left, {where}"


def _silences(snapshot: Snapshot) -> Iterable[Ending]:
    for each in snapshot.silences.values():
        if each.state != "expired":
            yield Ending(
                each.ends, "silence", write_matchers(each.matchers), each.author, each.comment
            )


def _acks(snapshot: Snapshot) -> Iterable[Ending]:
    for alert in snapshot.alerts.values():
        if alert.is_firing and alert.ack is not None and alert.ack.until is not None:
            said = f"{alert.name}: {alert.ack.note}" if alert.ack.note else alert.name
            yield Ending(alert.ack.until, "ack", alert.on, alert.ack.actor, said)


def _certificates(snapshot: Snapshot) -> Iterable[Ending]:
    checks = [*snapshot.checks.values(), *(c for s in snapshot.services.values() for c in s.checks)]
    for check in checks:
        left = check.metrics.get(_CERTIFICATE)
        if left is not None and check.at:
            yield Ending(check.at + left, "certificate", check.name, said=check.target)


def _windows(snapshot: Snapshot) -> Iterable[Ending]:
    for state in snapshot.windows.values():
        if state.is_on:
            where = state.window.on or ", ".join(state.window.services)
            yield Ending(state.ends, "maintenance", where, state.window.actor, state.window.name)


def _access(snapshot: Snapshot) -> Iterable[Ending]:
    for freeze in snapshot.access.freezes:
        yield Ending(freeze.until, "freeze", freeze.scope, freeze.actor, freeze.reason)
    for unlock in snapshot.access.unlocks:
        yield Ending(unlock.until, "unlock", "changes", unlock.actor, unlock.reason)
