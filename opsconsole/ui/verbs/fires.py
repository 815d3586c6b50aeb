"""On fires: ack, take, assign, note. The engine keeps them; every console shows them."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from opsconsole.commands.line import Invocation
from opsconsole.model.alert import Alert
from opsconsole.model.calls import AckAlert, NoteAlert, TakeAlert
from opsconsole.ui.verbs.meant import fires_meant, fires_words, tell
from opsconsole.ui.verbs.verb import Verb

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main


async def _ack(main: "Main", wanted: Invocation) -> None:
    await _acknowledge(main, wanted, fires_meant(main, (main.where.key,)))


async def _ack_all(main: "Main", wanted: Invocation) -> None:
    await _acknowledge(main, wanted, fires_meant(main))


async def _acknowledge(main: "Main", wanted: Invocation, alerts: tuple[Alert, ...]) -> None:
    note = wanted.arguments.get("note")
    if note is None:
        note = await main.ask("note", f"ack {fires_words(alerts)}, note: ")
    if note is not None:
        await tell(main, AckAlert(_episodes(alerts), note))


async def _take(main: "Main", _: Invocation) -> None:
    """Take a fire; taking what is mine gives it back."""
    alerts = fires_meant(main)
    is_mine = bool(alerts) and all(alert.owner == main.where.me for alert in alerts)
    await tell(main, TakeAlert(_episodes(alerts), "" if is_mine else None))


async def _assign(main: "Main", wanted: Invocation) -> None:
    alerts = fires_meant(main)
    people = sorted(main.session.snapshot.people)
    person = wanted.arguments.get("person") or await main.ask(
        "person",
        f"assign {fires_words(alerts)} to: ",
        complete=lambda line, _: [p for p in people if line in p],
    )
    if person:
        await tell(main, TakeAlert(_episodes(alerts), person))


async def _note(main: "Main", wanted: Invocation) -> None:
    alerts = fires_meant(main)
    text = wanted.arguments.get("text") or await main.ask(
        "note", f"note on {fires_words(alerts)}: "
    )
    if text:
        await tell(main, NoteAlert(_episodes(alerts), text))


def _episodes(alerts: Iterable[Alert]) -> tuple[str, ...]:
    return tuple(alert.episode for alert in alerts)


VERBS: Final[Mapping[str, Verb]] = {
    "fire.ack": _ack,
    "fire.ack-all": _ack_all,
    "fire.take": _take,
    "fire.assign": _assign,
    "fire.note": _note,
}
