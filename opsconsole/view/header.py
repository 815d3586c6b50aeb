"""The two lines on top: how bad it is, who may change things, and whether what one sees can be trusted."""

from typing import Final

from msgspec import Struct

from opsconsole.model.access import live_freezes, unlock_of
from opsconsole.model.moment import Moment
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Access, Feed, Snapshot
from opsconsole.model.states import RunState, ServiceState
from opsconsole.view import census, storm
from opsconsole.view import format as fmt
from opsconsole.view.burning import burning
from opsconsole.view.cells import beside, cell, joined, safe_cell, span, width_of
from opsconsole.view.expiring import soon_words
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.naming import bare_name
from opsconsole.view.oncall import incident_chip, on_call_chip
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.tally import tally
from opsconsole.view.triage import is_blind

_NORMAL_FROM: Final = 100
_WORD_OF: Final = {"CRIT": "critical", "WARN": "warning", "STALE": "unknown"}


class Frame(Struct, frozen=True):
    """What the screen itself knows: where one is, and how the line to the engine is."""

    crumbs: tuple[str, ...] = ("all", "overview")
    filter: str = ""
    layout: str = "default"
    link: str = "attached"
    """attached, connecting or lost."""
    paused_at: float | None = None
    """The moment the screen was frozen at."""
    past: Moment | None = None
    """The board of before that is shown."""


