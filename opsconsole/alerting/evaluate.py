"""One evaluation: look at what changed, carry every condition one step, give out the alerts."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from opsconsole.alerting.alerts import give_out
from opsconsole.alerting.blind import Blindness, blindnesses, seen_blind
from opsconsole.alerting.flapping import Flap, counted
from opsconsole.alerting.life_cycle import Life, Seen, gone, step
from opsconsole.alerting.look import Record, look
from opsconsole.alerting.look_rules import Sky, again, look_at_fleet
from opsconsole.alerting.memory import FLEET, Memory
from opsconsole.alerting.past import Measures, NoPast
from opsconsole.alerting.rules import BLIND, Rule, Rules
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Feed, HostRecord, ServiceRecord, Snapshot, is_stale
from opsconsole.model.states import AlertState

_TABLES = (("host", "hosts"), ("service", "services"), ("check", "checks"), ("feed", "feeds"))


def evaluate(
    snapshot: Snapshot, memory: Memory, rules: Rules, now: float, measures: Measures | None = None
) -> tuple[Memory, Mapping[str, Alert]]:
    """Evaluate all rules once.

    Cost follows what changed: records that are the same objects as at the last call are looked at
    only where something on them waits for time to pass.

    Args:
        snapshot: What is known now.
        memory: What the last call returned.
        rules: All rules in force.
        now: Epoch seconds.
        measures: What is known of the time before; without it every function of time is unknown.

    Returns:
        What to hand in next time, and every firing, recovering and lately resolved alert by episode:
        the same mapping object as last time when nothing changed. What is pending is not given out.
    """
    if rules is not memory.rules:
        remote = {name: known for name, known in memory.remote.items() if name in rules.sources}
        memory = structs.replace(memory, snapshot=Snapshot(), rules=rules, made={}, remote=remote)
    lives = dict(memory.lives)
    subjects = dict(memory.subjects)
    flaps = dict(memory.flaps)
    sky = Sky(snapshot, measures or Measures(NoPast()))
    for subject, record in _to_look_at(snapshot, memory, now):
        seen = _carry(subject, record, lives, subjects, rules, sky, now)
        _count_flaps(subject, record, seen, flaps, subjects, now)
    _carry_fleet(memory, lives, subjects, rules, sky, now)
    groups = (
        blindnesses(snapshot.hosts, lives.values(), memory.blinds) if BLIND in rules.states else []
    )
    _carry_blinds(groups, snapshot, lives, subjects, now)
    hidden = _hidden(groups, memory, lives)
    blinds = frozenset(key for key, life in lives.items() if life.rule == BLIND)
    memory = structs.replace(
        memory, snapshot=snapshot, lives=lives, subjects=subjects, hidden=hidden, blinds=blinds,
        flaps=flaps,
    )  # fmt: skip
    memory = give_out(memory, rules, now)
    return memory, memory.given


def _to_look_at(
    snapshot: Snapshot, memory: Memory, now: float
) -> Iterator[tuple[str, Record | None]]:
    """Name the records that changed, that are gone, or on which a wait is over."""
    due = {
        subject
        for subject, keys in memory.subjects.items()
        if any(memory.lives[key].is_due(now) for key in keys)
    }
    for kind, name in _TABLES:
        table: Mapping[str, Record] = getattr(snapshot, name)
        before: Mapping[str, Record] = getattr(memory.snapshot, name)
        for key, record in table.items():
            if before.get(key) is not record or (due and f"{kind}:{key}" in due):
                yield f"{kind}:{key}", record
    tables: Mapping[str, Mapping[str, Record]] = {k: getattr(snapshot, n) for k, n in _TABLES}
    for subject in tuple(memory.subjects):
        kind, _, key = subject.partition(":")
        if kind in tables and key not in tables[kind]:
            yield subject, None


def _carry(
    subject: str,
    record: Record | None,
    lives: dict[str, Life],
    subjects: dict[str, frozenset[str]],
    rules: Rules,
    sky: Sky,
    now: float,
) -> tuple[Seen, ...]:
    keys = subjects.get(subject, frozenset())
    own = {key: lives[key] for key in keys}
    seen = tuple(look(record, own, rules, sky, now)) if record is not None else ()
    if seen or own:
        _step_all(subject, seen, own, lives, subjects, now)
    return seen


def _count_flaps(
    subject: str,
    record: Record | None,
    seen: tuple[Seen, ...],
    flaps: dict[str, Mapping[str, Flap]],
    subjects: Mapping[str, frozenset[str]],
    now: float,
) -> None:
    """Take a sample into what is remembered of a subject's changes; of most nothing is."""
    before = flaps.get(subject)
    if before is None and not seen:
        return
    after: Mapping[str, Flap] = {}
    if record is not None:
        living = subjects.get(subject, frozenset())
        at = record.at if isinstance(record, ServiceRecord | Feed) else record.tried
        is_fresh = not isinstance(record, HostRecord) or not is_stale(record, now)
        after = counted(before or {}, seen, living, at, is_fresh=is_fresh)
    if after:
        flaps[subject] = after
    else:
        flaps.pop(subject, None)


