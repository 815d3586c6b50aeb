"""The lists of what is quiet, what ends, what was promised; the hand-over; what happened while one was away."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opsconsole.commands.line import Invocation
from opsconsole.errors import OpsConsoleError
from opsconsole.ui.paint import flowed
from opsconsole.ui.past import read_past
from opsconsole.ui.places import Place
from opsconsole.ui.screens.sheet import Sheet
from opsconsole.ui.verbs.meant import fires_meant
from opsconsole.ui.verbs.verb import Verb
from opsconsole.view import away
from opsconsole.view.rows import Tone

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main

_SHIFT: Final = "12h"


def _list(kind: str) -> Verb:
    async def show(main: "Main", _: Invocation) -> None:
        await main.go(Place(kind))

    return show


async def _handoff(main: "Main", wanted: Invocation) -> None:
    await main.go(Place("handoff", wanted.arguments.get("since", _SHIFT)))


async def _blast(main: "Main", wanted: Invocation) -> None:
    """Show what goes with the object that is named, else with what is under the cursor."""
    name = wanted.arguments.get("name", "")
    reference = _named(main, name) if name else _under_cursor(main)
    if reference:
        await main.go(Place("blast", reference))
    else:
        main.say(f"no host or service is called {name}" if name else "on a host, a service or a fire of one",
                 Tone.WARNING)  # fmt: skip


def _named(main: "Main", name: str) -> str:
    snapshot = main.session.snapshot
    known = (*(f"host:{n}" for n in snapshot.hosts), *(f"service:{n}" for n in snapshot.services))
    return next((ref for ref in known if name in (ref, ref.partition(":")[2])), "")


def _under_cursor(main: "Main") -> str:
    key = main.where.key
    alerts = fires_meant(main, (key,))
    reference = alerts[0].on if alerts else key
    return reference if reference.startswith(("host:", "service:")) else ""


async def _away(main: "Main", wanted: Invocation) -> None:
    """Show what happened since the console was last here, or in a span that is named."""
    source = main.session.source
    now = source.now()
    since = now - wanted.seconds if wanted.seconds else main.session.left_at
    if not since:
        main.say("this console was never away; :away 2h looks back", Tone.WARNING)
        return
    found = await look_back(main, since, now)
    options = main.session.options("away")
    lines = away.lines(found, options.glyphs, "local" if options.time == "local" else "utc")
    await main.app.push_screen_wait(
        Sheet(main.session.look, "While you were away", lambda width: flowed(lines, width))
    )


async def tell_away(main: "Main") -> None:
    """Say in a line what happened since the console last went; an engine that cannot tell leaves it out."""
    try:
        found = await look_back(main, main.session.left_at, main.session.source.now())
    except OpsConsoleError:
        return
    main.say(f"{away.words(found)}   :away tells it whole")


async def look_back(main: "Main", since: float, now: float) -> away.Away:
    """Read what happened in a span; raises EngineError."""
    source = main.session.source
    since = max(since, now - away.LONGEST)
    past = await read_past(source, since, now)
    return away.away(source.snapshot, past.fires, past.events, since=since, until=now)


VERBS: Final[Mapping[str, Verb]] = {
    "go.silences": _list("silences"),
    "go.maintenance": _list("maintenance"),
    "go.expiring": _list("expiring"),
    "go.incidents": _list("incidents"),
    "go.slo": _list("slo"),
    "go.oncall": _list("oncall"),
    "go.handoff": _handoff,
    "go.blast": _blast,
    "go.away": _away,
}
