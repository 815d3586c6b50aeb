"""The Peek pane: the object under the cursor in a few lines, and what to do about it."""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from opsconsole.model.access import write_refusal
from opsconsole.model.alert import Alert
from opsconsole.model.dependencies import needed_by
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot, is_stale
from opsconsole.model.states import AlertState, Effect
from opsconsole.query.environments import owner_of
from opsconsole.view import format as fmt
from opsconsole.view.activity import event_text
from opsconsole.view.activity import lines as event_lines
from opsconsole.view.causes import causes, changes, events_of
from opsconsole.view.cells import cell, joined, safe_cell, span, state_tone
from opsconsole.view.folds import fold_lines
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.hosts import note, role
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.offers import Offer, offers, short_id
from opsconsole.view.oncall import fixes_words
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Span, Tone
from opsconsole.view.services import passing
from opsconsole.view.triage import members, on_object, severity_word
from opsconsole.view.why import mirror_words, why

_LABEL: Final = 7


class Peek(Struct, frozen=True):
    """The pane's title and lines."""

    title: Cell
    lines: tuple[Cell, ...]


def peek(
    snapshot: Snapshot,
    key: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
    folds: Mapping[str, tuple[str, ...]] = {},
) -> Peek:
    """Describe the object behind a row's key; an empty or gone one says so. `folds` as `triage.members` has it."""
    kind, _, name = key.partition(":")
    alerts = members(snapshot, key, folds)
    if alerts:
        return _fire(snapshot, alerts, now, options)
    if kind == "host" and name in snapshot.hosts:
        return _host(snapshot, snapshot.hosts[name], now, options)
    if kind == "service" and name in snapshot.services:
        return _service(snapshot, snapshot.services[name], now, options)
    if kind == "event" and name.isdigit() and int(name) in snapshot.events:
        event = snapshot.events[int(name)]
        head = (
            _line("what", cell(event_text(event))),
            _line("when", cell(fmt.moment(event.at, now, options.time))),
        )
        return Peek(_title("event", name), (*head, *_labels(event.data)))
    return Peek(cell("Peek", Tone.STRONG), (cell("Nothing under the cursor.", Tone.DIM),))


def brief(
    snapshot: Snapshot,
    key: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
    folds: Mapping[str, tuple[str, ...]] = {},
) -> tuple[Cell, ...]:
    """Describe the object in three lines, where there is no room for a pane; `folds` as in `peek`."""
    alerts = members(snapshot, key, folds)
    glyphs = options.glyphs
    latest = sorted(snapshot.events.values(), key=lambda event: (event.at, event.id))[-1:]
    tail = event_lines(latest, now, options)
    if not alerts:
        full = peek(snapshot, key, now, options)
        return (*full.lines[: 3 - len(tail)], *tail)
    alert = alerts[0]
    head = (
        span(f"{state_glyph(alert.severity, glyphs)} ", state_tone(alert.severity)),
        span(f"{alert.name} {bare_name(alert.on)} {fmt.age(now - alert.since)} "),
        _standing(alert),
        span(f"   {_do_words(snapshot, alert, now, options.me)}", Tone.DIM),
    )
    behind = causes(snapshot, alert)
    cause = _cause(behind[0], glyphs) if behind else _changed(snapshot, alert, now, options)
    return (head, (span("likely cause " if behind else "changed ", Tone.ACCENT), *cause), *tail)


def _standing(alert: Alert) -> Span:
    """Say who has a fire; of one that is over, that it is."""
    if alert.state is AlertState.RESOLVED:
        return span("LET GO", Tone.STALE) if alert.is_let_go else span("OVER", Tone.OK)
    owner = owner_of(alert)
    return span(owner or "NO OWNER", Tone.OK if owner else Tone.CRITICAL)


def _title(*words: str) -> Cell:
    return cell(f"Peek: {' '.join(words)}", Tone.STRONG)


def _line(label: str, content: Cell) -> Cell:
    return (span(label.ljust(_LABEL), Tone.ACCENT), *content)


def _fire(snapshot: Snapshot, alerts: tuple[Alert, ...], now: float, options: ViewOptions) -> Peek:
    alert, glyphs = alerts[0], options.glyphs
    names = folded(bare_name(each.on) for each in alerts)
    lines = [
        _line("what", cell(alert.summary or alert.annotations.get("description", alert.name))),
        _line("since", since(alert, now, options)),
        _line("who", who(alert, now)),
    ]
    lines.append(_line("why", cell(why(snapshot, alert, now, style=_zone(options)), Tone.DIM)))
    lines += [_line(label, said) for label, said in fold_lines(snapshot, alert, now, glyphs)]
    if vitals := _vitals_of(snapshot, alert.on, now, glyphs):
        lines.append(_line("on", vitals))
    if behind := causes(snapshot, alert):
        lines.append(_line("cause?", _cause(behind[0], glyphs)))
    lines.append(_line("change", _changed(snapshot, alert, now, options)))
    lines += do_lines(snapshot, alert, now, options.me)
    if helped := fixes_words(snapshot.fixes.get(alert.episode)):
        lines.append(_line("before", cell(helped[0], Tone.DIM)))
    if alert.notes:
        last = alert.notes[-1]
        lines.append(_line("note", cell(f"{last.actor}: {last.text}")))
    return Peek(_title(alert.name, names), tuple(lines))


