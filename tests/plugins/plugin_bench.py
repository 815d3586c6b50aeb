"""Names that the tests of this room share."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from opsconsole.testing.kit import Fleet

MakePlugin = Callable[..., Path]
OpenFleet = Callable[..., Awaitable[Fleet]]
