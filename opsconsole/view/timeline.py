"""The last hour as lanes: when fires began, what was deployed, run and acknowledged, on which object."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, joined, safe_cell, span
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.naming import bare_name
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Span, Tone
from opsconsole.view.sections import Section

SPAN: Final = 3600.0
"""Seconds shown."""
_TICK: Final = 300.0
_LABEL: Final = 14
_SIGN_OF: Final = {
    "fired": "began",
    "deploy": "event",
    "run": "run",
    "acked": "ack",
    "taken": "ack",
    "note": "event",
    "mark": "event",
}
_OWN_LANES: Final = {"run": "runs", "mark": "marks"}
_TONE_OF: Final = {"fired": Tone.CRITICAL, "deploy": Tone.ACCENT, "mark": Tone.ACCENT}


def section(
    snapshot: Snapshot,
    now: float,
    width: int,
    height: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Make the timeline for a pane's inside: an axis, the count of fires, a lane an object."""
    room = max(10, width - _LABEL)
    lines = [_axis(now, room, options), _fires(snapshot, now, room, options.glyphs)]
    lanes = _lanes(snapshot, now)
    busiest = sorted(lanes, key=lambda s: (-len(lanes[s]), s))[: max(0, height - 2)]
    lines += [_lane(subject, lanes[subject], now, room, options.glyphs) for subject in busiest]
    return Section(
        "timeline", tuple(lines), cell("Timeline  -60m", Tone.STRONG), _legend(options.glyphs)
    )


def _place(at: float, now: float, room: int) -> int:
    """Give the cell of a moment."""
    return min(room - 1, max(0, int((at - (now - SPAN)) / SPAN * room)))


def _axis(now: float, room: int, options: ViewOptions) -> Cell:
    text = [" "] * room
    tick = (now - SPAN) // _TICK * _TICK + _TICK
    while tick <= now:
        at = _place(tick, now, room)
        label = fmt.clock_time(tick, options.time)[:5]
        if at + len(label) <= room:
            text[at : at + len(label)] = label
        tick += _TICK * max(1, round(12 * 8 / room))
    return (span(" " * _LABEL), span("".join(text), Tone.DIM))


def _fires(snapshot: Snapshot, now: float, room: int, glyphs: Glyphs) -> Cell:
    """Count how many fires burnt in each cell's time."""
    turns = [0] * (room + 1)
    for alert in snapshot.alerts.values():
        if alert.state is AlertState.PENDING:
            continue
        begun, ended = _burnt(alert, now)
        if ended >= now - SPAN:
            turns[_place(begun, now, room)] += 1
            turns[_place(ended, now, room) + 1] -= 1
    burning = list(accumulate(turns))[:room]
    top = max(burning, default=0)
    steps = "".join(str(max(1, round(8 * count / top)) if top else 0) for count in burning)
    return (
        span("fires".ljust(_LABEL), Tone.ACCENT),
        *safe_cell(fmt.spark(steps, room, glyphs), Tone.SPARK),
    )


def _burnt(alert: Alert, now: float) -> tuple[float, float]:
    if alert.state is AlertState.RESOLVED:
        return alert.active_at or alert.since, alert.since
    return alert.since, now


def _lanes(snapshot: Snapshot, now: float) -> dict[str, list[Event]]:
    lanes: dict[str, list[Event]] = defaultdict(list)
    for event in snapshot.events.values():
        subject = _OWN_LANES.get(event.kind, event.subject)
        if event.kind in _SIGN_OF and now - SPAN <= event.at <= now and subject:
            lanes[subject].append(event)
    return lanes


def _lane(subject: str, events: Sequence[Event], now: float, room: int, glyphs: Glyphs) -> Cell:
    placed = {_place(event.at, now, room): event for event in sorted(events, key=lambda e: e.at)}
    spans: list[Span] = [
        span(fmt.shorten(bare_name(subject), _LABEL - 1, glyphs).ljust(_LABEL), Tone.ACCENT)
    ]
    at = 0
    for place in sorted(placed):
        event = placed[place]
        if place < at:
            continue
        text = f"{_sign(event, glyphs)} {_word(event)}"
        following = min((other for other in placed if other > place), default=room)
        text = (
            fmt.shorten(text, max(1, following - place - 1), glyphs)
            if following - place > 3
            else _sign(event, glyphs)
        )
        spans += [span(" " * (place - at)), span(text, _TONE_OF.get(event.kind, Tone.NORMAL))]
        at = place + fmt.cell_width(text)
    return tuple(spans)


def _sign(event: Event, glyphs: Glyphs) -> str:
    sign: str = getattr(glyphs, _SIGN_OF[event.kind])
    return sign


def _word(event: Event) -> str:
    return event.data.get("alert") or event.text


def _legend(glyphs: Glyphs) -> Cell:
    pairs = (("event", "deploy"), ("run", "runbook"), ("ack", "ack"), ("began", "alert start"))
    return joined([cell(f"{getattr(glyphs, sign)} {word}", Tone.DIM) for sign, word in pairs])
