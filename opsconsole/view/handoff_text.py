"""A hand-over as Markdown: short sentences, worst first, nothing that is empty."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from opsconsole.alerting.response import Spread
from opsconsole.model.episode import Episode
from opsconsole.model.incident import Incident
from opsconsole.model.run import Run
from opsconsole.model.states import RunState, TargetState
from opsconsole.query.environments import owner_of
from opsconsole.query.matchers import write_matchers
from opsconsole.view import format as fmt
from opsconsole.view.handoff import Handoff
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.slo import budget_words
from opsconsole.view.triage import Group, grouped, suppression_words

RESOLVED_SHOWN = 20
EVENTS_SHOWN = 30


def markdown(shift: Handoff) -> str:
    """Write it; every section that has nothing to say is left out."""
    parts = [
        f"# Hand-over {_clock(shift.since)} to {_clock(shift.until)}{_names(shift)}",
        _summary(shift),
    ]
    sections: Sequence[tuple[str, Sequence[str]]] = (
        ("Still burning", [_burning(group, shift.until) for group in grouped(shift.burning)]),
        ("Incidents", [_incident(each, shift.until) for each in shift.incidents]),
        ("Runs that changed something", [_run(run) for run in shift.runs]),
        ("Resolved", _cut([_resolved(each) for each in shift.resolved], RESOLVED_SHOWN)),
        ("Quiet for a while", _quiet(shift)),
        ("Budgets", [f"{slo.service}: {budget_words(slo)}" for slo in shift.budgets]),
        ("What changed", _cut([_event(e.at, e.actor, e.subject, e.text) for e in shift.events], EVENTS_SHOWN)),
        ("In numbers", _numbers(shift)),
    )  # fmt: skip
    for title, lines in sections:
        if lines:
            parts.append(f"## {title}\n\n" + "\n".join(f"- {literal(line)}" for line in lines))
    return "\n\n".join(parts) + "\n"


def _summary(shift: Handoff) -> str:
    active = [alert for alert in shift.burning if not alert.suppressed_by]
    critical = sum(alert.severity == "critical" for alert in active)
    said = f"{_count(len(active), 'fire')} now" if active else "Nothing burns now"
    if critical:
        said += f", {critical} critical"
    if active:
        said += (
            f"; {_count(len(shift.unowned), 'has', 'have')} nobody"
            if shift.unowned
            else "; all have somebody"
        )
    open_runs = sum(run.state is RunState.INDETERMINATE for run in shift.runs)
    if open_runs:
        said += f". **{_count(open_runs, 'run')} with an unknown outcome**"
    if shift.silent:
        names = ", ".join(feed.name for feed in shift.silent)
        said += f". **Blind: {names} tells nothing**, so this is not all"
    return literal(said) + "."


def _names(shift: Handoff) -> str:
    """Name who hands over and who takes over, where the schedule says it."""
    now_on = shift.on_call
    if not now_on.primary:
        return ""
    if not now_on.next or now_on.next == now_on.primary or now_on.until is None:
        return f": {now_on.primary} is on call"
    return f": {now_on.primary} to {now_on.next} at {_clock(now_on.until)}"


def _incident(incident: Incident, now: float) -> str:
    end = now if incident.closed is None else incident.closed
    who = f", {incident.commander} leads" if incident.commander and incident.is_open else ""
    said = f"; {incident.summary}" if incident.summary else ""
    return (
        f"{incident.id} {incident.title}: {incident.status} for {fmt.age(end - incident.began)}{who}{said}"
        if incident.is_open
        else f"{incident.id} {incident.title}: closed after {fmt.age(end - incident.began)}{said}"
    )


def _burning(group: Group, now: float) -> str:
    alert, where = group.first, folded(bare_name(each.on) for each in group.alerts)
    who = owner_of(alert)
    parts = [f"{alert.severity} {alert.name} on {where} since {fmt.age(now - alert.since)}"]
    if alert.summary:
        parts.append(alert.summary)
    parts.append(f"{who} has it" if who else suppression_words(alert) or "nobody has it")
    if alert.ack is not None and alert.ack.note:
        parts.append(f'"{alert.ack.note}"')
    parts += [f'{note.actor}: "{note.text}"' for note in alert.notes[-2:]]
    if alert.runbook:
        parts.append(f"runbook {alert.runbook}")
    return "; ".join(parts)


def _resolved(episode: Episode) -> str:
    took = (episode.resolved_at or episode.fired_at) - episode.fired_at
    who = f", {episode.owner} had it" if episode.owner else ""
    at = _clock(episode.resolved_at or 0.0)
    return f"{at} {episode.name} on {bare_name(episode.on)} after {fmt.age(took)}{who}"


def _run(run: Run) -> str:
    where = folded(target.name for target in run.targets)
    said = f"{_clock(run.at)} {run.action} on {where} by {run.actor}: {run.state}"
    unknown = [t.name for t in run.targets if t.state is TargetState.UNKNOWN]
    if unknown:
        said += f"; not known what happened on {folded(unknown)}: opsconsole resolve {run.id}"
    left = [f"{t.name}: {t.left}" for t in run.targets if t.left]
    if left:
        said += f"; left behind: {', '.join(left[:5])}"
    return said + (f' ("{run.reason}")' if run.reason else "")


def _quiet(shift: Handoff) -> list[str]:
    lines = [
        f"{write_matchers(s.matchers)} until {_clock(s.ends)} ({fmt.age(s.ends - shift.until)} more)"
        f' by {s.author}: "{s.comment}"'
        for s in shift.silences
    ]
    return lines + [
        f'changes on {freeze.scope} frozen until {_clock(freeze.until)} by {freeze.actor}: "{freeze.reason}"'
        for freeze in shift.freezes
    ]


def _event(at: float, actor: str, subject: str, text: str) -> str:
    on = f" ({bare_name(subject)})" if subject else ""
    return f"{_clock(at)} {actor}: {text}{on}"


def _numbers(shift: Handoff) -> list[str]:
    told = shift.response
    lines = [
        f"{_count(told.fired, 'fire')}, {told.critical} critical, {told.unanswered} of them never answered"
    ]
    if told.to_ack:
        lines.append(f"answered after {spread_words(told.to_ack)}")
    if told.to_resolve:
        lines.append(f"resolved after {spread_words(told.to_resolve)}")
    return lines if told.fired else []


def spread_words(spread: Spread) -> str:
    """Say how some durations are spread."""
    return f"{fmt.age(spread.median)} (median; mean {fmt.age(spread.mean)}, 9 of 10 within {fmt.age(spread.p90)})"


def _cut(lines: list[str], most: int) -> list[str]:
    return lines if len(lines) <= most else [*lines[:most], f"and {len(lines) - most} more"]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def literal(text: str) -> str:
    """Keep what machines said from becoming markup: only our own stars mean anything."""
    return "".join("\\" + char if char in _MARKUP else char for char in text)


def as_said(line: str) -> str:
    """Undo `literal`, for eyes that read no markup."""
    return _ESCAPED.sub(r"\1", line)


_MARKUP: Final = "`<>[]|_#"
_ESCAPED: Final = re.compile(f"\\\\([{re.escape(_MARKUP)}])")


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%MZ")
