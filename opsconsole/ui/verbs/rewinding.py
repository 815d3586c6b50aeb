"""The board as it was: back to a time, from minute to minute and event to event, and back to now."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opsconsole.commands.line import Invocation
from opsconsole.commands.when import past_time
from opsconsole.model.calls import AddEvent
from opsconsole.model.moment import Moment, ReadMoment
from opsconsole.ui.verbs.meant import tell
from opsconsole.ui.verbs.verb import Verb

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main

_FURTHER: Final = 300.0
_MINUTE: Final = 60.0
_SOON: Final = 0.4
"""Seconds that a key may take without a word."""


async def _rewind(main: "Main", wanted: Invocation) -> None:
    session, text = main.session, wanted.arguments.get("time", "")
    local = session.options("header").time == "local"
    if text:
        await _show(main, past_time(text, session.source.now(), local=local))
    else:
        await _show(main, _aim(main) - _FURTHER)


def _by(seconds: float) -> Verb:
    async def step(main: "Main", _: Invocation) -> None:
        await _show(main, _aim(main) + seconds)

    return step


def _aim(main: "Main") -> float:
    """Give the time to go on from: that on its way, else the one that is shown."""
    session = main.session
    return session.now if session.aim is None else session.aim


def _event(step: int) -> Verb:
    async def show(main: "Main", _: Invocation) -> None:
        session, returns = main.session, main.session.returns
        async with session.rewinding:
            if session.returns != returns:
                return
            moment = await _read(main, ReadMoment(session.now, step))
            if session.returns == returns:
                await _take(main, moment, step)

    return show


async def _show(main: "Main", at: float) -> None:
    """Show a time; of many that are asked for in a row only the last is read."""
    session = main.session
    session.aim = at
    async with session.rewinding:
        if session.aim != at:
            return
        try:
            moment = await _read(main, ReadMoment(at))
            if session.aim == at:
                await _take(main, moment)
        finally:
            if session.aim == at:
                session.aim = None


async def _read(main: "Main", call: ReadMoment) -> Moment:
    """Read a board; of thousands of hosts it takes a second, and that is said."""
    waiting = main.set_timer(_SOON, lambda: main.say("looking back ...", passing=True))
    try:
        return await main.session.source.call(call, Moment)
    finally:
        waiting.stop()


async def _take(main: "Main", moment: Moment, step: int = 0) -> None:
    session = main.session
    if step < 0 or moment.at < session.source.now() - 1:
        await main.show_moment(moment)
    elif session.past is not None:
        await main.show_moment(None)
        main.say("live again")


async def _mark(main: "Main", wanted: Invocation) -> None:
    at = main.session.now
    text = wanted.arguments.get("text") or await main.ask("note", "mark this time: ")
    if text:
        on = main.where.key if main.where.key.startswith(("host:", "service:")) else ""
        await tell(main, AddEvent(text, "mark", on, at), "marked")


VERBS: Final[Mapping[str, Verb]] = {
    "time.rewind": _rewind,
    "time.back": _by(-_MINUTE),
    "time.on": _by(_MINUTE),
    "time.event-before": _event(-1),
    "time.event-after": _event(1),
    "time.mark": _mark,
}
