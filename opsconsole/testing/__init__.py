"""The fake fleet: what the demo, the tests and plugin authors run against.

A plugin's tests import from here: `from opsconsole.testing import Fleet, Exit, Drop, Hang, Slow`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsconsole.testing.kit import Fleet
    from opsconsole.testing.scripted import Drop, Exit, Hang, Slow

__all__ = ["Drop", "Exit", "Fleet", "Hang", "Slow"]


def __getattr__(name: str) -> object:
    """Import on first use: the demo needs none of it."""
    if name == "Fleet":
        from opsconsole.testing import kit

        return kit.Fleet
    if name in __all__:
        from opsconsole.testing import scripted

        return getattr(scripted, name)
    raise AttributeError(name)
