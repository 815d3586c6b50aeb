"""What a run does to the services on its targets, as it does it: state, checks passing, errors, each host."""

from collections.abc import Sequence
from typing import Final

from opsconsole.model.run import Run
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot, is_stale
from opsconsole.model.states import ServiceState
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, joined, span, state_tone
from opsconsole.view.glyphs import Glyphs, state_glyph
from opsconsole.view.naming import bare_name
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.sections import Section

_SPARK: Final = 16
_HOST_SPARK: Final = 8


def section(
    snapshot: Snapshot,
    run: Run,
    now: float,
    width: int,
    height: int,
    options: ViewOptions = ViewOptions(),  # noqa: B008 - frozen
) -> Section:
    """Make the pane of live effect: the services first, then as many of the run's hosts as fit."""
    services = touched_services(snapshot, run)
    lines = [_service_line(one, now, options.glyphs) for one in services[: max(1, height - 1)]]
    lines += _host_lines(snapshot, run, now, width, height - len(lines), options.glyphs)
    title = ", ".join(one.name for one in services[:3]) or "hosts"
    nothing = cell("No service is known to be on these targets.", Tone.DIM)
    return Section("effect", tuple(lines) or (nothing,), cell(f"Live effect: {title}", Tone.STRONG))


def touched_services(snapshot: Snapshot, run: Run) -> list[ServiceRecord]:
    """List the services a run's targets are, or carry; the one it names first, then the worst."""
    names = {bare_name(target.name) for target in run.targets}
    services = snapshot.services.values()
    found = [s for s in services if s.name in names or names & set(s.hosts)]
    named = set(run.params.values())
    return sorted(found, key=lambda s: (s.name not in named, s.state is ServiceState.UP, s.name))


def _service_line(service: ServiceRecord, now: float, glyphs: Glyphs) -> Cell:
    stale = is_stale(service, now)
    word = "unknown" if stale else str(service.state)
    up = sum(check.state is ServiceState.UP for check in service.checks)
    errors = fmt.tenths(service.error_ratio, glyphs)
    return joined(
        (
            (
                span(f"{state_glyph(word, glyphs)} ", state_tone(word)),
                span(f"{service.name} ", Tone.STRONG),
                span(word, state_tone(word)),
            ),
            cell(f"{up}/{len(service.checks)} checks pass") if service.checks else (),
            (span("errors "), span(fmt.spark(service.spark, _SPARK, glyphs), Tone.SPARK), span(f" {errors}%")),
            cell(f"p95 {fmt.duration(service.p95)}") if service.p95 is not None else (),
            cell(f"looked at {fmt.age_of(service.at, now, glyphs)} ago", Tone.STALE if stale else Tone.DIM),
        )
    )  # fmt: skip


def _host_lines(
    snapshot: Snapshot, run: Run, now: float, width: int, room: int, glyphs: Glyphs
) -> list[Cell]:
    hosts = _hosts_of(snapshot, run)
    if not hosts or room < 1:
        return []
    pieces = [_host_piece(host, now, glyphs) for host in hosts]
    wide = max(fmt.cell_width("".join(s.text for s in piece)) for piece in pieces) + 3
    across = max(1, width // wide)
    lines = [joined(pieces[at : at + across], "   ") for at in range(0, len(pieces), across)]
    if len(lines) <= room:
        return lines
    hidden = len(pieces) - (room - 1) * across
    return [*lines[: room - 1], cell(f"{glyphs.ellipsis} {hidden} hosts more", Tone.DIM)]


def _hosts_of(snapshot: Snapshot, run: Run) -> Sequence[HostRecord]:
    names: dict[str, None] = {}
    for target in run.targets:
        name = bare_name(target.name)
        service = snapshot.services.get(name)
        for host in service.hosts if service is not None else (name,):
            names[host] = None
    return [snapshot.hosts[name] for name in names if name in snapshot.hosts]


def _host_piece(host: HostRecord, now: float, glyphs: Glyphs) -> Cell:
    word = "unknown" if is_stale(host, now) else str(host.state)
    return (
        span(f"{state_glyph(word, glyphs)} ", state_tone(word)),
        span(f"{host.name} "),
        span(fmt.spark(host.spark, _HOST_SPARK, glyphs), Tone.SPARK),
    )
