"""Episodes read back: what fired, who had it, when it was over, and the steps between."""

import asyncio
from pathlib import Path
from typing import Any

from msgspec import structs

from opsconsole.model.alert import Ack
from opsconsole.model.states import AlertState, Severity
from opsconsole.state.history import History
from opsconsole.state.world import Marks

T0 = 1_800_000_000.0


async def _history(tmp_path: Path, clock: Any) -> History:
    history = History(
        tmp_path / "history.db", clock, on_banner=lambda *_: None, on_loaded=lambda _: None
    )
    await history.start()
    return history


async def test_an_episode_tells_its_life(tmp_path: Path, clock: Any, fire: Any) -> None:
    history = await _history(tmp_path, clock)
    alert = structs.replace(fire(), since=T0, severity=Severity.WARNING)
    clock.at = T0 + 1
    history.put_alert(alert)
    clock.at = T0 + 60
    history.put_alert(structs.replace(alert, severity=Severity.CRITICAL))
    marks = Marks(owner="op2", ack=Ack("op1", T0 + 70), answered_at=T0 + 65)
    await history.keep_marks({alert.episode: marks})
    clock.at = T0 + 600
    history.put_alert(structs.replace(alert, state=AlertState.RESOLVED, since=T0 + 599))
    await history.keep("flush", b"")

    (found,) = await history.episodes(T0, T0 + 1000)
    await history.stop()

    assert (found.name, found.on) == (alert.name, alert.on)
    assert (found.fired_at, found.acked_at, found.resolved_at) == (T0, T0 + 65, T0 + 599)
    assert (found.owner, found.severity, found.state) == ("op2", "critical", "resolved")
    assert [(step.at - T0, step.state, step.severity) for step in found.steps] == [
        (1, "firing", "warning"),
        (60, "firing", "critical"),
        (600, "resolved", "warning"),
    ]


async def test_a_span_has_what_burnt_in_it_whole_or_in_part(
    tmp_path: Path, clock: Any, fire: Any
) -> None:
    history = await _history(tmp_path, clock)
    for name, begin, end in (
        ("Before", 0, 50), ("Into", 50, 150), ("Within", 120, 130), ("Burns", 140, None),
        ("After", 250, 260),
    ):  # fmt: skip
        alert = structs.replace(fire(name=name), since=T0 + begin, episode=name)
        history.put_alert(alert)
        if end is not None:
            history.put_alert(structs.replace(alert, state=AlertState.RESOLVED, since=T0 + end))
    await history.keep("flush", b"")

    found = await history.episodes(T0 + 100, T0 + 200)
    few = await history.episodes(T0 + 100, T0 + 200, limit=1)
    elsewhere = await history.episodes(T0, T0 + 300, on="host:other")
    await history.stop()

    assert [one.name for one in found] == ["Burns", "Within", "Into"]
    assert [one.name for one in few] == ["Burns"]
    assert elsewhere == ()


async def test_a_file_of_before_steps_were_kept_is_read(
    tmp_path: Path, clock: Any, fire: Any
) -> None:
    import sqlite3

    history = await _history(tmp_path, clock)
    history.put_alert(fire())
    await history.stop()
    with sqlite3.connect(tmp_path / "history.db") as db:
        db.execute("DROP TABLE step")
    db.close()

    history = await _history(tmp_path, clock)
    (found,) = await history.episodes(0, T0 * 2)
    await asyncio.sleep(0)
    await history.stop()

    assert found.steps == ()
