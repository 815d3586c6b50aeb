"""On fires: ack, take, assign, note. The engine keeps them; every console shows them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from opsconsole.commands.line import Invocation
from opsconsole.model.alert import Alert
from opsconsole.model.calls import AckAlert, AnyCall, Done, NoteAlert, TakeAlert
from opsconsole.model.incident_calls import IncidentOpened, OpenIncident
from opsconsole.ui.places import Place
from opsconsole.ui.verbs.verb import Verb
from opsconsole.view.naming import bare_name
from opsconsole.view.triage import members

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main


async def _ack(main: "Main", wanted: Invocation) -> None:
    await _acknowledge(main, wanted, _alerts(main, (main.where.key,)))


async def _ack_all(main: "Main", wanted: Invocation) -> None:
    await _acknowledge(main, wanted, _alerts(main, main.where.keys))


async def _acknowledge(main: "Main", wanted: Invocation, alerts: tuple[Alert, ...]) -> None:
    note = wanted.arguments.get("note")
    if note is None:
        note = await main.ask("note", f"ack {_names(alerts)}, note: ")
    if note is not None:
        await _tell(main, AckAlert(_episodes(alerts), note))


async def _take(main: "Main", _: Invocation) -> None:
    """Take a fire; taking what is mine gives it back."""
    alerts = _alerts(main, main.where.keys)
    is_mine = bool(alerts) and all(alert.owner == main.where.me for alert in alerts)
    await _tell(main, TakeAlert(_episodes(alerts), "" if is_mine else None))


async def _assign(main: "Main", wanted: Invocation) -> None:
    alerts = _alerts(main, main.where.keys)
    people = sorted(main.session.snapshot.people)
    person = wanted.arguments.get("person") or await main.ask(
        "person",
        f"assign {_names(alerts)} to: ",
        complete=lambda line, _: [p for p in people if line in p],
    )
    if person:
        await _tell(main, TakeAlert(_episodes(alerts), person))


async def _note(main: "Main", wanted: Invocation) -> None:
    alerts = _alerts(main, main.where.keys)
    text = wanted.arguments.get("text") or await main.ask("note", f"note on {_names(alerts)}: ")
    if text:
        await _tell(main, NoteAlert(_episodes(alerts), text))


async def _incident(main: "Main", wanted: Invocation) -> None:
    """Open an incident from fires, or from nothing but a title, and show it."""
    alerts = _alerts(main, main.where.keys or (main.where.key,))
    title = wanted.arguments.get("title", "")
    if not alerts and not title:
        main.say("on a fire, or with a title: :incident shop is away")
        return
    opened = await main.session.source.call(
        OpenIncident(title, fires=_episodes(alerts)), IncidentOpened
    )
    main.say(f"incident {opened.text}")
    await main.go(Place("incident", opened.id))


async def _tell(main: "Main", call: AnyCall) -> None:
    done = await main.session.source.call(call, Done)
    if done.text:
        main.say(done.text)


def _alerts(main: "Main", keys: Iterable[str]) -> tuple[Alert, ...]:
    found = [alert for key in keys for alert in members(main.session.snapshot, key)]
    return tuple({alert.episode: alert for alert in found}.values())


def _episodes(alerts: Iterable[Alert]) -> tuple[str, ...]:
    return tuple(alert.episode for alert in alerts)


def _names(alerts: tuple[Alert, ...]) -> str:
    if len(alerts) == 1:
        return f"{alerts[0].name} on {bare_name(alerts[0].on)}"
    return f"{len(alerts)} fires"


VERBS: Final[Mapping[str, Verb]] = {
    "fire.ack": _ack,
    "fire.ack-all": _ack_all,
    "fire.take": _take,
    "fire.assign": _assign,
    "fire.note": _note,
    "fire.incident": _incident,
}
