"""A host's drill-down: headline, tabs, and what each tab shows of what the engine already told.

Logs, processes and raw answers are asked for (`AskHost`) and come as text; history comes as series.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from opsconsole.model.alert import Alert
from opsconsole.model.dependencies import needed_by, needs
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import HostRecord, Snapshot, is_stale
from opsconsole.model.states import AlertState, Reach
from opsconsole.view import format as fmt
from opsconsole.view.activity import lines as event_lines
from opsconsole.view.blast import blast, blast_words
from opsconsole.view.causes import events_of
from opsconsole.view.cells import cell, joined, span, state_tone
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.host_devices import mounts, use_tone
from opsconsole.view.hosts import role
from opsconsole.view.naming import bare_name
from opsconsole.view.offers import offers, short_id
from opsconsole.view.options import ViewOptions
from opsconsole.view.peek import fire_words
from opsconsole.view.rows import Cell, Column, Row, Table, Tone
from opsconsole.view.sections import Section, Tab
from opsconsole.view.triage import on_object, state_word

_LABEL: Final = 6


def headline(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Cell:
    """Say in a line what a host is and how it is."""
    record = snapshot.hosts.get(name)
    if record is None:
        return cell(f"{name} is not in the inventory any more", Tone.WARNING)
    glyphs = options.glyphs
    place = "/".join(v for k in ("env", "dc", "region", "rack") if (v := record.labels.get(k)))
    uptime = record.metrics.get("uptime")
    burning = on_object(snapshot, f"host:{name}")
    return joined(
        (
            (
                span(f"{state_glyph(record.state, glyphs)} ", state_tone(record.state)),
                span(name, Tone.STRONG),
            ),
            cell(role(record)) if role(record) else (),
            cell(place, Tone.DIM) if place else (),
            cell(record.address, Tone.DIM) if record.address != name else (),
            cell(f"up {fmt.age(uptime)}") if uptime is not None else (),
            _seen(record, now),
            cell(f"{len(burning)} fire{'s' * (len(burning) != 1)}", Tone.CRITICAL)
            if burning
            else (),
        )
    )


def _seen(record: HostRecord, now: float) -> Cell:
    if not record.at:
        return cell("never seen" if record.tried else "not polled yet", Tone.STALE)
    tone = Tone.STALE if is_stale(record, now) else Tone.DIM
    return cell(f"seen {fmt.age(now - record.at)} ago", tone)


def tabs(snapshot: Snapshot, name: str, now: float, me: str = "") -> tuple[Tab, ...]:
    """List the tabs, with counts where they say something."""
    fires = len(on_object(snapshot, f"host:{name}"))
    found = len(offers(snapshot, Selection("host", f"host:{name}", me=me), now))
    return (
        Tab("overview", "Overview"),
        Tab("services", "Services"),
        Tab("alerts", f"Alerts {fires}" if fires else "Alerts"),
        Tab("logs", "Logs"),
        Tab("procs", "Procs"),
        Tab("disks", "Disks"),
        Tab("net", "Net"),
        Tab("history", "History"),
        Tab("runbooks", f"Runbooks {found}" if found else "Runbooks"),
        Tab("raw", "Raw"),
    )


def tab_line(all_tabs: Sequence[Tab], current: str) -> Cell:
    """Write the tabs as a line, the current one in brackets."""
    parts = [
        cell(f"[{tab.title}]", Tone.STRONG) if tab.id == current else cell(tab.title, Tone.DIM)
        for tab in all_tabs
    ]
    return joined(parts)


def vitals(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show a host's numbers, one a line, and why there are none where there are none."""
    record = snapshot.hosts.get(name)
    title = cell("Vitals  15m", Tone.STRONG)
    if record is None:
        return Section("vitals", (), title)
    lines = _trouble(record, now)
    if not is_stale(record, now):
        lines += _numbers(record, options.glyphs)
    return Section("vitals", tuple(lines), title)


def _trouble(record: HostRecord, now: float) -> list[Cell]:
    """Say what stands between us and the host, and what mends it."""
    lines: list[Cell] = []
    if record.reach not in (None, Reach.UP):
        lines.append(_line("reach", cell(record.reach, Tone.STALE)))
    if record.reason:
        lines.append(_line("why", cell(record.reason)))
    if record.reach in (Reach.KEY_UNKNOWN, Reach.KEY_CHANGED):
        lines.append(_line("mend", cell(f":trust {record.name}", Tone.ACCENT)))
    if is_stale(record, now):
        ago = f"last good sample {fmt.age(now - record.at)} ago" if record.at else "no sample yet"
        lines.append(_line("stale", cell(ago, Tone.STALE)))
    return lines


