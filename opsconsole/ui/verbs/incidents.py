"""On incidents: open, note, lead, stable, close. The engine keeps them; the command line has the same."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opsconsole.commands.line import Invocation
from opsconsole.model.incident import Incident
from opsconsole.model.incident_calls import (
    CloseIncident,
    IncidentOpened,
    NoteIncident,
    OpenIncident,
    SetIncident,
)
from opsconsole.ui.places import Place
from opsconsole.ui.screens.menu import Item, Menu
from opsconsole.ui.verbs.meant import fires_meant, tell
from opsconsole.ui.verbs.verb import Verb
from opsconsole.view.cells import cell
from opsconsole.view.rows import Tone

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main

_CHANGES: Final = (
    ("active", "a", "active: it does harm"),
    ("stable", "s", "stable: the harm is over, the work is not"),
    ("closed", "c", "close it: asks what happened, and why"),
)


async def _open(main: "Main", wanted: Invocation) -> None:
    """Open an incident from fires, or from nothing but a title, and show it."""
    alerts = fires_meant(main, main.where.keys or (main.where.key,))
    title = wanted.arguments.get("title", "")
    if not alerts and not title:
        main.say("on a fire, or with a title: :incident shop is away", Tone.WARNING)
        return
    fires = tuple(alert.episode for alert in alerts)
    opened = await main.session.source.call(OpenIncident(title, fires=fires), IncidentOpened)
    main.say(f"incident {opened.text}")
    await main.go(Place("incident", opened.id))


async def _note(main: "Main", wanted: Invocation) -> None:
    incident = _meant(main)
    if incident is None:
        return
    text = wanted.arguments.get("text") or await main.ask("note", f"note on {incident.id}: ")
    if text:
        await tell(main, NoteIncident(incident.id, text))


async def _lead(main: "Main", _: Invocation) -> None:
    """Lead it; leading what I lead already leaves it to nobody."""
    incident = _meant(main)
    if incident is not None:
        me = main.where.me
        commander = "" if incident.commander == me else me
        await tell(main, SetIncident(incident.id, commander=commander))


async def _change(main: "Main", wanted: Invocation) -> None:
    """Say where it stands; a summary that was typed closes it."""
    incident = _meant(main)
    if incident is None:
        return
    summary = wanted.arguments.get("summary")
    chosen = "closed" if summary else await _chosen(main, incident)
    if chosen == "closed":
        await _close(main, incident, summary)
    elif chosen is not None:
        await tell(main, SetIncident(incident.id, status=chosen))


async def _chosen(main: "Main", incident: Incident) -> str | None:
    items = [
        Item(status, cell(text), letter, f"it is {status}" if status == incident.status else "")
        for status, letter, text in _CHANGES
    ]
    title = f"Incident {incident.id} is {incident.status}"
    return await main.app.push_screen_wait(Menu(main.session.look, title, items))


async def _close(main: "Main", incident: Incident, summary: str | None) -> None:
    if summary is None:
        label = f"close {incident.id}: what happened, and why: "
        summary = await main.ask("summary", label, value=incident.summary)
    if summary is not None:
        await tell(main, CloseIncident(incident.id, summary))


def _meant(main: "Main") -> Incident | None:
    """Find the incident one stands on; where it is none any more, say so."""
    name = main.where.key.partition(":")[2]
    found = main.session.snapshot.incidents.get(name)
    if found is None:
        main.say(f"there is no incident {name}", Tone.WARNING)
    return found


VERBS: Final[Mapping[str, Verb]] = {
    "fire.incident": _open,
    "incident.note": _note,
    "incident.lead": _lead,
    "incident.change": _change,
}
