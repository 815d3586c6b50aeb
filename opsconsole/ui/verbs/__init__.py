"""What commands do on the screen: one coroutine function a command, found by its id."""

from opsconsole.ui.verbs import access, acting, finding, fires, going, looking, program
from opsconsole.ui.verbs.verb import Verb

_VERBS: dict[str, Verb] = {
    **going.VERBS,
    **finding.VERBS,
    **looking.VERBS,
    **fires.VERBS,
    **acting.VERBS,
    **access.VERBS,
    **program.VERBS,
}


def find(command: str) -> Verb | None:
    """Find what a command does; None where the screen does not know it."""
    return _VERBS.get(command)
