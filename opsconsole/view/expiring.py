"""What ends soon, whatever it is, in one list by time."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.model.alert import Alert
from opsconsole.model.maintenance import WindowState
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.matchers import write_matchers
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, chosen
from opsconsole.view.census import Once
from opsconsole.view.naming import bare_name
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Column, Row, Table, Tone

WEEK: Final = 7 * 86_400.0
"""Seconds that the screen looks ahead."""
HOUR: Final = 3_600.0
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
    key: str = ""
    """The reference a screen opens for it: `silence:<id>`, `alert:<episode>`, `window:<id>`; may be empty."""


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
    where = f"{len(state.hosts)} host{'s' * (len(state.hosts) != 1)}"
    if state.window.services:
        where = ", ".join((*((where,) if state.hosts else ()), *state.window.services))
    return f"on, {fmt.age(state.ends - now)} left, {where}"


def _silences(snapshot: Snapshot) -> Iterable[Ending]:
    renewed = _mirrors.of(snapshot.alerts)  # they end with their ack
    for each in snapshot.silences.values():
        if each.state != "expired" and each.id not in renewed:
            yield Ending(
                each.ends,
                "silence",
                write_matchers(each.matchers),
                each.author,
                each.comment,
                f"silence:{each.id}",
            )


def _mirroring(alerts: Mapping[str, Alert]) -> frozenset[str]:
    acks = [alert.ack for alert in alerts.values() if alert.ack is not None]
    return frozenset(silence for ack in acks for silence in ack.silences)


_mirrors: Final = Once(_mirroring)


def _acks(snapshot: Snapshot) -> Iterable[Ending]:
    for alert in _acked.of(snapshot.alerts):
        if alert.ack is not None and alert.ack.until is not None:
            said = f"{alert.name}: {alert.ack.note}" if alert.ack.note else alert.name
            key = f"alert:{alert.episode}"
            yield Ending(alert.ack.until, "ack", alert.on, alert.ack.actor, said, key)


def _have_acks(alerts: Mapping[str, Alert]) -> tuple[Alert, ...]:
    return tuple(a for a in alerts.values() if a.ack is not None and a.is_firing)


_acked: Final = Once(_have_acks)


def _certificates(snapshot: Snapshot) -> Iterable[Ending]:
    checks = [
        (f"host:{check.host}" if check.host else "", check) for check in snapshot.checks.values()
    ]
    checks += [(f"service:{s.name}", c) for s in snapshot.services.values() for c in s.checks]
    for key, check in checks:
        left = check.metrics.get(_CERTIFICATE)
        if left is not None and check.at:
            yield Ending(check.at + left, "certificate", check.name, said=check.target, key=key)


def _windows(snapshot: Snapshot) -> Iterable[Ending]:
    for state in snapshot.windows.values():
        if state.is_on:
            where = state.window.on or ", ".join(state.window.services)
            window = state.window
            key = f"window:{window.id}"
            yield Ending(state.ends, "maintenance", where, window.actor, window.name, key)


def _access(snapshot: Snapshot) -> Iterable[Ending]:
    for freeze in snapshot.access.freezes:
        yield Ending(freeze.until, "freeze", freeze.scope, freeze.actor, freeze.reason)
    for unlock in snapshot.access.unlocks:
        yield Ending(unlock.until, "unlock", "changes", unlock.actor, unlock.reason)


_COLUMNS: Final = (
    Column("in", "IN", 5, right=True),
    Column("what", "WHAT", 11),
    Column("on", "ON", 22, flexible=True, sortable=False),
    Column("by", "BY", 8),
    Column("said", "SAID", 20, flexible=True, sortable=False),
)


def table(snapshot: Snapshot, now: float, width: int, options: ViewOptions) -> Table:
    """List for the screen what ends within a week; what is over, and what ends within the hour, stands out."""
    found = ending(snapshot, now, WEEK)
    columns = chosen(_COLUMNS, width)
    soon = sum(each.at - now < HOUR for each in found)
    title = f"Ends within a week {len(found)}" + (f" ({soon} within the hour)" if soon else "")
    return Table(
        columns=columns,
        rows=tuple(_row(each, nth, now, columns, options) for nth, each in enumerate(found)),
        title=cell(title, Tone.STRONG),
        hint=cell("what ends first on top", Tone.DIM),
        empty="Nothing ends within a week: no silence, ack, certificate, maintenance, freeze.",
    )


def _row(one: Ending, nth: int, now: float, columns: Sequence[Column], options: ViewOptions) -> Row:
    over, soon = one.at <= now, one.at - now < HOUR
    tone = Tone.CRITICAL if over else Tone.WARNING if soon else Tone.NORMAL
    cells = {
        "in": cell("over" if over else fmt.age(one.at - now), tone),
        "what": cell(one.kind),
        "on": cell(bare_name(one.on)),
        "by": cell(one.by or options.glyphs.none, Tone.ACCENT if one.by == options.me else Tone.NORMAL),
        "said": cell(one.said, Tone.DIM),
    }  # fmt: skip
    return Row(one.key or f"ending:{nth}", tuple(cells[column.id] for column in columns))


def soon_words(snapshot: Snapshot, me: str, now: float) -> str:
    """Say what of mine ends within the hour, the first of it: `silence ends 42m`; empty for nothing."""
    every = (*_silences(snapshot), *_acks(snapshot), *_windows(snapshot))
    mine = sorted(each.at for each in every if each.by == me and now < each.at <= now + HOUR)
    if not mine or not me:
        return ""
    first = min(each.kind for each in every if each.by == me and each.at == mine[0])
    return f"{first} ends {fmt.age(mine[0] - now)}" + (f" +{len(mine) - 1}" if mine[1:] else "")
