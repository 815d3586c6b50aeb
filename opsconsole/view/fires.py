"""The Fires pane: what is on fire, since when, who has it, what to do; in triage order."""

from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec.structs import replace

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState, HostState
from opsconsole.query.environments import owner_of
from opsconsole.view import census
from opsconsole.view import format as fmt
from opsconsole.view.alike import together
from opsconsole.view.burning import Burning, burning, over
from opsconsole.view.cache import RowCache
from opsconsole.view.cells import WAITING, cell, chosen, plain, safe_cell, span, state_tone
from opsconsole.view.fire_ledger import FireLedger
from opsconsole.view.glyphs import state_glyph
from opsconsole.view.lazy_rows import LazyRows
from opsconsole.view.likely import behind_words
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.offers import runbook_word
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Column, Row, Table, Tone
from opsconsole.view.triage import (
    Group,
    is_overdue,
    is_unacked,
    severity_word,
    state_word,
    suppression_words,
)

_NORMAL_FROM: Final = 100
_WIDE_FROM: Final = 128
_FULL_NAME: Final = 4
"""Cells from which a cut name says that it is cut; below, its first letters say more."""


def columns(width: int, options: ViewOptions) -> tuple[Column, ...]:
    """Choose the columns for a width inside the frame."""
    if options.wide:
        width = max(width, _NORMAL_FROM if width < _NORMAL_FROM else _WIDE_FROM)
    compact, wide = width < _NORMAL_FROM, width >= _WIDE_FROM
    every = (
        Column("glyph", "", 1, sortable=False),
        Column("severity", "SEV", 5, rank=8),
        Column("for", "FOR", 5 if wide else 4, right=True),
        Column("alert", "ALERT", 12 if compact else 15),
        Column("on", "ON", 11 if compact else 22 if wide else 19),
        Column("n", "N", 3, right=True, rank=10),
        Column("state", "STATE", 5, rank=7),
        Column("who", "WHO", 3 if compact else 4, rank=6),
        Column("what", "WHAT", 16 if compact else 30, flexible=True, sortable=False),
        Column("runbook", "RUNBOOK", 12, rank=9),
    )
    left_out = {"severity", "n", "state", "runbook"} if compact else set() if wide else {"n"}
    return chosen((column for column in every if column.id not in left_out), width)


def table(
    snapshot: Snapshot,
    now: float,
    width: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
    cache: RowCache | None = None,
) -> Table:
    """Make the Fires pane.

    Args:
        snapshot: What the engine told last.
        now: Epoch seconds; ages are computed from it.
        width: Cells inside the frame.
        options: Filter, sort, grouping, signs.
        cache: Kept by the pane between calls.
    """
    cache = cache or RowCache()
    laid = cache.once(FireLedger).lay(snapshot, now, options, cache)
    scene = _Scene(snapshot, now, options, columns(width, options), cache)
    places = laid.places
    rows = LazyRows(
        laid.keys, lambda key: _row(places[key].group, scene, inside=places[key].inside)
    )
    seen = burning(snapshot)
    return Table(
        columns=scene.columns,
        rows=rows,
        title=_title(seen, width),
        hint=cell(_hint(width, options), Tone.DIM),
        footer=_footer(seen, len(laid.shown), width),
        empty=_empty(snapshot, len(seen.fires), options),
        over=over(snapshot),
    )


class _Scene(NamedTuple):
    snapshot: Snapshot
    now: float
    options: ViewOptions
    columns: tuple[Column, ...]
    cache: RowCache


def _row(group: Group, scene: _Scene, *, inside: bool) -> Row:
    """Give a row: the whole one when its fires change, only what tells of time when time goes on."""
    alert, now = group.first, scene.now
    look = (
        group,
        is_overdue(alert, now, scene.snapshot.ack_within),
        scene.columns,
        scene.options.glyphs,
        scene.options.expanded if group.is_folded else inside,
    )
    return scene.cache.value(
        "fire",
        group.key,
        alert,
        (fmt.age(now - alert.since), scene.snapshot.actions, look),
        lambda: _aged(group, scene, look, inside=inside),
    )


def _aged(group: Group, scene: _Scene, look: tuple[object, ...], *, inside: bool) -> Row:
    whole = scene.cache.value(
        "fire.", group.key, group.first, look, lambda: _make_row(group, scene, inside=inside)
    )
    timed = (
        _TIMED[column.id](group, scene) if column.id in _TIMED else made
        for column, made in zip(scene.columns, whole.cells, strict=True)
    )
    return replace(whole, cells=tuple(timed))


def _make_row(group: Group, scene: _Scene, *, inside: bool) -> Row:
    cells = tuple(
        () if column.id in _TIMED else _CELLS[column.id](group, scene) for column in scene.columns
    )
    if inside:
        at = next(n for n, column in enumerate(scene.columns) if column.id == "alert")
        cells = (*cells[:at], (span("  "), *cells[at]), *cells[at + 1 :])
    quiet = group.first.is_muted or group.first.state is AlertState.PENDING
    tone = Tone.MUTED if quiet else Tone.NORMAL
    return Row(group.key, cells, tone, folds=group.is_folded)


def _glyph(group: Group, scene: _Scene) -> Cell:
    alert, glyphs = group.first, scene.options.glyphs
    word, tone = severity_word(alert)
    if word == "MAINT":
        return cell(glyphs.maintenance, tone)
    if word == "STALE":
        return cell(glyphs.stale, tone)
    return cell(state_glyph(alert.severity, glyphs), _alarm(alert, state_tone(alert.severity)))


