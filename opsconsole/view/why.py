"""Why a fire is as it is, in one line: what held for how long, why it makes noise or not, and until when."""

from collections.abc import Iterator, Mapping

from opsconsole.model.alert import FLAPPING, Ack, Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState, Freshness, Severity
from opsconsole.query.environments import owner_of
from opsconsole.view import format as fmt
from opsconsole.view.naming import bare_name

_BETWEEN = " · "


def why(
    snapshot: Snapshot,
    alert: Alert,
    now: float,
    *,
    until: Mapping[str, float] = {},
    style: str = "utc",
) -> str:
    """Explain a fire.

    Args:
        snapshot: Where the other fires are, for those that inhibit it.
        alert: The fire.
        now: Epoch seconds.
        until: When a reason of `suppressed_by` ends, where more is known than the snapshot says.
        style: Zone of times of day, `utc` or `local`.

    Returns:
        `firing 14m · for 5m met · quiet: inhibited by HostDown/db1 · ...`.
    """
    return _BETWEEN.join(filter(None, _parts(snapshot, alert, now, until, style)))


def _parts(
    snapshot: Snapshot,
    alert: Alert,
    now: float,
    until: Mapping[str, float],
    style: str,
) -> Iterator[str]:
    yield _standing(alert, now)
    if alert.hold and alert.is_firing:
        yield f"for {fmt.age(alert.hold)} met"
    if alert.state is AlertState.RESOLVED:
        return
    until = {**ends_of(snapshot, alert), **until}
    reasons = [_reason(snapshot, one, alert, until.get(one), now, style)
               for one in alert.suppressed_by]  # fmt: skip
    yield f"quiet: {', '.join(reasons)}" if reasons else _loudness(alert, now, style)
    yield _belief(alert, now)
    if alert.receivers:
        yield f"route {', '.join(alert.receivers[:3])}"


def ends_of(snapshot: Snapshot, alert: Alert) -> Mapping[str, float]:
    """Say when the reasons that keep a fire quiet end, where that is known (epoch seconds)."""
    windows = {s.window.name: s.ends for s in snapshot.windows.values() if s.is_on}
    found: dict[str, float] = {}
    for reason in alert.suppressed_by:
        kind, _, name = reason.partition(":")
        silence = snapshot.silences.get(name) if kind == "silence" else None
        if silence is not None:
            found[reason] = silence.ends
        elif kind == "maintenance" and name in windows:
            found[reason] = windows[name]
    return found


def _standing(alert: Alert, now: float) -> str:
    match alert.state:
        case AlertState.RECOVERING if alert.over_at is not None:
            left = fmt.age(alert.over_at - now)
            return (
                f"clear again, over in {left} if it stays so, firing {fmt.age(now - alert.since)}"
            )
        case AlertState.RECOVERING:
            return f"clear again, not yet for long, firing {fmt.age(now - alert.since)}"
        case AlertState.RESOLVED if alert.is_let_go:
            return "let go: not heard of for days, and nobody said that it is over"
        case AlertState.RESOLVED:
            return f"over {fmt.age(now - alert.since)} ago, shown for 15m"
        case _:
            return f"{alert.state} {fmt.age(now - alert.since)}"


def _loudness(alert: Alert, now: float, style: str) -> str:
    owner = owner_of(alert)
    if alert.severity is Severity.INFO:
        return "quiet: only worth knowing"
    if owner is None:
        return "calls: nobody has it"
    ack = alert.ack
    ends = ack.until if alert.owner is None and ack is not None else None
    until = f" until {fmt.moment(ends, now, style)}" if ends else ""
    mirrored = f", {mirror_words(ack)}" if ack is not None and ack.mirror else ""
    return f"quiet: {owner} has it{until}{mirrored}"


def mirror_words(ack: Ack) -> str:
    """Say what an ack does in its Alertmanagers, where it is to be mirrored."""
    if not ack.silences:
        return "not silenced yet in its Alertmanager"
    return f"silenced with the ack ({', '.join(each[:8] for each in ack.silences)})"


def _reason(
    snapshot: Snapshot, reason: str, alert: Alert, ends: float | None, now: float, style: str
) -> str:
    kind, _, name = reason.partition(":")
    words = {
        "silence": f"silenced by {name[:8]}",
        "inhibited": f"inhibited by {_fire(snapshot, name)}",
        "muted": f"muted in {name}",
        "maintenance": f"maintenance {name}",
        "depends": f"follows {name}",
        FLAPPING: f"flapping, {alert.flap:.0f}% of its last looks differ",
    }.get(kind, reason)
    return words + (f" until {fmt.moment(ends, now, style)}" if ends is not None else "")


def _fire(snapshot: Snapshot, fingerprint: str) -> str:
    for alert in snapshot.alerts.values():
        if alert.fingerprint == fingerprint:
            return f"{alert.name}/{bare_name(alert.on)}" if alert.on else alert.name
    return fingerprint[:8]


def _belief(alert: Alert, now: float) -> str:
    """Say how far it may be believed; nothing where it is fresh and about the thing itself."""
    if alert.freshness is Freshness.UNCONFIRMED:
        return "unconfirmed: nobody told of it since a restart"
    if alert.freshness is Freshness.STALE:
        return f"stale: last confirmed {fmt.age(now - alert.seen_at)} ago, and not looking ends nothing"
    return "about our view, not about the thing itself" if alert.no_data else ""
