"""A fire's drill-down: what, who, what changed before it, what to do, and its own history."""

from opsconsole.model.alert import Alert
from opsconsole.model.dependencies import needed_by
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.environments import owner_of
from opsconsole.view import format as fmt
from opsconsole.view.activity import event_text
from opsconsole.view.causes import causes, changes, events_of
from opsconsole.view.cells import cell, joined, span, state_tone
from opsconsole.view.folds import fold_lines
from opsconsole.view.glyphs import state_glyph
from opsconsole.view.naming import bare_name
from opsconsole.view.oncall import fixes_words
from opsconsole.view.options import ViewOptions
from opsconsole.view.peek import fire_words, since, vitals, who
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.sections import Section
from opsconsole.view.triage import severity_word, state_word
from opsconsole.view.why import why

_LABEL = 9


def headline(
    snapshot: Snapshot,
    episode: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Cell:
    """Say in a line what burns, where, since when, who has it and who says so."""
    alert = snapshot.alerts.get(episode)
    if alert is None:
        return cell("this fire is over, and out of the list", Tone.MUTED)
    word, tone = severity_word(alert)
    state = state_word(alert, now, snapshot.ack_within)
    owner = owner_of(alert)
    return joined(
        (
            (span(f"{state_glyph(alert.severity, options.glyphs)} {word}", tone),),
            cell(alert.name, Tone.STRONG),
            cell(f"on {bare_name(alert.on)}"),
            cell(f"{alert.state} {fmt.age(now - alert.since)}"),
            cell(f"{state.text}{f' by {owner}' if owner else ''}", state.tone),
            cell(f"source {alert.source}", Tone.DIM),
            cell(f"id {alert.fingerprint[:8]}", Tone.DIM),
        )
    )


def what(
    snapshot: Snapshot,
    alert: Alert,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show what a fire says, its labels, and how the object it is on does."""
    lines = [cell(alert.summary or alert.name, Tone.STRONG)]
    description = alert.annotations.get("description", "")
    if description and description != alert.summary:
        lines.append(cell(description))
    lines.append(_line("since", since(alert, now, options)))
    if alert.value is not None:
        lines.append(_line("value", cell(f"{alert.value:g}")))
    lines.append(_line("why", cell(why(snapshot, alert, now))))
    lines += [
        _line(label, said) for label, said in fold_lines(snapshot, alert, now, options.glyphs)
    ]
    kind, _, name = alert.on.partition(":")
    if kind == "host" and name in snapshot.hosts:
        lines.append(_line("host", vitals(snapshot.hosts[name], now, options.glyphs)))
    if needed := needed_by(snapshot, alert.on):
        lines.append(
            _line("impact", cell("needed by " + ", ".join(bare_name(each) for each in needed[:6])))
        )
    if alert.raw_severity != alert.severity:
        lines.append(_line("severity", cell(f"{alert.severity}, said as {alert.raw_severity!r}")))
    lines += [
        _line("before", cell(words)) for words in fixes_words(snapshot.fixes.get(alert.episode))
    ]
    lines.append(_line("labels", cell(" ".join(f"{k}={v}" for k, v in alert.labels.items()))))
    lines += [_line("link", cell(url)) for url in (alert.runbook_url, alert.generator_url) if url]
    return Section("what", tuple(lines), cell("What", Tone.STRONG))


def _line(label: str, content: Cell) -> Cell:
    return (span(label.ljust(_LABEL), Tone.ACCENT), *content)


def people(
    snapshot: Snapshot,
    alert: Alert,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show who has a fire, who else is here, and the notes on it."""
    lines = [_line("owner", who(alert, now))]
    lines += [
        _line("went to", cell(f"{mark.who or mark.to} {fmt.age(now - mark.at)} ago ({mark.to})"))
        for mark in alert.escalated
    ]
    if snapshot.people:
        lines.append(_line("here", cell(", ".join(sorted(snapshot.people)))))
    lines.append(
        _line(
            "notes", cell(str(len(alert.notes)) if alert.notes else "none (n adds one)", Tone.DIM)
        )
    )
    lines += [
        (
            span(f"  {fmt.when(note.at, now, options.time)} ", Tone.DIM),
            span(f"{note.actor}: {note.text}"),
        )
        for note in alert.notes[-8:]
    ]
    return Section("who", tuple(lines), cell("Who", Tone.STRONG))


def changed(
    snapshot: Snapshot,
    alert: Alert,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show what may be behind a fire: changes in the half hour before it, nearest first, then other fires."""
    lines: list[Cell] = [
        (
            span(f"{fmt.when(event.at, now, options.time)} ", Tone.DIM),
            span(f"{options.glyphs.event} ", Tone.ACCENT),
            span(f"{event_text(event)}  "),
            span(_apart(event.at, alert), Tone.DIM),
        )
        for event in changes(snapshot, alert.on, alert.since)
    ]
    lines += [
        (
            span(f"{fmt.when(other.since, now, options.time)} ", Tone.DIM),
            span(f"{state_glyph(other.severity, options.glyphs)} ", state_tone(other.severity)),
            span(f"{other.name} {bare_name(other.on)}  "),
            span(f"{why}  ", Tone.ACCENT),
            span(_apart(other.since, alert), Tone.DIM),
        )
        for other, why in causes(snapshot, alert)
    ]
    empty = (cell("nothing known to have changed in the 30m before", Tone.DIM),)
    title = cell("What may be behind it", Tone.STRONG)
    return Section("changed", tuple(lines) or empty, title)


def _apart(at: float, alert: Alert) -> str:
    """Say how long before a fire something was; what came with its signs may be told later than it."""
    apart = alert.since - at
    return f"{fmt.age(apart)} before" if apart >= 0 else f"{fmt.age(-apart)} after"


def before(
    snapshot: Snapshot,
    alert: Alert,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show what else burns on the object, and what happened to it lately."""
    others = [
        fire_words(other, now, options.glyphs)
        for other in snapshot.alerts.values()
        if other.on == alert.on and other.episode != alert.episode and other.is_firing
    ]
    lately = [
        (span(f"{fmt.when(event.at, now, options.time)} ", Tone.DIM), span(event_text(event)))
        for event in events_of(snapshot, alert.on, 12)
    ]
    lines: tuple[Cell, ...] = (*others, *lately)
    title = cell(f"Also on {bare_name(alert.on)}", Tone.STRONG)
    return Section("before", lines or (cell("nothing else", Tone.DIM),), title)