def _alarm(alert: Alert, tone: Tone) -> Tone:
    """Make an unowned critical the only block on the screen, and take the colour off a muted one."""
    if alert.is_muted:
        return Tone.MUTED
    return Tone.REVERSED if tone is Tone.CRITICAL and is_unacked(alert) else tone


def _severity(group: Group, _: _Scene) -> Cell:
    word, tone = severity_word(group.first)
    return cell(word, _alarm(group.first, tone))


def _for(group: Group, scene: _Scene) -> Cell:
    return safe_cell(fmt.age(scene.now - group.first.since))


def _alert(group: Group, scene: _Scene) -> Cell:
    if not group.is_folded:
        return cell(group.first.name)
    tail = (
        f" +{len(group.behind)}"
        if group.behind
        else f" {scene.options.glyphs.times}{len(group.alerts)}"
    )
    room = next(column.width for column in scene.columns if column.id == "alert")
    name = fmt.shorten(group.first.name, room - len(tail), scene.options.glyphs)
    return cell(name + tail)


def _on(group: Group, _: _Scene) -> Cell:
    return cell(folded(bare_name(alert.on) for alert in group.alerts))


def _state(group: Group, scene: _Scene) -> Cell:
    word = state_word(group.first, scene.now, scene.snapshot.ack_within)
    return cell(word.text, word.tone)


def _who(group: Group, scene: _Scene) -> Cell:
    room = next(column.width for column in scene.columns if column.id == "who")
    name = owner_of(group.first) or scene.options.glyphs.none
    return cell(name[:room] if room < _FULL_NAME else name)


def _summary(group: Group) -> str:
    """Say what is true of all of a group; where there is nothing, whose words these are."""
    texts = [alert.summary or alert.annotations.get("summary", "") for alert in group.alerts]
    first = texts[0]
    if len(set(texts)) == 1:
        return first
    return together(texts) or f"{bare_name(group.first.on)}: {first}"


def _what(group: Group, _: _Scene) -> Cell:
    alert = group.first
    text = _summary(group)
    if alert.suppressed_by:
        text = f"{text}; {suppression_words(alert)}" if text else suppression_words(alert)
    if group.behind:
        text = f"{text}; {behind_words(group.behind)}" if text else behind_words(group.behind)
    if alert.raw_severity and alert.severity == "warning" and alert.raw_severity not in _WARNINGS:
        text = f"[{alert.raw_severity}] {text}"
    return cell(text)


_WARNINGS: Final = ("warning", "warn", "high", "ticket")
"""Words of sources that say no more than WARN does."""


def _runbook(group: Group, scene: _Scene) -> Cell:
    word = runbook_word(scene.snapshot, group.first, scene.now)
    return cell(word or scene.options.glyphs.none)


_CELLS: Final[dict[str, Callable[[Group, _Scene], Cell]]] = {
    "glyph": _glyph,
    "severity": _severity,
    "alert": _alert,
    "on": _on,
    "n": lambda group, _: cell(str(len(group.alerts) + len(group.behind))),
    "state": _state,
    "who": _who,
    "what": _what,
}
_TIMED: Final[dict[str, Callable[[Group, _Scene], Cell]]] = {"for": _for, "runbook": _runbook}
"""What time alone may change."""


def _title(seen: Burning, width: int) -> Cell:
    if width < _NORMAL_FROM or not seen.unacked:
        return cell(f"Fires {len(seen.fires)}", Tone.STRONG)
    return cell(f"Fires {len(seen.fires)} ({seen.unacked} unacked)", Tone.STRONG)


def _hint(width: int, options: ViewOptions) -> str:
    sort = options.sort or "severity,age"
    if options.inverted:
        sort += " inverted"
    words = f"sort: {sort}"
    if options.faults_only:
        words += "   unsuppressed only"
    if width >= _NORMAL_FROM:
        words += f"   group: {'alike' if options.grouped else 'none'}"
    return words


def _footer(seen: Burning, shown: int, width: int) -> Cell:
    every = len(seen.fires)
    if shown < every:
        return cell(f"{shown} of {every} shown", Tone.DIM)
    if seen.most < 2 or width < _NORMAL_FROM:
        return ()
    return cell(f"{seen.most} of {every} on {bare_name(seen.on)}", Tone.DIM)


def _empty(snapshot: Snapshot, every: int, options: ViewOptions) -> str:
    if every and options.filter.source:
        return f"No fire passes `{plain(cell(options.filter.source))}`; esc clears it."
    if every:
        return "Only muted fires; f shows them."
    if not snapshot.engine.pid:
        return WAITING
    if not snapshot.feeds and not snapshot.hosts:
        return "Nothing is watched yet."
    blind = sum(feed.state in ("down", "unknown") for feed in snapshot.feeds.values())
    if blind:
        return f"No fires seen, but {blind} of {len(snapshot.feeds)} feeds are silent: not an all-clear."
    unseen = census.hosts(snapshot.hosts).states.get(HostState.PENDING, 0)
    if unseen:
        return (
            f"No fires seen yet: {unseen:,} of {len(snapshot.hosts):,} hosts not looked at so far."
        )
    return "Nothing is on fire."