def _numbers(record: HostRecord, glyphs: Glyphs) -> list[Cell]:
    metrics = record.metrics
    cores = metrics.get("cpu.cores")
    load = metrics.get("load.1m")
    lines = []
    if load is not None:
        spark = fmt.spark(record.spark, 8, glyphs) if record.spark else ""
        tail = f"  {cores:.0f} cores, {load / cores:.1f}{glyphs.times}" if cores else ""
        lines.append(
            _line(
                "load",
                (
                    span(f"{fmt.load(load, glyphs):>6} "),
                    span(spark, Tone.SPARK),
                    span(tail, Tone.DIM),
                ),
            )
        )
    lines += [
        _line("cpu", _share(metrics, "cpu.busy", glyphs, _extra(metrics, "cpu.iowait", "iowait"))),
        _line(
            "mem",
            _share(metrics, "mem.used_ratio", glyphs, _extra(metrics, "swap.used_ratio", "swap")),
        ),
    ]
    for labels, ratio in mounts(metrics)[:3]:
        tone = use_tone(ratio)
        mount = labels.get("mount", "?")
        lines.append(_line("disk", (span(f"{ratio * 100:5.0f}% ", tone), span(mount))))
    received, sent = metrics.get("net.rx_total"), metrics.get("net.tx_total")
    if received is not None and sent is not None:
        text = f"{fmt.size(received, glyphs)}/s in  {fmt.size(sent, glyphs)}/s out"
        lines.append(_line("net", cell(f"  {text}")))
    failed = metrics.get("units.failed")
    if failed:
        units = record.facts.get("units.failed", "")
        lines.append(_line("units", cell(f"  {failed:.0f} failed  {units}", Tone.WARNING)))
    return lines


def _share(metrics: Mapping[str, float], name: str, glyphs: Glyphs, extra: str) -> Cell:
    value = metrics.get(name)
    if value is None:
        return cell(f"{glyphs.none:>6}", Tone.DIM)
    shown = f"{value * 100:5.0f}% "
    return (
        span(shown),
        span(fmt.bar(value, 8, glyphs), Tone.SPARK),
        span(f"  {extra}" if extra else "", Tone.DIM),
    )


def _extra(metrics: Mapping[str, float], name: str, word: str) -> str:
    value = metrics.get(name)
    return "" if value is None else f"{word} {value * 100:.0f}"


def _line(label: str, content: Cell) -> Cell:
    return (span(label.ljust(_LABEL), Tone.ACCENT), *content)


def fires(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show a host's fires, what it needs, what needs it, and what can be done."""
    reference = f"host:{name}"
    burning = on_object(snapshot, reference)
    lines = [fire_words(alert, now, options.glyphs) for alert in burning]
    if not lines:
        lines = [cell("nothing is on fire here", Tone.DIM)]
    lines.append(())
    if below := needs(snapshot, reference):
        lines.append(_wide("depends on", _states(snapshot, sorted(below), options.glyphs)))
    if needed := needed_by(snapshot, reference):
        lines.append(_wide("needed by", _states(snapshot, needed, options.glyphs)))
        lines.append(_wide("without it", cell(blast_words(blast(snapshot, reference)))))
    found = offers(snapshot, Selection("host", reference, me=options.me), now)
    if found:
        lines.append(_wide("do", cell("r  " + "  ".join(short_id(o.action.id) for o in found[:4]))))
    title = f"Fires {len(burning)}" if burning else "Fires"
    return Section("fires", tuple(lines), cell(title, Tone.STRONG))


def _wide(label: str, content: Cell) -> Cell:
    return (span(label.ljust(12), Tone.ACCENT), *content)


def _states(snapshot: Snapshot, references: Sequence[str], glyphs: Glyphs) -> Cell:
    parts: list[Cell] = []
    for reference in references[:8]:
        kind, _, name = reference.partition(":")
        record = (snapshot.hosts if kind == "host" else snapshot.services).get(name)
        state = str(record.state) if record is not None else "unknown"
        parts.append(
            (span(f"{bare_name(reference)} "), span(state_glyph(state, glyphs), state_tone(state)))
        )
    return joined(parts)


def changed(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show what happened to a host lately."""
    lines = event_lines(events_of(snapshot, f"host:{name}", 50), now, options)
    empty = (cell("nothing known of it yet", Tone.DIM),)
    return Section("changed", lines or empty, cell("What happened", Tone.STRONG))


def alerts_table(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Table:
    """List a host's alerts, the resolved ones of the last minutes included."""
    return alerts_of(snapshot, f"host:{name}", now, options)


def alerts_of(snapshot: Snapshot, reference: str, now: float, options: ViewOptions) -> Table:
    """List the alerts on an object as rows."""
    found = [alert for alert in snapshot.alerts.values() if alert.on == reference]
    found.sort(key=lambda alert: (not alert.is_firing, alert.since))
    return Table(
        columns=(
            Column("glyph", "", 1, sortable=False),
            Column("for", "FOR", 4, right=True),
            Column("alert", "ALERT", 16),
            Column("state", "STATE", 8),
            Column("who", "WHO", 6),
            Column("what", "WHAT", 20, flexible=True),
        ),
        rows=tuple(_alert_row(alert, snapshot, now, options.glyphs) for alert in found),
        title=cell(f"Alerts {len(found)}", Tone.STRONG),
        empty="No alerts.",
    )


def _alert_row(alert: Alert, snapshot: Snapshot, now: float, glyphs: Glyphs) -> Row:
    word = state_word(alert, now, snapshot.ack_within)
    well = alert.state is AlertState.RESOLVED and not alert.is_let_go
    tone = state_tone(alert.severity) if alert.is_firing else Tone.OK if well else Tone.STALE
    sign = glyphs.ok if well else glyphs.pending
    sign = state_glyph(alert.severity, glyphs) if alert.is_firing else sign
    cells = (
        cell(sign, tone),
        cell(fmt.age(now - alert.since)),
        cell(alert.name),
        cell(word.text, word.tone) if alert.is_firing else cell(alert.state),
        cell(alert.owner or (alert.ack.actor if alert.ack else glyphs.none)),
        cell(alert.summary),
    )
    return Row(f"alert:{alert.episode}", cells, Tone.NORMAL if alert.is_firing else Tone.DIM)