def lines(
    snapshot: Snapshot,
    now: float,
    width: int,
    frame: Frame = Frame(),  # noqa: B008 - frozen
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> tuple[Cell, Cell]:
    """Make the header; `width` is the whole screen's."""
    left = _situation(snapshot, width, options.glyphs)
    right = [
        _soon(snapshot, now, width, options.me),
        _people(snapshot, width),
        on_call_chip(snapshot, now, options) if width >= _NORMAL_FROM else (),
        access_word(snapshot.access, options.me, now),
        _time(now, frame, options),
    ]
    stands_still = frame.past is not None or frame.paused_at is not None
    return _fitted(left, right, width, stands_still=stands_still), _place(
        snapshot, now, width, frame, options.glyphs
    )


def _fitted(left: list[Cell], right: list[Cell], width: int, *, stands_still: bool) -> Cell:
    """Set both ends on one line; what matters least gives way.

    Whether one may change things never does, nor that the screen stands still.
    """
    least = [(right, 1), (right, 2), (left, 3), (left, 2), (right, 0), (right, 4), (left, 1)]
    if stands_still:
        least.remove((right, 4))
    for part, place in least:
        if width_of(joined(left)) + width_of(joined(right)) < width:
            break
        part[place] = ()
    return beside(joined(left), joined(right), width)


def banners(
    snapshot: Snapshot,
    now: float | None = None,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> tuple[Cell, ...]:
    """List the sentences that stay until their cause is gone, the worst first: screens show only the first few."""
    found = storm.storm(snapshot, snapshot.now if now is None else now)
    raging = (storm.line(found, options.glyphs),) if found is not None else ()
    ordered = sorted(snapshot.banners.values(), key=lambda b: b.id)
    return (
        *raging,
        *(cell(b.text, Tone.CRITICAL) for b in ordered if b.severity == "critical"),
        *_approvals(snapshot, now),
        *(
            cell(b.text, Tone.WARNING if b.severity == "warning" else Tone.ACCENT)
            for b in ordered
            if b.severity != "critical"
        ),
    )


def past_line(moment: Moment, now: float, width: int, options: ViewOptions) -> Cell:
    """Say that this is not now, how long ago it is, and the keys from here."""
    style = "local" if options.time == "local" else "utc"
    ago = fmt.age(max(0.0, now - moment.at))
    said = f" THE PAST {fmt.moment(moment.at, now, style)}, {ago} ago "
    if moment.note:
        said += f"({moment.note}) "
    keys = ("p now", "{ } minute", "( ) event", "b 5 minutes", "m mark")
    left = cell(said, Tone.CRITICAL)
    for count in range(len(keys), 0, -1):
        right = cell("   ".join(keys[:count]), Tone.DIM)
        if width_of(left) + width_of(right) + 1 < width:
            return beside(left, right, width)
    return left


def _approvals(snapshot: Snapshot, now: float | None) -> tuple[Cell, ...]:
    """Say which run waits for a second person; of several, how many do."""
    waiting = [run for run in snapshot.runs.values() if run.state is RunState.AWAITING_APPROVAL]
    if len(waiting) > 1:
        said = f"{len(waiting)} runs need a second person (:runs, a)"
        return (cell(said, Tone.WARNING),)
    return tuple(_approval(run, snapshot.now if now is None else now) for run in waiting)


def _approval(run: Run, now: float) -> Cell:
    count = len(run.targets)
    where = bare_name(run.targets[0].name) if count == 1 else f"{count} targets"
    left = fmt.age(max(0.0, run.approval.until - now)) if run.approval is not None else ""
    said = f"a second person is needed, {left} left (:runs, a): {run.actor}, {run.title} on {where}"
    return cell(said, Tone.WARNING)


def _situation(snapshot: Snapshot, width: int, glyphs: Glyphs) -> list[Cell]:
    """Give the environment with the fires, who is missing, hosts and services."""
    normal = width >= _NORMAL_FROM
    fires = burning(snapshot)
    counts = {_WORD_OF.get(word, "info"): count for word, count in fires.words.items()}
    seen = tally(counts, glyphs, faults_only=True) or _calm(snapshot, glyphs)
    unacked = fires.unacked
    hosts = census.hosts(snapshot.hosts).states
    services = census.services(snapshot.services)
    return [
        (*badge(snapshot.access, glyphs), span(" fires " if normal else " "), *seen),
        joined(
            (cell(f"UNACKED {unacked}", Tone.CRITICAL) if unacked else (), incident_chip(snapshot))
        ),
        _group(
            "hosts",
            len(snapshot.hosts),
            tally(hosts, glyphs, faults_only=True) if normal else (),
        ),
        _group(
            "svc",
            len(snapshot.services),
            tally(services, glyphs, faults_only=True) if normal else (),
        ),
    ]


def _calm(snapshot: Snapshot, glyphs: Glyphs) -> Cell:
    """Say that nothing burns, in green only where somebody looks and everything is seen."""
    if not is_blind(snapshot):
        return cell(glyphs.ok, Tone.OK)
    looks = any(
        feed.state in (ServiceState.UP, ServiceState.DEGRADED) for feed in snapshot.feeds.values()
    )
    return cell(glyphs.stale, Tone.STALE) if looks else cell(glyphs.none, Tone.DIM)


def badge(access: Access, glyphs: Glyphs) -> Cell:
    """Name the environment; only a production one is solid."""
    name = access.environment.upper()
    if not name:
        return cell("opsconsole", Tone.STRONG)
    if access.environment.lower().startswith("prod"):
        return cell(f"{glyphs.full} {name} {glyphs.full}", Tone.BADGE)
    return cell(f"[{name}]", Tone.ACCENT)


def access_word(access: Access, me: str, now: float) -> Cell:
    """Say in a word whether one may change things, and for how long still."""
    if access.read_only:
        return cell("READ-ONLY", Tone.OK)
    frozen = next((f for f in live_freezes(access, now)), None)
    if frozen is not None:
        scope = "" if frozen.scope in ("", "*") else f" {frozen.scope}"
        return cell(f"FROZEN{scope} by {frozen.actor} {fmt.age(frozen.until - now)}", Tone.WARNING)
    if not access.locked:
        return ()
    unlock = unlock_of(access, me, now)
    if unlock is None:
        return cell("LOCKED", Tone.OK)
    return cell(f"UNLOCKED {fmt.age(unlock.until - now)}", Tone.WARNING)


def _group(word: str, total: int, counts: Cell) -> Cell:
    return joined((cell(f"{word} {total}"), counts), " ") if total else ()


def _soon(snapshot: Snapshot, now: float, width: int, me: str) -> Cell:
    """Say what of mine ends within the hour, where there is room: `silence ends 42m`."""
    words = soon_words(snapshot, me, now) if width >= _NORMAL_FROM else ""
    return cell(words, Tone.WARNING) if words else ()


def _people(snapshot: Snapshot, width: int) -> Cell:
    if width < _NORMAL_FROM or len(snapshot.people) < 2:
        return ()
    return cell(" ".join(sorted(snapshot.people)[:4]), Tone.DIM)


def _time(now: float, frame: Frame, options: ViewOptions) -> Cell:
    style = "local" if options.time == "local" else "utc"
    zone = "" if style == "local" else "Z"
    if frame.past is not None:
        return cell(f"PAST {fmt.clock_time(frame.past.at, style)}{zone}", Tone.CRITICAL)
    if frame.paused_at is not None:
        return cell(f"PAUSED {fmt.clock_time(frame.paused_at, style)}{zone}", Tone.WARNING)
    return cell(f"{fmt.clock_time(now, style)}{zone}", Tone.DIM)


def _place(snapshot: Snapshot, now: float, width: int, frame: Frame, glyphs: Glyphs) -> Cell:
    crumbs = cell(f" {glyphs.crumb} ".join(frame.crumbs), Tone.DIM)
    filtered = frame.filter or glyphs.none
    tone = Tone.ACCENT if frame.filter else Tone.DIM
    left = joined(
        (
            crumbs,
            (span("filter: ", Tone.DIM), span(filtered, tone)),
            cell(f"layout: {frame.layout}", Tone.DIM),
        ),
        "   ",
    )
    # That what one sees may be old is said first; where one stands gives way to it.
    lost = _link(frame)
    if lost and width_of(left) + width_of(lost) >= width:
        return beside(lost, crumbs, width)
    return beside(left, lost or feeds(snapshot, now, width), width)


def _link(frame: Frame) -> Cell:
    if frame.link == "lost":
        return cell("engine lost, re-attaching: what you see grows old", Tone.CRITICAL)
    return cell("connecting to the engine", Tone.WARNING) if frame.link == "connecting" else ()


def feeds(snapshot: Snapshot, now: float, width: int) -> Cell:
    """Say how many of everything that feeds us answers, and how old the oldest sample is."""
    if not snapshot.feeds:
        return ()
    if width < _NORMAL_FROM:
        ok = sum(feed.ok for feed in snapshot.feeds.values())
        total = sum(feed.total for feed in snapshot.feeds.values())
        tone = Tone.DIM if ok == total else Tone.STALE
        return cell(f"feed {ok}/{total}", tone)
    each = [_feed(feed) for feed in sorted(snapshot.feeds.values(), key=_feed_order)]
    oldest = census.hosts(snapshot.hosts).oldest
    tail = (
        ()
        if oldest is None
        else (span("oldest ", Tone.DIM), *safe_cell(fmt.age(now - oldest), Tone.DIM))
    )
    return joined(((span("feed ", Tone.DIM), *joined(each)), tail))


def _feed_order(feed: Feed) -> tuple[int, str]:
    return ({"ssh": 0, "http": 1}.get(feed.name, 2), feed.name)


def _feed(feed: Feed) -> Cell:
    bad = feed.state in (ServiceState.DOWN, ServiceState.UNKNOWN, ServiceState.DEGRADED)
    tone = Tone.STALE if bad or feed.ok < feed.total else Tone.DIM
    return cell(f"{feed.name} {feed.ok}/{feed.total}", tone)
