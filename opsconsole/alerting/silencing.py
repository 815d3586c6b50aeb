"""What a silence would hide, before it is made; pure over what fires, fired, and is silenced already."""

import hashlib
import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from opsconsole.alerting.memory import OURS
from opsconsole.model.alert import Ack, Alert
from opsconsole.model.episode import Episode
from opsconsole.model.silence import Matcher, Silence, SilenceDraft, SilenceEffect
from opsconsole.model.states import Severity
from opsconsole.query.matchers import faults_of, matches, write_matcher

LONGEST: Final = 30 * 86_400.0
LONG: Final = 12 * 3_600.0
"""Longer than a night is said."""
MIRROR: Final = 900.0
"""Seconds that the silence of an ack is made for: it ends by itself where nobody is there to extend it."""
MIRROR_LONGEST: Final = 8 * 3_600.0
"""Seconds after an ack beyond which it is silenced no more."""
TYPED_FROM: Final = 10
"""So many alerts hidden at once, or any critical: their number is typed back."""
_IDENTITY: Final = (
    "alertname",
    "instance",
    "host",
    "service",
    "job",
    "cluster",
    "mountpoint",
    "device",
)
_TEAM: Final = ("team", "owner")


def effect_of(
    draft: SilenceDraft,
    alerts: Iterable[Alert],
    lately: Iterable[Episode],
    silences: Iterable[Silence],
    *,
    actor: str,
    managers: Collection[str] = (),
) -> SilenceEffect:
    """Work out what a draft would do.

    Args:
        draft: What was typed.
        alerts: What is known now, resolved ones included.
        lately: Episodes of the last 24 hours.
        silences: Those of all sources.
        actor: Who asks; the author.
        managers: Names of all Alertmanagers: what only a ruler tells of goes to any of them.
    """
    theirs = [alert for alert in alerts if _is_theirs(alert, draft.source, managers)]
    hit = [alert for alert in theirs if alert.is_firing and matches(draft.matchers, alert.labels)]
    critical = [alert for alert in hit if alert.severity is Severity.CRITICAL]
    before = {alert.episode for alert in lately if matches(draft.matchers, alert.labels)}
    overlaps = _overlapping(draft, hit, silences)
    episodes = tuple(sorted(alert.episode for alert in hit))
    expect = str(len(hit)) if critical or len(hit) >= TYPED_FROM else ""
    return SilenceEffect(
        draft=draft,
        hash=_hash(draft, episodes),
        now=episodes,
        critical=tuple(sorted(alert.episode for alert in critical)),
        day=len(before | set(episodes)),
        overlaps=tuple(silence.id for silence in overlaps),
        warnings=tuple(_warnings(draft, hit, critical, before, overlaps)),
        refusal=refusal_of(draft),
        expect=expect,
        amtool=amtool_line(draft, actor),
    )


def _is_theirs(alert: Alert, source: str, managers: Collection[str]) -> bool:
    told_by = alert.source.split(",")
    if alert.source == OURS:
        return False
    return source in told_by or not any(each in managers for each in told_by)


def refusal_of(draft: SilenceDraft) -> str:
    """Say why a draft cannot be sent; the source itself would accept most of these."""
    if faults := faults_of(draft.matchers):
        return faults[0]
    if not draft.comment.strip():
        return "say why: the next one on call reads it"
    if not 0 < draft.seconds <= LONGEST:
        return "it must end: within 30 days, and after now"
    return ""


def suggested(alert: Alert) -> tuple[Matcher, ...]:
    """Suggest matchers for one alert: what tells it from others, and not what changes."""
    kept = [name for name in _IDENTITY if alert.labels.get(name)]
    return tuple(Matcher(name, "=", alert.labels[name]) for name in kept)


def all_labels(alert: Alert) -> tuple[Matcher, ...]:
    """Match one alert and no other: its whole label set."""
    return tuple(Matcher(name, "=", value) for name, value in sorted(alert.labels.items()))


def mirror_end(ack: Ack, now: float) -> float:
    """Say until when an ack's silence is to last, as things are now; what is past is not to be silenced."""
    ends = ack.at + MIRROR_LONGEST
    return min(now + MIRROR, ends if ack.until is None else min(ends, ack.until))


def mirror_draft(alert: Alert, ack: Ack, source: str, seconds: float) -> SilenceDraft:
    """Draft the silence of an ack: this alert and no other, with words that no second ack has."""
    at = datetime.fromtimestamp(ack.at, UTC).isoformat(timespec="milliseconds")
    comment = f"ACK {ack.actor} {at.removesuffix('+00:00')}Z: {ack.note}".removesuffix(": ")
    return SilenceDraft(source, all_labels(alert), seconds, comment)


def amtool_line(draft: SilenceDraft, actor: str) -> str:
    """Write the same as a command line of Alertmanager's own tool."""
    words = ["amtool", "silence", "add", f"--author={actor}", f"--duration={draft.seconds:.0f}s"]
    words += [f"--comment={draft.comment}", *map(write_matcher, draft.matchers)]
    return " ".join(shlex.quote(word) for word in words)


def _overlapping(
    draft: SilenceDraft, hit: Sequence[Alert], silences: Iterable[Silence]
) -> list[Silence]:
    hiding = {reason.removeprefix("silence:") for alert in hit for reason in alert.suppressed_by}
    return [
        silence
        for silence in silences
        if silence.source == draft.source
        and silence.id != draft.id
        and silence.state != "expired"
        and (silence.id in hiding or set(silence.matchers) == set(draft.matchers))
    ]


def _warnings(
    draft: SilenceDraft,
    hit: Sequence[Alert],
    critical: Sequence[Alert],
    before: set[str],
    overlaps: Sequence[Silence],
) -> Iterable[str]:
    if not hit:
        yield "it matches nothing now" + (f", and {len(before)} of the last 24 h" if before else "")
    if critical:
        yield f"it hides {len(critical)} critical: {', '.join(sorted({a.name for a in critical})[:5])}"
    if (teams := _teams(hit)) and len(teams) > 1:
        yield f"it touches {len(teams)} teams: {', '.join(teams)}"
    for silence in overlaps[:3]:
        yield f"{silence.id[:8]} of {silence.author} hides some of it already"
    if draft.seconds > LONG:
        yield "it outlives the shift: longer than 12 h"
    if any("~" in matcher.op and matcher.value in (".*", ".+") for matcher in draft.matchers):
        yield "a pattern that matches every value"


def _teams(alerts: Iterable[Alert]) -> list[str]:
    labels: Iterable[Mapping[str, str]] = (alert.labels for alert in alerts)
    return sorted({each[name] for each in labels for name in _TEAM if each.get(name)})


def _hash(draft: SilenceDraft, episodes: tuple[str, ...]) -> str:
    return hashlib.sha256(msgspec.json.encode([draft, episodes])).hexdigest()[:16]
