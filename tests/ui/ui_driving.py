"""Driving the screen as a person does: a key, then a look."""

from textual.pilot import Pilot
from textual.widgets import Input

from opsconsole.ui.console import Console


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing more is to be done: workers had their step, and everything is painted."""
    for _ in range(3):
        await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Press keys as a person does; letters in a row are typed, other keys wait for what they did."""
    for nth, key in enumerate(keys):
        await pilot.press(key)
        typing = len(key) == 1 and nth + 1 < len(keys) and len(keys[nth + 1]) == 1
        if not (typing and isinstance(pilot.app.focused, Input)):
            await settled(pilot)


def console_of(pilot: Pilot[None]) -> Console:
    assert isinstance(pilot.app, Console)
    return pilot.app


def screen_text(pilot: Pilot[None]) -> list[str]:
    """Give what stands on the screen, line by line."""
    app = pilot.app
    return ["".join(s.text for s in line) for line in app.screen._compositor.render_strips()]
