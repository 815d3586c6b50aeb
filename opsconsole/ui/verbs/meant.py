"""What verbs share: the fires that are meant, how they are called, and a call whose answer is said."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from opsconsole.model.alert import Alert
from opsconsole.model.calls import AnyCall, Done
from opsconsole.view.naming import bare_name
from opsconsole.view.triage import members

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main


def fires_meant(main: "Main", keys: Iterable[str] | None = None) -> tuple[Alert, ...]:
    """Give the fires behind keys, each once; None: those marked, else the one under the cursor."""
    where = main.where
    meant = where.keys if keys is None else keys
    found = [a for key in meant for a in members(main.session.snapshot, key, where.folds)]
    return tuple({alert.episode: alert for alert in found}.values())


def fires_words(alerts: Sequence[Alert]) -> str:
    """Name one fire and its place, or say how many they are."""
    if len(alerts) == 1:
        return f"{alerts[0].name} on {bare_name(alerts[0].on)}"
    return f"{len(alerts)} fires"


async def tell(main: "Main", call: AnyCall, usual: str = "done") -> None:
    """Ask the engine, and say what it says, else the usual word; raises EngineError, RefusedError."""
    done = await main.session.source.call(call, Done)
    main.say(done.text or usual)
