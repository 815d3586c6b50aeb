"""What a verb is: it gets the desk one works at, and what was asked for; it may ask, call and open."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from opsconsole.commands.line import Invocation

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main

Verb = Callable[["Main", Invocation], Awaitable[None]]
