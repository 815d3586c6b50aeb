"""Pictures of every state at every size; look at them when they change (`--snapshot-update`)."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot
from ui_driving import press, settled
from ui_scene import NOW, FakeSource, snapshot

from opsconsole.model.snapshot import Banner, Snapshot
from opsconsole.model.states import HostState, Reach, ServiceState
from opsconsole.shipped import shipped_dir
from opsconsole.ui.console import Console
from opsconsole.ui.frames import ASCII, UNICODE
from opsconsole.ui.look import Look
from opsconsole.ui.themes import ThemeFolder

SIZES = ((80, 24), (120, 40), (200, 60))


class StandingClock:
    """Time that does not pass, so that a picture is the same every time."""

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        return 1_000.0

    async def sleep(self, seconds: float) -> None:
        import asyncio

        await asyncio.sleep(3_600)


def pressing(keys: Sequence[str]) -> Callable[[Pilot[None]], Awaitable[None]]:
    async def run_before(pilot: Pilot[None]) -> None:
        await settled(pilot)
        await press(pilot, *keys)
        for _ in range(3):  # a picture is of the end, whatever the way there was
            await settled(pilot)

    return run_before


def console(
    source: FakeSource, tmp_path: Path, theme: str = "dark", *, ascii_signs: bool = False
) -> Console:
    themes = ThemeFolder((shipped_dir("themes"),))
    look = Look(themes.load(theme), ASCII if ascii_signs else UNICODE, StandingClock())
    return Console(lambda: source, look, themes, memory=tmp_path / "console.json", driver=None)


def full() -> FakeSource:
    return FakeSource()


def empty() -> FakeSource:
    return FakeSource(Snapshot(revision=1, now=NOW))


def stale() -> FakeSource:
    shown = snapshot()
    hosts = {
        name: replace(
            h,
            state=HostState.UNKNOWN,
            reach=Reach.NO_ANSWER,
            failed=True,
            at=NOW - 400,
            reason="no answer",
        )
        for name, h in shown.hosts.items()
    }
    services = {
        name: replace(s, state=ServiceState.UNKNOWN, failed=True, at=NOW - 400)
        for name, s in shown.services.items()
    }
    feeds = {
        name: replace(f, state=ServiceState.UNKNOWN, at=NOW - 400, ok=0)
        for name, f in shown.feeds.items()
    }
    return FakeSource(replace(shown, hosts=hosts, services=services, feeds=feeds))


def failed() -> FakeSource:
    banner = Banner(
        "config", "opsconsole.yaml:3:5: every: 10 is no duration; the old file is kept", "critical"
    )
    source = FakeSource(replace(snapshot(), banners={"config": banner}))
    source.link, source.reason = "lost", "the engine went away"
    return source


def locked() -> FakeSource:
    return FakeSource(snapshot(locked=True))


def connecting() -> FakeSource:
    source = FakeSource(Snapshot())
    source.link = "connecting"
    return source


STATES: dict[str, Callable[[], FakeSource]] = {
    "full": full, "empty": empty, "stale": stale, "failed": failed, "locked": locked, "connecting": connecting,
}  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("state", STATES)
def test_the_overview(snap_compare, tmp_path, state, size):
    assert snap_compare(console(STATES[state](), tmp_path), terminal_size=size)


@pytest.mark.parametrize("theme", ["light", "high-contrast", "mono", "ansi"])
def test_the_themes(snap_compare, tmp_path, theme):
    assert snap_compare(console(full(), tmp_path, theme), terminal_size=(120, 40))


def test_the_overview_in_ascii(snap_compare, tmp_path):
    assert snap_compare(console(full(), tmp_path, "mono", ascii_signs=True), terminal_size=(80, 24))


@pytest.mark.parametrize(
    ("view", "keys"),
    [
        ("host", ("2", "enter")),
        ("service", ("3", "enter")),
        ("fire", ("enter",)),
        ("run", ("colon", *"go", "space", *"r1", "enter")),
        ("runs", ("colon", *"runs", "enter")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("size", SIZES[:2], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_drill_downs(snap_compare, tmp_path, view, keys, size):
    assert snap_compare(console(full(), tmp_path), terminal_size=size, run_before=pressing(keys))


@pytest.mark.parametrize(
    ("dialog", "keys"),
    [
        ("menu", ("r",)),
        ("form", ("r", "u")),
        ("help", ("question_mark",)),
        ("filter", ("2", "slash", *"role:db")),
        ("quit", ("q",)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_dialogs(snap_compare, tmp_path, dialog, keys):
    assert snap_compare(
        console(locked(), tmp_path), terminal_size=(80, 24), press=[*keys, "wait:300"]
    )
