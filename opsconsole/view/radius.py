"""How far a change would reach while its targets are being chosen: shares, racks, what is left, who is there."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.actions.target_words import WHOLE, resolve_targets, split_words
from opsconsole.errors import QueryError, RefusedError
from opsconsole.model.access import live_freezes
from opsconsole.model.action import ActionSpec
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot, is_stale
from opsconsole.model.states import Effect, HostState, Reach
from opsconsole.query.contexts import HOSTS
from opsconsole.query.environments import host_env
from opsconsole.query.filter_line import compile_filter
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, joined, span
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.offers import short_id
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Tone

DOMAINS: Final = ("rack", "zone", "az", "dc", "site")
"""Labels that name a failure domain, the first that is there is shown."""
LINES: Final = 6
_BAR: Final = 12
_SERVICES: Final = 2


class Share(Struct, frozen=True):
    """What of a service's hosts is among the targets."""

    service: str
    hosts: int
    targets: int
    healthy: int
    """Healthy by fresh data now, the targets included."""
    left: int
    """Healthy ones that are no target."""


class Radius(Struct, frozen=True):
    """Everything the bar says."""

    names: tuple[str, ...] = ()
    refusal: str = ""
    """Why these targets cannot be taken; empty when they can."""
    shares: tuple[Share, ...] = ()
    domain: str = ""
    domains: tuple[tuple[str, int, int], ...] = ()
    """Value, targets in it, all hosts in it."""
    unreachable: tuple[str, ...] = ()
    alerting: tuple[str, ...] = ()
    frozen: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Who froze, and which of them."""
    busy: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """`op2: unit-restart`, and which of them."""


def radius(snapshot: Snapshot, text: str, spec: ActionSpec, now: float) -> Radius:
    """Read words that name targets, and look at what they would mean."""
    seen = replace(snapshot, now=now)
    if spec.scope in WHOLE:
        return Radius()
    try:
        words = split_words(text)
        names = resolve_targets(words, spec.scope, spec.effect, seen)
    except RefusedError as error:
        return Radius(refusal=str(error))
    too_many = _too_many(spec, len(names))
    hosts = _hosts_of(snapshot, names, spec.scope)
    label = _domain_label(spec, hosts)
    return Radius(
        names=names,
        refusal=too_many,
        shares=_shares(snapshot, hosts, now),
        domain=label,
        domains=_domains(snapshot, hosts, label),
        unreachable=tuple(h.name for h in hosts if h.reach not in (None, Reach.UP)),
        alerting=tuple(h.name for h in hosts if h.worst or h.state is HostState.CRITICAL),
        frozen=_frozen(snapshot, hosts, now) if spec.effect is not Effect.READ else (),
        busy=_busy(snapshot, names),
    )


def _too_many(spec: ActionSpec, count: int) -> str:
    limit = 1 if spec.arity == "one" else spec.max_targets
    return f"takes {limit} at most, not {count}" if limit is not None and count > limit else ""


def _hosts_of(snapshot: Snapshot, names: Sequence[str], scope: str) -> list[HostRecord]:
    if scope == "service":
        wanted = dict.fromkeys(h for name in names for h in snapshot.services[name].hosts)
    else:
        wanted = dict.fromkeys(names)
    return [snapshot.hosts[name] for name in wanted if name in snapshot.hosts]


def _shares(snapshot: Snapshot, hosts: Sequence[HostRecord], now: float) -> tuple[Share, ...]:
    names = {host.name for host in hosts}
    found = [
        _share(snapshot, service, names, now)
        for service in snapshot.services.values()
        if names & set(service.hosts)
    ]
    return tuple(sorted(found, key=lambda s: (s.left, -s.targets / s.hosts, s.service)))


def _share(snapshot: Snapshot, service: ServiceRecord, names: Collection[str], now: float) -> Share:
    healthy = [
        name
        for name in service.hosts
        if (host := snapshot.hosts.get(name)) is not None
        and host.state is HostState.OK
        and not is_stale(host, now)
    ]
    return Share(
        service.name,
        len(service.hosts),
        sum(name in names for name in service.hosts),
        len(healthy),
        sum(name not in names for name in healthy),
    )


def _domain_label(spec: ActionSpec, hosts: Sequence[HostRecord]) -> str:
    wished = (
        (spec.rollout.spread_by,) if spec.rollout is not None and spec.rollout.spread_by else ()
    )
    labels = (*wished, *DOMAINS)
    return next((each for each in labels if any(each in host.labels for host in hosts)), "")


def _domains(
    snapshot: Snapshot, hosts: Sequence[HostRecord], label: str
) -> tuple[tuple[str, int, int], ...]:
    if not label:
        return ()
    here = Counter(host.labels.get(label, "?") for host in hosts)
    everywhere = Counter(host.labels.get(label, "?") for host in snapshot.hosts.values())
    return tuple((value, count, everywhere[value]) for value, count in sorted(here.items()))


def _frozen(
    snapshot: Snapshot, hosts: Sequence[HostRecord], now: float
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = []
    for freeze in live_freezes(snapshot.access, now):
        try:
            line = compile_filter("" if freeze.scope == "*" else freeze.scope, HOSTS)
        except QueryError:  # a scope that cannot be read covers everything
            covered = tuple(host.name for host in hosts)
        else:
            covered = tuple(h.name for h in hosts if line.matches(host_env(h, now)))
        if covered:
            found.append((freeze.actor, covered))
    return tuple(found)


def _busy(snapshot: Snapshot, names: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Targets that a live run holds: its lock would refuse another write."""
    wanted = set(names)
    found = []
    for run in snapshot.runs.values():
        if run.state.is_over or run.effect is Effect.READ:
            continue
        theirs = tuple(n for t in run.targets if (n := bare_name(t.name)) in wanted)
        if theirs:
            found.append((f"{run.operator or run.actor}: {short_id(run.action)}", theirs))
    return tuple(found)


