"""What evaluation remembers from one look to the next: a value, handed in and out."""

from collections.abc import Container, Iterable, Mapping
from typing import Final

from msgspec import Struct, structs

from opsconsole.alerting.flapping import Flap
from opsconsole.alerting.life_cycle import Level, Life
from opsconsole.alerting.look_rules import key_of
from opsconsole.alerting.remote import RemoteLife, SourceMemory, read, recalled
from opsconsole.alerting.rules import BLIND, Rules
from opsconsole.alerting.suppression import Outages
from opsconsole.model.alert import Alert
from opsconsole.model.sample import SourceReading
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Severity
from opsconsole.query.rule_names import LABELS

OURS: Final = "rules"
"""The source of our own alerts."""
FLEET: Final = "fleet"
"""The subject of rules that only ask for checks and services; their name follows a colon."""
AWAY: Final = 900.0


class Made(Struct, frozen=True):
    """An alert, and what it was made of."""

    of: tuple[object, ...]
    """Lives, compared by identity."""
    suppressed: tuple[str, ...]
    alert: Alert
    flap: float = 0.0
    seen: tuple[object, ...] = ()
    """What it was judged by last: the same objects make the same alert, without another look."""


class Told(Struct, frozen=True):
    """What all sources say, by fingerprint and source."""

    of: Mapping[str, SourceMemory] = {}
    """What it was gathered of, compared by identity."""
    by: Mapping[str, Mapping[str, RemoteLife]] = {}


class Memory(Struct, frozen=True):
    """All that evaluation remembers."""

    snapshot: Snapshot = Snapshot()
    """What was looked at last: what is still the same object needs no second look."""
    rules: Rules | None = None
    lives: Mapping[str, Life] = {}
    """Instances of our rules, by key."""
    subjects: Mapping[str, frozenset[str]] = {}
    """Keys of what lives on each record looked at: `host:db-02`, `check:ping`."""
    hidden: frozenset[str] = frozenset()
    """Keys that a Blind alert speaks for."""
    blinds: frozenset[str] = frozenset()
    outages: Outages = Outages()
    remote: Mapping[str, SourceMemory] = {}
    told: Told = Told()
    flaps: Mapping[str, Mapping[str, Flap]] = {}
    """By subject, then key: instances that changed within their last twenty evaluations."""
    given: Mapping[str, Alert] = {}
    """What was given out last, by episode."""
    made: Mapping[str, Made] = {}
    """What each alert was made of, by key or fingerprint, so that the same is not made twice."""


def note_reading(memory: Memory, reading: SourceReading) -> Memory:
    """Take one poll of an alert source; the next evaluation gives its alerts out."""
    before = memory.remote.get(reading.source, SourceMemory())
    return structs.replace(memory, remote={**memory.remote, reading.source: read(before, reading)})


class Waiting(Struct, frozen=True):
    """One instance that is pending, on its way over a restart."""

    subject: str
    life: Life


def waiting(memory: Memory) -> tuple[Waiting, ...]:
    """Give what is pending: a rule that holds for a week shall not begin anew with each engine."""
    return tuple(
        Waiting(subject, memory.lives[key])
        for subject, keys in memory.subjects.items()
        for key in keys
        if memory.lives[key].since is None
    )


def recall_waiting(memory: Memory, waits: Iterable[Waiting], away: float) -> Memory:
    """Go on with what was pending, unless we were away for over a quarter of an hour or a tenth of its wait.

    Args:
        memory: Before the first evaluation.
        waits: What was pending.
        away: Seconds since then.
    """
    lives, subjects = dict(memory.lives), dict(memory.subjects)
    for one in waits:
        life = one.life
        hold = min((lvl.due - lvl.since for lvl in life.levels if lvl.due and lvl.since), default=0)
        if life.key in lives or away > max(AWAY, hold / 10):
            continue
        lives[life.key] = structs.replace(life, restored=True, fresh=False)
        subjects[one.subject] = subjects.get(one.subject, frozenset()) | {life.key}
    return structs.replace(memory, lives=lives, subjects=subjects)


def recall(alerts: Iterable[Alert], now: float, fleet: Container[str] = frozenset()) -> Memory:
    """Begin where an earlier engine stopped: its fires stay the same episodes until they are seen to end.

    Call it before the first evaluation, and evaluate only once the inventory is in the snapshot:
    what lives on a host that does not exist is over.

    Args:
        alerts: What fired.
        now: Epoch seconds.
        fleet: Names of rules that are about no host and no answer of their own.
    """
    lives: dict[str, Life] = {}
    subjects: dict[str, frozenset[str]] = {}
    remote: dict[str, SourceMemory] = {}
    given: dict[str, Alert] = {}
    for alert in alerts:
        if not alert.is_firing:
            continue
        given[alert.episode] = alert
        if alert.source == OURS:
            life = _life_of(alert)
            lives[life.key] = life
            subject = f"{FLEET}:{alert.name}" if alert.name in fleet else _subject_of(alert)
            subjects[subject] = subjects.get(subject, frozenset()) | {life.key}
            continue
        for source in alert.source.split(","):
            old = remote.get(source, SourceMemory(doubted_at=now))
            known = {**old.lives, alert.fingerprint: recalled(alert)}
            remote[source] = structs.replace(old, lives=known)
    return Memory(
        lives=lives,
        subjects=subjects,
        remote=remote,
        given=given,
        blinds=frozenset(key for key, life in lives.items() if life.rule == BLIND),
    )


def _life_of(alert: Alert) -> Life:
    on = Level(since=alert.active_at or alert.since, on=alert.since, hold=alert.hold)
    level = {str(alert.severity): on}
    labels = {key: value for key, value in alert.labels.items() if key != "alertname"}
    return Life(
        key=key_of(alert.name, alert.on, _instance_of(alert)),
        rule=alert.name,
        on=alert.on,
        labels=labels,
        info=level.get(Severity.INFO, Level()),
        warning=level.get(Severity.WARNING, Level()),
        critical=level.get(Severity.CRITICAL, Level()),
        active_at=alert.active_at or alert.since,
        since=alert.since,
        fresh=False,
        restored=True,
        seen_at=alert.seen_at,
        summary=alert.summary,
        value=alert.value,
        no_data=alert.no_data,
        annotations=alert.annotations,
    )


def _instance_of(alert: Alert) -> str:
    """Give the part of the key that tells instances of a rule on one subject apart."""
    names = (*LABELS, "check", "reach")
    return next((alert.labels[name] for name in names if name in alert.labels), "")


def _subject_of(alert: Alert) -> str:
    """Name the record that a rule looks at to see this alert."""
    if alert.name == BLIND:
        return BLIND
    check = alert.labels.get("check")
    if check and not alert.on.startswith("service:"):
        return f"check:{check}"
    return alert.on
