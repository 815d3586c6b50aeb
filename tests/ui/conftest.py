"""A widget alone in a small application, and a clock that only moves when told."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget
from ui_driving import settled
from ui_scene import FakeSource

from opsconsole.shipped import shipped_dir
from opsconsole.ui.console import Console
from opsconsole.ui.frames import UNICODE
from opsconsole.ui.look import Look
from opsconsole.ui.themes import ThemeFolder, to_textual


class StillClock:
    """A clock for widgets: stands still until it is moved."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def themes() -> ThemeFolder:
    return ThemeFolder((shipped_dir("themes"),))


@pytest.fixture
def look(clock: StillClock, themes: ThemeFolder) -> Look:
    return Look(themes.load("dark"), UNICODE, clock)


class Stage(App[None]):
    """Holds the widgets of a test."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Screen { layout: vertical; }"

    def __init__(self, look: Look, *widgets: Widget) -> None:
        super().__init__()
        self.heard: list[object] = []
        self._look = look
        self._widgets = widgets

    def compose(self) -> ComposeResult:
        yield from self._widgets

    def on_mount(self) -> None:
        theme = to_textual(self._look.palette)
        self.register_theme(theme)
        self.theme = theme.name


Staged = Callable[..., AbstractAsyncContextManager[Pilot[None]]]


@pytest.fixture
def stage(look: Look) -> Staged:
    @asynccontextmanager
    async def on_stage(
        *widgets: Widget, size: tuple[int, int] = (60, 12)
    ) -> AsyncIterator[Pilot[None]]:
        async with Stage(look, *widgets).run_test(size=size) as pilot:
            await pilot.pause()
            yield pilot

    return on_stage


@pytest.fixture
def console(look: Look, themes: ThemeFolder, tmp_path: Path) -> Staged:
    """Open the whole console on a fake engine, without a terminal."""

    @asynccontextmanager
    async def opened(
        source: FakeSource, size: tuple[int, int] = (120, 40)
    ) -> AsyncIterator[Pilot[None]]:
        app = Console(lambda: source, look, themes, memory=tmp_path / "console.json", driver=None)
        async with app.run_test(size=size) as pilot:
            await settled(pilot)
            yield pilot

    return opened