def _zone(options: ViewOptions) -> str:
    return "local" if options.time == "local" else "utc"


def since(alert: Alert, now: float, options: ViewOptions) -> Cell:
    """Say when a fire began, how often it came before, and who tells of it."""
    begun = cell(fmt.moment(alert.since, now, options.time), Tone.DIM)
    said = f" ({fmt.age(now - alert.since)})   by {alert.source}"
    stale = severity_word(alert)[0] == "STALE"
    tail = (
        span(f"   last confirmed {fmt.age(now - alert.seen_at)} ago", Tone.STALE)
        if stale
        else span("")
    )
    return (*begun, span(said), tail)


def who(alert: Alert, now: float) -> Cell:
    """Say who has a fire, since when, and with which words."""
    if alert.is_let_go:
        return (span("It was not heard of for days. Nobody said that it is over.", Tone.STALE),)
    if alert.state is AlertState.RESOLVED:
        return (span("It is over.", Tone.OK),)
    if alert.owner is not None:
        return cell(f"{alert.owner} has it")
    if alert.ack is not None:
        words = f' "{alert.ack.note}"' if alert.ack.note else ""
        until = f", until {fmt.moment(alert.ack.until, now)}" if alert.ack.until else ""
        quiet = f", {mirror_words(alert.ack)}" if alert.ack.mirror else ""
        age = fmt.age(now - alert.ack.at)
        return cell(f"{alert.ack.actor} saw it {age} ago{words}{until}{quiet}")
    went = ""
    if alert.escalated:
        last = alert.escalated[-1]
        went = f", went to {last.who or last.to} {fmt.age(now - last.at)} ago"
    return (span("NOBODY", Tone.CRITICAL), span(f"{went}.  a ack   t take   x mute"))


def _cause(pair: tuple[Alert, str], glyphs: Glyphs) -> Cell:
    alert, why = pair
    owner = owner_of(alert)
    has = f", {owner} has it" if owner else ""
    sign = span(f"{state_glyph(alert.severity, glyphs)} ", state_tone(alert.severity))
    return (sign, span(f"{alert.name} {bare_name(alert.on)}: {why}{has}"))


def _changed(snapshot: Snapshot, alert: Alert, now: float, options: ViewOptions) -> Cell:
    found = changes(snapshot, alert.on, alert.since)
    if not found:
        return cell("none known in the 30m before", Tone.DIM)
    event = found[0]
    more = f"  +{len(found) - 1} more" if len(found) > 1 else ""
    return cell(f"{fmt.when(event.at, now, options.time)} {event_text(event)}{more}")


def do_lines(snapshot: Snapshot, alert: Alert, now: float, me: str) -> list[Cell]:
    """Say what can be done about a fire: the action offered first, the others, the link."""
    found = _doable(snapshot, alert, now, me)
    if not found:
        link = f"   see {alert.runbook_url}" if alert.runbook_url else ""
        return [_line("do", cell(f"a ack   t take   n note{link}"))]
    first = found[0].action
    lines = [
        _line(
            "do",
            (
                span("r ", Tone.ACCENT),
                span(f"{short_id(first.id)}   {first.title}"),
                span(f"   {effect_words(first.effect)}", Tone.DIM),
            ),
        )
    ]
    if len(found) > 1:
        others = ", ".join(short_id(offer.action.id) for offer in found[1:5])
        lines.append(_line("", cell(f"also: {others}", Tone.DIM)))
    refusal = write_refusal(snapshot.access, me, now)
    if refusal and any(offer.action.effect is not Effect.READ for offer in found):
        lines.append(_line("", cell(refusal, Tone.DIM)))
    if alert.runbook_url:
        lines.append(_line("", cell(alert.runbook_url, Tone.DIM)))
    return lines


def effect_words(effect: Effect) -> str:
    """Say what an action does to the world."""
    match effect:
        case Effect.READ:
            return "read only"
        case Effect.WRITE:
            return "changes, asks first"
        case Effect.DESTRUCTIVE:
            return "destructive, asks for its name"


def _do_words(snapshot: Snapshot, alert: Alert, now: float, me: str) -> str:
    found = _doable(snapshot, alert, now, me)
    return f"r {short_id(found[0].action.id)}" if found else "no runbook"


def _doable(snapshot: Snapshot, alert: Alert, now: float, me: str) -> list[Offer]:
    """List the actions that have something to act on."""
    selection = Selection("fires", f"alert:{alert.episode}", me=me)
    found = offers(snapshot, selection, now)
    return [
        offer for offer in found if offer.targets or offer.action.scope not in ("host", "service")
    ]


