"""What commands do on the screen: one coroutine function a command, found by its id.

They and their dialogs load when the first is looked for: the first paint needs none of them.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsconsole.ui.verbs.verb import Verb


def find(command: str) -> "Verb | None":
    """Find what a command does; None where the screen does not know it."""
    return load().get(command)


@cache
def load() -> "Mapping[str, Verb]":
    """Load every verb; the console does so behind its first paint."""
    from opsconsole.ui.verbs import (
        access,
        acting,
        finding,
        fires,
        going,
        incidents,
        looking,
        muting,
        overlooking,
        program,
        rewinding,
        steering,
    )

    return {
        **going.VERBS,
        **finding.VERBS,
        **looking.VERBS,
        **fires.VERBS,
        **incidents.VERBS,
        **muting.VERBS,
        **overlooking.VERBS,
        **acting.VERBS,
        **steering.VERBS,
        **access.VERBS,
        **program.VERBS,
        **rewinding.VERBS,
    }
