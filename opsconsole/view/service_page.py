"""A service's drill-down: its checks with their phases, the hosts that carry it, its fires."""

from opsconsole.model.dependencies import needed_by, needs
from opsconsole.model.snapshot import CheckRecord, ServiceRecord, Snapshot, is_stale
from opsconsole.view import format as fmt
from opsconsole.view.activity import lines as event_lines
from opsconsole.view.blast import blast, blast_words
from opsconsole.view.causes import events_of
from opsconsole.view.cells import cell, joined, safe_cell, span, state_tone
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.host_page import alerts_of
from opsconsole.view.naming import bare_name
from opsconsole.view.options import ViewOptions
from opsconsole.view.peek import vitals
from opsconsole.view.rows import Cell, Column, Row, Table, Tone
from opsconsole.view.sections import Section
from opsconsole.view.services import passing
from opsconsole.view.slo import lines as slo_lines

_PHASES = ("dns", "connect", "tls", "first_byte", "transfer")


def headline(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Cell:
    """Say in a line how a service is."""
    record = snapshot.services.get(name)
    if record is None:
        return cell(f"{name} is not in the inventory any more", Tone.WARNING)
    glyphs = options.glyphs
    error = record.error_ratio
    return joined(
        (
            (
                span(f"{state_glyph(record.state, glyphs)} ", state_tone(record.state)),
                span(name, Tone.STRONG),
            ),
            cell(record.state, state_tone(record.state)),
            cell(f"{passing(record, now)} checks pass"),
            cell(f"p95 {fmt.duration(record.p95)}") if record.p95 is not None else (),
            cell(f"errors {error * 100:.1f}%") if error is not None else (),
            cell(f"asked {fmt.age(now - record.at)} ago", Tone.DIM)
            if record.at
            else cell("not asked yet", Tone.STALE),
        )
    )


def checks(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Table:
    """List a service's checks: state, time, why, where from."""
    record = snapshot.services.get(name)
    found = () if record is None else record.checks
    return Table(
        columns=(
            Column("glyph", "", 1, sortable=False),
            Column("check", "CHECK", 14),
            Column("kind", "KIND", 4),
            Column("latency", "TIME", 6, right=True),
            Column("age", "AGE", 4, right=True),
            Column("reason", "REASON", 26, flexible=True),
            Column("target", "TARGET", 8, flexible=True),
        ),
        rows=tuple(_check_row(check, name, now, options.glyphs) for check in found),
        title=cell(f"Checks {len(found)}", Tone.STRONG),
        empty="It has no checks.",
    )


def _check_row(check: CheckRecord, service: str, now: float, glyphs: Glyphs) -> Row:
    stale = is_stale(check, now)
    took = glyphs.none if check.latency is None or stale else fmt.duration(check.latency)
    reason = " · ".join(filter(None, (soft(check), check.reason)))
    cells = (
        cell(state_glyph(check.state, glyphs), state_tone(check.state)),
        cell(_bare(check, service)),
        cell(check.kind),
        cell(took),
        safe_cell(
            fmt.age_of(check.at, now, glyphs), Tone.STALE if stale and check.at else Tone.NORMAL
        ),
        cell(reason),
        cell(check.target or check.via),
    )
    return Row(f"check:{check.name}", cells, Tone.DIM if check.state == "up" else Tone.NORMAL)


def details(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show what a service is asked, where the time goes, and what it needs."""
    record = snapshot.services.get(name)
    title = cell("What is asked", Tone.STRONG)
    if record is None:
        return Section("details", (), title)
    lines: list[Cell] = [_line("why", cell(record.reason))] if record.reason else []
    if record.spark:
        lines.append(
            _line("errors", safe_cell(fmt.spark(record.spark, 16, options.glyphs), Tone.SPARK))
        )
    if (slo := snapshot.slos.get(name)) is not None:
        lines += slo_lines(slo, options.glyphs)
    asked = ""
    for check in record.checks:
        demands = _assertions(check)
        if str(demands) != asked:
            lines += demands
            asked = str(demands)
        if check.phases and not is_stale(check, now):
            lines.append(_phases(check, record.name))
    lines += _neighbours(snapshot, record, options.glyphs)
    return Section("details", tuple(lines), title, cell(f"every {record.every:g}s", Tone.DIM))


def soft(check: CheckRecord) -> str:
    """Say how far a change is from counting: `2/3 soft down`; empty when nothing is under way."""
    if not check.soft:
        return ""
    wanted = check.passes if check.soft_state == "up" else check.fails
    return f"{check.soft}/{wanted} soft {check.soft_state}".rstrip()


def _assertions(check: CheckRecord) -> list[Cell]:
    lines = [_line("must", cell(text)) for text in check.must]
    return lines + [_line("should", cell(text)) for text in check.should]


def _phases(check: CheckRecord, service: str) -> Cell:
    parts = [
        f"{name} {fmt.duration(check.phases[name])}" for name in _PHASES if name in check.phases
    ]
    return cell("  ".join((_bare(check, service), *parts)), Tone.DIM)


def _bare(check: CheckRecord, service: str) -> str:
    """Name a check on its service's own page: `web-01`, not `shop/web-01`."""
    return check.name.removeprefix(f"{service}/")


def _neighbours(snapshot: Snapshot, record: ServiceRecord, glyphs: Glyphs) -> list[Cell]:
    lines: list[Cell] = []
    for label, names in (
        (
            "needs",
            sorted(needs(snapshot, f"service:{record.name}") - {f"host:{h}" for h in record.hosts}),
        ),
        ("needed by", needed_by(snapshot, f"service:{record.name}")),
    ):
        if names:
            lines.append(
                _line(label, joined(_neighbour(snapshot, name, glyphs) for name in names[:8]))
            )
    if lines:
        lines.append(
            _line("without it", cell(blast_words(blast(snapshot, f"service:{record.name}"))))
        )
    return lines


def _neighbour(snapshot: Snapshot, reference: str, glyphs: Glyphs) -> Cell:
    kind, _, name = reference.partition(":")
    record = (snapshot.hosts if kind == "host" else snapshot.services).get(name)
    state = "unknown" if record is None else str(record.state)
    return (span(f"{bare_name(reference)} "), span(state_glyph(state, glyphs), state_tone(state)))


def _line(label: str, content: Cell) -> Cell:
    return (span(label.ljust(10), Tone.ACCENT), *content)


def carriers(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show the hosts that carry a service, and how they do."""
    record = snapshot.services.get(name)
    lines: list[Cell] = []
    for host in () if record is None else record.hosts:
        known = snapshot.hosts.get(host)
        if known is not None:
            sign = span(f"{state_glyph(known.state, options.glyphs)} ", state_tone(known.state))
            lines.append((sign, span(f"{host:<16} "), *vitals(known, now, options.glyphs)))
    empty = (cell("no host is said to carry it (`on:`)", Tone.DIM),)
    return Section("carriers", tuple(lines) or empty, cell(f"Hosts {len(lines)}", Tone.STRONG))


def alerts(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Table:
    """List a service's alerts."""
    return alerts_of(snapshot, f"service:{name}", now, options)


def changed(
    snapshot: Snapshot,
    name: str,
    now: float,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Show what happened to a service lately."""
    lines = event_lines(events_of(snapshot, f"service:{name}", 50), now, options)
    empty = (cell("nothing known of it yet", Tone.DIM),)
    return Section("changed", lines or empty, cell("What happened", Tone.STRONG))