def lines(seen: Radius, options: ViewOptions = ViewOptions()) -> tuple[Cell, ...]:  # noqa: B008 - frozen
    """Write the bar, at most `LINES` lines: how many, of what, where, and who is in the way."""
    found = [_count(seen)]
    found += [_share_line(share, options.glyphs) for share in seen.shares[:_SERVICES]]
    found += [line for line in (_domain_line(seen), _in_the_way(seen), _unwell(seen)) if line]
    return tuple(found[:LINES])


def _count(seen: Radius) -> Cell:
    if seen.refusal and not seen.names:
        return cell(seen.refusal, Tone.CRITICAL)
    more = len(seen.shares) - _SERVICES
    count = f"{len(seen.names)} target{'s' if len(seen.names) != 1 else ''}"
    return joined(
        (
            cell(count, Tone.STRONG),
            cell(folded(seen.names)),
            cell(f"{more} services more", Tone.DIM) if more > 0 else (),
            cell(seen.refusal, Tone.CRITICAL) if seen.refusal else (),
        )
    )


def _share_line(share: Share, glyphs: Glyphs) -> Cell:
    part = share.targets / share.hosts if share.hosts else 1.0
    tone = Tone.OK if share.left > share.healthy / 2 else Tone.WARNING
    tone = tone if share.left else Tone.CRITICAL
    left = (
        f"leaves {share.left} healthy of {share.healthy}" if share.left else "leaves none healthy"
    )
    return joined(
        (
            cell(share.service),
            (span("["), span(fmt.bar(part, _BAR, glyphs), tone), span("]")),
            cell(f"{share.targets} of {share.hosts} hosts"),
            cell(left, tone),
        )
    )


def _domain_line(seen: Radius) -> Cell:
    if not seen.domains:
        return ()
    parts = [f"{value} {count} of {total}" for value, count, total in seen.domains[:6]]
    more = len(seen.domains) - 6
    return joined(
        (
            cell(seen.domain, Tone.DIM),
            cell(", ".join(parts) + (f" and {more} more" if more > 0 else "")),
        )
    )


def _in_the_way(seen: Radius) -> Cell:
    held = [f"held by {who} {folded(names)}" for who, names in seen.busy]
    frozen = [f"frozen by {who} {folded(names)}" for who, names in seen.frozen]
    return joined((cell(text, Tone.WARNING) for text in held + frozen), "   ")


def _unwell(seen: Radius) -> Cell:
    parts = []
    if seen.unreachable:
        parts.append(cell(f"unreachable {folded(seen.unreachable)}", Tone.STALE))
    if seen.alerting:
        parts.append(cell(f"alerting {folded(seen.alerting)}", Tone.WARNING))
    return joined(parts, "   ")