def _vitals_of(snapshot: Snapshot, on: str, now: float, glyphs: Glyphs) -> Cell:
    kind, _, name = on.partition(":")
    if kind == "host" and name in snapshot.hosts:
        record = snapshot.hosts[name]
        return (*_state(record.state, name, glyphs), span("  "), *vitals(record, now, glyphs))
    if kind == "service" and name in snapshot.services:
        service = snapshot.services[name]
        checks = f"  {passing(service, now)} checks pass"
        return (*_state(service.state, name, glyphs), span(checks))
    return ()


def _state(state: str, name: str, glyphs: Glyphs) -> Cell:
    return (span(f"{state_glyph(state, glyphs)} ", state_tone(state)), span(name))


def vitals(record: HostRecord, now: float, glyphs: Glyphs) -> Cell:
    """Write a host's numbers in a line, or why there are none."""
    if is_stale(record, now):
        ago = f", last seen {fmt.age(now - record.at)} ago" if record.at else ", never seen"
        return cell(f"{record.reason or 'no fresh sample'}{ago}", Tone.STALE)
    metrics = record.metrics
    parts = [cell(f"load {fmt.load(metrics.get('load.1m'), glyphs)}")]
    for word, name in (
        ("cpu", "cpu.busy"),
        ("mem", "mem.used_ratio"),
        ("disk", "fs.worst_used_ratio"),
    ):
        if name in metrics:
            parts.append(cell(f"{word} {fmt.percent(metrics[name], glyphs)}%"))
    return joined(parts)


def _host(snapshot: Snapshot, record: HostRecord, now: float, options: ViewOptions) -> Peek:
    reference, glyphs = f"host:{record.name}", options.glyphs
    words = " ".join(word for word in (str(record.state), role(record), record.address) if word)
    lines = [
        _line(
            "state",
            (span(f"{state_glyph(record.state, glyphs)} ", state_tone(record.state)), span(words)),
        ),
        _line("now", vitals(record, now, glyphs)),
    ]
    if record.spark:
        lines.append(_line("load", safe_cell(fmt.spark(record.spark, 16, glyphs), Tone.SPARK)))
    if said := note(record):
        lines.append(_line("note", cell(said)))
    lines += _fire_lines(on_object(snapshot, reference), now, glyphs)
    if carried := [bare_name(each) for each in needed_by(snapshot, reference)]:
        lines.append(_line("needed", cell("by " + ", ".join(carried[:6]))))
    lines += _recent(snapshot, reference, now, options)
    return Peek(_title(record.name), tuple(lines))


def _service(snapshot: Snapshot, record: ServiceRecord, now: float, options: ViewOptions) -> Peek:
    reference, glyphs = f"service:{record.name}", options.glyphs
    lines = [
        _line(
            "state",
            (
                span(f"{state_glyph(record.state, glyphs)} ", state_tone(record.state)),
                span(f"{record.state}  {passing(record, now)} checks pass"),
            ),
        ),
    ]
    if record.reason:
        lines.append(_line("why", cell(record.reason)))
    for check in record.checks[:4]:
        took = fmt.duration(check.latency) if check.latency is not None else glyphs.none
        sign = span(f"{state_glyph(check.state, glyphs)} ", state_tone(check.state))
        lines.append(_line("check", (sign, span(f"{check.name}  {took}  {check.target}"))))
    if record.hosts:
        lines.append(_line("hosts", cell(folded(record.hosts))))
    lines += _fire_lines(on_object(snapshot, reference), now, glyphs)
    lines += _recent(snapshot, reference, now, options)
    return Peek(_title(record.name), tuple(lines))


def _fire_lines(alerts: Iterable[Alert], now: float, glyphs: Glyphs) -> list[Cell]:
    return [_line("fire", fire_words(alert, now, glyphs)) for alert in alerts]


def fire_words(alert: Alert, now: float, glyphs: Glyphs) -> Cell:
    """Write a fire in a line: sign, name, age, who, what."""
    owner = owner_of(alert)
    return (
        span(f"{state_glyph(alert.severity, glyphs)} ", state_tone(alert.severity)),
        span(f"{alert.name} {fmt.age(now - alert.since)} "),
        span(owner or "NOBODY", Tone.OK if owner else Tone.CRITICAL),
        span(f"  {alert.summary}"),
    )


def _recent(snapshot: Snapshot, reference: str, now: float, options: ViewOptions) -> list[Cell]:
    found = event_lines(events_of(snapshot, reference, 5), now, options)
    return [_line("lately" if not nth else "", line) for nth, line in enumerate(found)]


def _labels(labels: Mapping[str, str]) -> tuple[Cell, ...]:
    return tuple(_line("", cell(f"{name}={value}", Tone.DIM)) for name, value in labels.items())
