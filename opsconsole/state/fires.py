"""How alerts reach the snapshot: with what people put on them, counted on hosts and services, and told."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import structs

from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.states import AlertState
from opsconsole.state.hosts import settled
from opsconsole.state.world import Marks, World, tell, with_tables

OLD_NEWS: Final = 600.0
"""A fire that began longer ago than this when we first saw it is no event: it did not happen now."""
_LET_GO: Final = "was not heard of for days and is let go; nobody said that it is over"
_NOBODY: Final = Marks()


def with_alerts(world: World, alerts: Mapping[str, Alert], now: float) -> World:
    """Take the alerts as alerting has them now, by episode; those no longer given are gone."""
    if alerts is world.raw:
        return world
    old = world.snapshot.alerts
    shown = {}
    for episode, alert in alerts.items():
        before = old.get(episode)
        if before is None or world.raw.get(episode) is not alert:
            shown[episode] = _kept(before, marked(alert, world.marks.get(episode, _NOBODY)))
        else:
            shown[episode] = before
    world = structs.replace(world, raw=alerts, marks=_living(world, shown))
    world = with_tables(world, alerts=shown)
    world = _counted(world, {alert.on for table in (old, shown) for alert in table.values()}, now)
    return tell(world, *_events(old, shown, now))


def marked(alert: Alert, marks: Marks) -> Alert:
    """Put people's marks on an alert as alerting gave it; what mirrors its ack does not hide it."""
    put = {name: getattr(marks, name) for name in ("owner", "ack", "notes", "escalated")}
    if marks.ack is not None and marks.ack.silences:
        mirrors = {f"silence:{each}" for each in marks.ack.silences}
        put["suppressed_by"] = tuple(why for why in alert.suppressed_by if why not in mirrors)
    if all(getattr(alert, name) == value for name, value in put.items()):
        return alert
    return structs.replace(alert, **put)


def with_marks(world: World, marks: Mapping[str, Marks]) -> World:
    """Replace the marks of some episodes, shown or not yet shown again."""
    alerts = dict(world.snapshot.alerts)
    for episode, mark in marks.items():
        if episode in alerts:
            alerts[episode] = marked(world.raw.get(episode, alerts[episode]), mark)
    world = structs.replace(world, marks={**world.marks, **marks})
    return with_tables(world, alerts=alerts)


def _kept(old: Alert | None, new: Alert) -> Alert:
    return old if old is not None and old == new else new


def _living(world: World, shown: Mapping[str, Alert]) -> Mapping[str, Marks]:
    """Forget marks of episodes that were shown and are gone; restored ones wait to be seen again."""
    gone = [episode for episode in world.snapshot.alerts if episode not in shown]
    if not any(episode in world.marks for episode in gone):
        return world.marks
    ended = {e for e in gone if world.snapshot.alerts[e].state is AlertState.RESOLVED}
    return {episode: marks for episode, marks in world.marks.items() if episode not in ended}


def _counted(world: World, refs: Iterable[str], now: float) -> World:
    """Put counts and the worst severity of unsuppressed fires on the rows they are on."""
    counts: Counter[str] = Counter()
    worst: dict[str, str] = {}
    for alert in world.snapshot.alerts.values():
        if alert.is_firing and not alert.is_muted and alert.severity != "info":
            counts[alert.on] += 1
            if worst.get(alert.on) != "critical":
                worst[alert.on] = str(alert.severity)
    hosts, services = dict(world.snapshot.hosts), dict(world.snapshot.services)
    for ref in refs:
        kind, _, name = ref.partition(":")
        count, bad = counts[ref], worst.get(ref, "")
        if (
            kind == "host"
            and (host := hosts.get(name))
            and (host.alerts, host.worst) != (count, bad)
        ):
            hosts[name] = settled(structs.replace(host, alerts=count, worst=bad), now)
        if (
            kind == "service"
            and (row := services.get(name))
            and (row.alerts, row.worst) != (count, bad)
        ):
            services[name] = structs.replace(row, alerts=count, worst=bad)
    return with_tables(world, hosts=hosts, services=services)


def _events(old: Mapping[str, Alert], new: Mapping[str, Alert], now: float) -> Iterable[Event]:
    for episode, alert in new.items():
        before = old.get(episode)
        if before is alert or alert.suppressed_by:
            continue
        if alert.is_firing and (before is None or not before.is_firing):
            if now - alert.since <= OLD_NEWS:
                yield _event(alert, "fired", str(alert.severity), now)
        elif alert.is_firing and before is not None and before.severity != alert.severity:
            yield _event(alert, "fired", str(alert.severity), now)
        elif alert.state is AlertState.RESOLVED and before is not None and before.is_firing:
            kind, severity = ("let-go", "unknown") if alert.is_let_go else ("resolved", "ok")
            yield _event(alert, kind, severity, now)


def _event(alert: Alert, kind: str, severity: str, now: float) -> Event:
    text = {"resolved": alert.name, "let-go": f"{alert.name} {_LET_GO}"}.get(kind)
    text = text or f"{alert.name} {alert.summary}".rstrip()
    return Event(
        id=0,
        at=now,
        actor="engine" if alert.source == "rules" else alert.source,
        kind=kind,
        subject=alert.on,
        text=text,
        severity=severity,
        data={"episode": alert.episode, "alert": alert.name},
    )
