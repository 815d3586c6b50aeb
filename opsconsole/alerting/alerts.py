"""How what lives becomes alerts: named, mapped to hosts and services, with its runbook and what suppresses it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from operator import is_
from typing import Final

from msgspec import structs

from opsconsole.alerting.flapping import Flap
from opsconsole.alerting.life_cycle import Life
from opsconsole.alerting.memory import OURS, Made, Memory, Told
from opsconsole.alerting.remote import RemoteLife
from opsconsole.alerting.rules import Rules
from opsconsole.alerting.severities import severity_of
from opsconsole.alerting.suppression import (
    NO_OUTAGES,
    down_references,
    record_of,
    suppressed_by,
)
from opsconsole.model.alert import FLAPPING, Alert, fingerprint
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import AlertState, Freshness

RESOLVED_SHOWN: Final = 900.0
"""Seconds a resolved alert stays to be seen."""
SUMMARY_LIMIT: Final = 300
_GIVEN: Final = (AlertState.FIRING, AlertState.RECOVERING)
_SAID: Final = ("summary", "message", "description")


def episode_of(fp: str, since: float) -> str:
    """Name an episode: what, and when it began (milliseconds, hexadecimal)."""
    return f"{fp}-{int(since * 1000):x}"


def give_out(memory: Memory, rules: Rules, now: float) -> Memory:
    """Make the alerts of everything that lives; what is the same stays the same object."""
    outages = memory.outages.after(down_references(memory.lives.values(), now), now)
    memory = structs.replace(memory, outages=outages, told=_told_by_all(memory))
    made = dict((*_ours(memory, rules), *_remote(memory, rules)))
    given = {one.alert.episode: one.alert for one in made.values()}
    given.update(_ended(memory, given, rules, now))
    before = memory.given
    same = given.keys() == before.keys() and all(before[key] is given[key] for key in given)
    return structs.replace(memory, made=made, given=before if same else given)


def _ours(memory: Memory, rules: Rules) -> Iterator[tuple[str, Made]]:
    for key, life in memory.lives.items():
        if life.since is None or key in memory.hidden:
            continue
        old = memory.made.get(key)
        seen = (life, _beside(life, memory, rules), _flap_of(life, memory), memory.outages)
        if old is None or not _same_objects(old.seen, seen):
            if life.state not in _GIVEN:
                continue
            old = _made_of_life(life, seen, old, memory, rules)
        yield key, old


def _beside(life: Life, memory: Memory, rules: Rules) -> object:
    """Give what a life is on; of what we do not watch, and yet depends on something, everything there is."""
    record = record_of(life.on, memory.snapshot)
    return memory.snapshot if record is None and life.rule in rules.depends_on else record


def _made_of_life(
    life: Life, seen: tuple[object, ...], old: Made | None, memory: Memory, rules: Rules
) -> Made:
    """Make the alert of one of our own lives, or keep it where what is beside it changed nothing."""
    needs = rules.depends_on.get(life.rule, ())
    score, marks = flap_of(_flap_of(life, memory))
    excuses = suppressed_by(life.rule, life.on, memory.snapshot, memory.outages, needs)
    why = (*excuses, *marks)
    if old is not None and _is_same(old, (life,), why, score):
        return structs.replace(old, seen=seen)
    alert = structs.replace(_alert_of(life, life.since or 0.0, why), flap=score)
    return Made((life,), why, _with_runbook(alert, memory.snapshot, rules), score, seen)


def _remote(memory: Memory, rules: Rules) -> Iterator[tuple[str, Made]]:
    """Join what several sources say of the same fingerprint into one alert."""
    for fp, told in memory.told.by.items():
        old = memory.made.get(fp)
        if old is None or not _same_objects(
            old.seen, (told, record_of(old.alert.on, memory.snapshot))
        ):
            old = _made_of_told(fp, told, old, memory, rules)
        yield fp, old


def _made_of_told(
    fp: str, told: Mapping[str, RemoteLife], old: Made | None, memory: Memory, rules: Rules
) -> Made:
    """Make the alert of what sources say, or keep it where they say the same again."""
    parts = tuple(told.values())
    score, marks = flap_of(*(memory.remote[name].flaps.get(fp) for name in told))
    why = (*_excused(parts, memory.snapshot, old), *marks)
    if old is None or not _is_same(old, parts, why, score):
        alert = _joined(fp, told, _began(parts, old), rules)
        why = (*_excused(parts, memory.snapshot, Made(parts, why, alert)), *marks)
        alert = structs.replace(alert, suppressed_by=why, flap=score)
        old = Made(parts, why, _with_runbook(alert, memory.snapshot, rules), score)
    return structs.replace(old, seen=(told, record_of(old.alert.on, memory.snapshot)))


def _told_by_all(memory: Memory) -> Told:
    """Gather what each source says by fingerprint; the same object until one says something."""
    if memory.told.of is memory.remote:
        return memory.told
    found: dict[str, dict[str, RemoteLife]] = defaultdict(dict)
    for name, source in sorted(memory.remote.items()):
        for fp, life in source.lives.items():
            if life.state is not AlertState.RESOLVED:
                found[fp][name] = life
    return Told(memory.remote, found)


def flap_of(*flaps: Flap | None) -> tuple[float, tuple[str, ...]]:
    """Give the highest score, rounded so that it changes only when it matters, and the reason it makes."""
    known = [flap for flap in flaps if flap is not None]
    if not known:
        return 0.0, ()
    score = float(max(round(flap.score) for flap in known))
    return score, (FLAPPING,) if any(flap.on for flap in known) else ()


def _flap_of(life: Life, memory: Memory) -> Flap | None:
    """Find what is remembered of an instance: with what it is on, or with the check that looks at that."""
    own = memory.flaps.get(life.on, {}).get(life.key)
    if own is None and "check" in life.labels:
        own = memory.flaps.get(f"check:{life.labels['check']}", {}).get(life.key)
    return own


def _is_same(old: Made, of: tuple[object, ...], why: tuple[str, ...], score: float) -> bool:
    return old.suppressed == why and old.flap == score and _same_objects(old.of, of)


def _same_objects(old: tuple[object, ...], new: tuple[object, ...]) -> bool:
    return len(old) == len(new) and all(map(is_, old, new))


def _alert_of(life: Life, since: float, why: tuple[str, ...]) -> Alert:
    labels = {"alertname": life.rule, **life.labels}
    fp = fingerprint(labels)
    unsure = Freshness.UNCONFIRMED if life.restored else Freshness.STALE
    return Alert(
        fingerprint=fp,
        episode=episode_of(fp, since),
        name=life.rule,
        severity=life.severity,
        raw_severity=str(life.severity),
        state=life.state,
        since=since,
        on=life.on,
        source=OURS,
        labels=labels,
        annotations=life.annotations,
        summary=life.summary,
        value=life.value,
        active_at=life.active_at,
        seen_at=life.seen_at,
        hold=max((level.hold for level in life.levels if level.on is not None), default=0.0),
        over_at=max((level.due for level in life.levels if level.due), default=None)
        if life.state is AlertState.RECOVERING
        else None,
        suppressed_by=why,
        freshness=Freshness.LIVE if life.fresh else unsure,
        no_data=life.no_data,
    )


def _joined(fp: str, parts: Mapping[str, RemoteLife], since: float, rules: Rules) -> Alert:
    first, told = next(iter(parts.items()))
    source = rules.sources.get(first)
    labels, annotations = told.alert.labels, told.alert.annotations
    severity, raw = severity_of(labels, source)
    summary = next((annotations[name] for name in _SAID if annotations.get(name)), "")
    return Alert(
        fingerprint=fp,
        episode=episode_of(fp, since),
        name=labels.get("alertname", ""),
        severity=severity,
        raw_severity=raw,
        state=_standing(tuple(parts.values())),
        since=since,
        on=_target(labels, first, rules),
        source=",".join(parts),
        labels=labels,
        annotations=annotations,
        summary=summary[:SUMMARY_LIMIT],
        active_at=since,
        seen_at=max(life.seen_at for life in parts.values()),
        freshness=_freshest(life.freshness for life in parts.values()),
        generator_url=next(
            (p.alert.generator_url for p in parts.values() if p.alert.generator_url), ""
        ),
        receivers=tuple(dict.fromkeys(r for p in parts.values() for r in p.alert.receivers)),
        value=next((p.alert.value for p in parts.values() if p.alert.value is not None), None),
    )


def _worst_state(parts: Iterable[RemoteLife]) -> AlertState:
    """Fire where one source says so: another may lag behind, or see what only waits."""
    pending = all(life.state is AlertState.PENDING for life in parts)
    return AlertState.PENDING if pending else AlertState.FIRING


def _standing(parts: tuple[RemoteLife, ...]) -> AlertState:
    """Say that a fire recovers once all that tell of it and may be believed have missed it."""
    state = _worst_state(parts)
    firing = [life for life in parts if life.state is not AlertState.PENDING]
    is_missed = all(life.absent and life.freshness is Freshness.LIVE for life in firing)
    return AlertState.RECOVERING if state is AlertState.FIRING and is_missed else state


def _target(labels: Mapping[str, str], feed: str, rules: Rules) -> str:
    """Give what an alert is on; one about the source itself is on its feed."""
    source = rules.sources.get(feed)
    found = rules.index.find(labels, source) if source else ""
    return found or (f"feed:{feed}" if labels.get("feed") == feed else "")


def _began(parts: tuple[RemoteLife, ...], old: Made | None) -> float:
    """Keep the begin of an episode that goes on, whichever of its sources still tells of it."""
    state = _worst_state(parts)
    counting = [life for life in parts if life.state is state]
    if old is not None and old.alert.state is state:
        before = {life.since for life in _lives(old.of)}
        if any(life.since in before for life in counting):
            return old.alert.since
    return min(life.since for life in counting)


def _lives(of: tuple[object, ...]) -> Iterator[RemoteLife]:
    return (life for life in of if isinstance(life, RemoteLife))


def _excused(
    parts: tuple[RemoteLife, ...], snapshot: Snapshot, made: Made | None
) -> tuple[str, ...]:
    """Say what suppresses a remote alert: every source that tells of it must do so."""
    ours = suppressed_by("", made.alert.on, snapshot, NO_OUTAGES) if made else ()
    theirs = [_their_reasons(life) for life in parts if life.alert.mutes_known]
    if not theirs or not all(theirs):
        return ours
    return tuple(dict.fromkeys((*(reason for reasons in theirs for reason in reasons), *ours)))


def _their_reasons(life: RemoteLife) -> tuple[str, ...]:
    told = life.alert
    return (
        *(f"silence:{id_}" for id_ in told.silenced_by),
        *(f"inhibited:{fp}" for fp in told.inhibited_by),
        *(f"muted:{interval}" for interval in told.muted_by),
    )


def _freshest(words: Iterable[Freshness]) -> Freshness:
    found = set(words)
    for word in (Freshness.LIVE, Freshness.UNCONFIRMED):
        if word in found:
            return word
    return Freshness.STALE


def _with_runbook(alert: Alert, snapshot: Snapshot, rules: Rules) -> Alert:
    kind, _, name = alert.on.partition(":")
    service = snapshot.services.get(name) if kind == "service" else None
    said = alert.labels.get("runbook") or alert.annotations.get("runbook") or ""
    loaded = rules.has_action or (lambda _action: False)
    runbook = next((a for a in (said, service.runbook if service else "") if a and loaded(a)), None)
    if runbook is None and rules.find_runbook is not None:
        runbook = rules.find_runbook(alert)
    url = alert.annotations.get("runbook_url") or alert.labels.get("runbook_url")
    if not url and service is not None:
        url = service.runbook_url
    return structs.replace(alert, runbook=runbook, runbook_url=url or None)


def _is_asked(alert: Alert, rules: Rules) -> bool:
    """Tell whether anybody is still asked about it: what a source that was removed told has no end we know of."""
    return alert.source == OURS or any(name in rules.sources for name in alert.source.split(","))


def _ended(
    memory: Memory, given: Mapping[str, Alert], rules: Rules, now: float
) -> Mapping[str, Alert]:
    """Resolve what was given out and lives no more; one that a Blind alert hides just steps back."""
    hidden = {_episode_of_life(memory.lives[key]) for key in memory.hidden if key in memory.lives}
    ended: dict[str, Alert] = {}
    for episode, alert in memory.given.items():
        if episode in given or episode in hidden:
            continue
        if alert.is_firing:
            if _is_asked(alert, rules):
                ended[episode] = structs.replace(
                    alert, state=AlertState.RESOLVED, since=now, freshness=_told_over(alert, memory)
                )
        elif alert.state is AlertState.RESOLVED and now - alert.since < RESOLVED_SHOWN:
            ended[episode] = alert
    return ended


def _told_over(alert: Alert, memory: Memory) -> Freshness:
    """Say live where somebody told, or we saw, that it is over; stale where it only was not heard of for days."""
    lives = [
        life.freshness
        for name in alert.source.split(",")
        if (source := memory.remote.get(name)) and (life := source.lives.get(alert.fingerprint))
    ]
    if not lives and alert.source != OURS and alert.freshness is Freshness.STALE:
        return Freshness.STALE  # the word of its end is gone already: two came before we looked
    return _freshest(lives or [Freshness.LIVE])


def _episode_of_life(life: Life) -> str:
    if life.since is None:
        return ""
    return episode_of(fingerprint({"alertname": life.rule, **life.labels}), life.since)