def _step_all(
    subject: str,
    seen: Iterable[Seen],
    own: Mapping[str, Life],
    lives: dict[str, Life],
    subjects: dict[str, frozenset[str]],
    now: float,
) -> None:
    """Carry what lives on one subject; what was not looked at there exists no more."""
    after: dict[str, Life | None] = {}
    for sight in seen:
        life = own.get(sight.key)
        if life is not None or _is_breached(sight):
            after[sight.key] = step(life, sight, now)
    for key, life in own.items():
        if key not in after:
            after[key] = gone(life, now)
    living = {k: v for k, v in after.items() if v and v.state is not AlertState.RESOLVED}
    for key in own:
        lives.pop(key, None)
    lives.update(living)
    if living:
        subjects[subject] = frozenset(living)
    else:
        subjects.pop(subject, None)


def _is_breached(seen: Seen) -> bool:
    return any(s is not None and s.breached for s in seen.sights)


def _carry_fleet(
    memory: Memory,
    lives: dict[str, Life],
    subjects: dict[str, frozenset[str]],
    rules: Rules,
    sky: Sky,
    now: float,
) -> None:
    """Carry the rules that ask for checks and services, when one of those changed or a wait is over."""
    before, shown = memory.snapshot, sky.snapshot
    same = before.services is shown.services and before.checks is shown.checks
    for rule in rules.fleet:
        subject = _subject_of(rule)
        own = {key: lives[key] for key in subjects.get(subject, frozenset())}
        if not same or any(life.is_due(now) for life in own.values()):
            seen = look_at_fleet(rule, own, sky, now)
            _step_all(subject, seen, own, lives, subjects, now)
    wanted = {_subject_of(rule) for rule in rules.fleet}
    for subject in [s for s in subjects if s.startswith(f"{FLEET}:") and s not in wanted]:
        own = {key: lives[key] for key in subjects[subject]}
        _step_all(subject, (), own, lives, subjects, now)


def _subject_of(rule: Rule) -> str:
    return f"{FLEET}:{rule.name}"


def _carry_blinds(
    groups: Sequence[Blindness],
    snapshot: Snapshot,
    lives: dict[str, Life],
    subjects: dict[str, frozenset[str]],
    now: float,
) -> None:
    own = {key: lives[key] for key in subjects.get(BLIND, frozenset())}
    sights = [seen_blind(group, lives) for group in groups]
    grouped = {group.key for group in groups}
    waiting = [life for key, life in own.items() if life.restored and key not in grouped]
    if waiting and any(host.tried == 0 for host in snapshot.hosts.values()):
        sights.extend(again(life) for life in waiting)
    if own or groups:
        _step_all(BLIND, sights, own, lives, subjects, now)


def _hidden(
    groups: Sequence[Blindness], memory: Memory, lives: Mapping[str, Life]
) -> frozenset[str]:
    """Say which fires a Blind alert speaks for; one it spoke for recovers without a word."""
    covered = frozenset(key for group in groups if group.key in lives for key in group.members)
    recovering = frozenset(
        key for key in memory.hidden if key in lives and lives[key].state is AlertState.RECOVERING
    )
    return covered | recovering
