"""An incident's page: what happened between its begin and its end, in order, and what may have helped."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.alerting.response import Response, respond
from opsconsole.model.episode import Episode
from opsconsole.model.event import Event
from opsconsole.model.incident import Incident
from opsconsole.model.run import Run
from opsconsole.model.states import Effect

BEFORE: Final = 1_800.0
"""Seconds before the opening that belong to it."""
_ALWAYS: Final = ("deploy", "freeze", "config")
"""Events that belong to it whatever they are on."""


class Moment(Struct, frozen=True):
    """One line of a timeline."""

    at: float
    actor: str
    kind: str
    on: str
    text: str
    severity: str = ""


class IncidentPage(Struct, frozen=True):
    """An incident with what history has of it."""

    incident: Incident
    timeline: tuple[Moment, ...]
    """Oldest first."""
    fires: tuple[Episode, ...]
    runs: tuple[Run, ...]
    """Those that changed something on what it is about, oldest first."""
    response: Response


def span_of(incident: Incident, now: float) -> tuple[float, float]:
    """Say from when to when its timeline goes (epoch seconds)."""
    begin = min(incident.opened - BEFORE, incident.began)
    return begin, incident.closed if incident.closed is not None else now


def page(
    incident: Incident,
    episodes: Sequence[Episode],
    events: Iterable[Event],
    runs: Iterable[Run],
    now: float,
) -> IncidentPage:
    """Put it together from what history and the snapshot have of its span."""
    since, until = span_of(incident, now)
    fires = tuple(
        each
        for each in sorted(episodes, key=lambda one: one.fired_at)
        if (each.episode in incident.alerts or each.on in incident.on) and each.fired_at <= until
    )
    bare = {each.partition(":")[2] or each for each in incident.on}
    wrote = tuple(
        run
        for run in sorted(runs, key=lambda one: one.at)
        if since <= run.at <= until
        and run.effect is not Effect.READ
        and any(target.name in bare for target in run.targets)
    )
    told = [
        Moment(event.at, event.actor, event.kind, event.subject, event.text, event.severity)
        for event in events
        if since <= event.at <= until and _belongs(event, incident, fires)
    ]
    return IncidentPage(
        incident=incident,
        timeline=tuple(sorted(told, key=lambda moment: moment.at)),
        fires=fires,
        runs=wrote,
        response=respond(fires),
    )


def _belongs(event: Event, incident: Incident, fires: Sequence[Episode]) -> bool:
    if event.kind == "incident":
        return event.data.get("incident") == incident.id
    if event.kind in _ALWAYS or event.subject in incident.on:
        return True
    episode = event.data.get("episode", "")
    return bool(episode) and any(each.episode == episode for each in fires)
