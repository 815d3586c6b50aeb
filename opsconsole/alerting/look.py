"""What the rules see on one host, service, check or feed: only what is wrong, or was."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from opsconsole.alerting import summaries
from opsconsole.alerting.life_cycle import Life, Seen, Sight
from opsconsole.alerting.look_rules import (
    Sky,
    again,
    key_of,
    look_at_answer,
    look_at_metrics,
)
from opsconsole.alerting.rules import (
    CHECK_DOWN,
    HOST_KEY_CHANGED,
    HOST_UNREACHABLE,
    SERVICE_DOWN,
    SOURCE_UNREACHABLE,
    Rules,
    StateRule,
)
from opsconsole.model.snapshot import CheckRecord, Feed, HostRecord, ServiceRecord, is_stale
from opsconsole.model.states import Reach, ServiceState

POLLS_NEEDED: Final = 3
OUR_FEEDS: Final = ("ssh", "local", "http")
_KEY_BAD: Final = (Reach.KEY_CHANGED, Reach.KEY_REVOKED)

Record = HostRecord | ServiceRecord | CheckRecord | Feed
Lives = Mapping[str, Life]


def look(record: Record, lives: Lives, rules: Rules, sky: Sky, now: float) -> Iterator[Seen]:
    """Look at one record with all rules for its kind.

    Args:
        record: What is looked at.
        lives: What lives on it; each is told of, also when it is well again or cannot be seen.
        rules: All rules in force.
        sky: What a rule may look at beside the record.
        now: Epoch seconds.

    Yields:
        What is breached, and what of `lives` was looked at; what is not named of `lives` exists no more.
    """
    if isinstance(record, HostRecord):
        yield from _look_at_host(record, lives, rules, sky, now)
    elif isinstance(record, ServiceRecord):
        yield from _look_at_service(record, lives, rules, sky, now)
    elif isinstance(record, CheckRecord):
        yield from _look_at_check(record, lives, rules, sky, now)
    else:
        yield from _look_at_feed(record, rules)


def _look_at_host(
    record: HostRecord, lives: Lives, rules: Rules, sky: Sky, now: float
) -> Iterator[Seen]:
    on = f"host:{record.name}"
    labels = {"host": record.name}
    if record.failed or lives:
        yield from _unreachable(record, on, labels, rules.states.get(HOST_UNREACHABLE))
        yield from _key_changed(record, on, labels, rules.states.get(HOST_KEY_CHANGED))
    if record.reach is not Reach.UP or is_stale(record, now):
        yield from _all_unseen(lives, (HOST_UNREACHABLE, HOST_KEY_CHANGED))
        return
    yield from look_at_metrics(record, lives, rules, sky, now)


def _unreachable(
    record: HostRecord, on: str, labels: Mapping[str, str], rule: StateRule | None
) -> Iterator[Seen]:
    if rule is None:
        return
    breached = record.failed and record.reach not in _KEY_BAD
    needed = min(POLLS_NEEDED, 1 + int(rule.hold // record.every))
    sight = Sight(breached, hold=rule.hold, ready=record.fails >= needed)
    yield Seen(
        key_of(rule.name, on),
        rule.name,
        on,
        labels,
        critical=sight,
        keep=record.every,
        summary=summaries.cannot_see(record.name, record.reach, record.at) if breached else "",
        no_data=True,
        annotations=rule.annotations,
    )


def _key_changed(
    record: HostRecord, on: str, labels: Mapping[str, str], rule: StateRule | None
) -> Iterator[Seen]:
    if rule is None:
        return
    bad = record.reach in _KEY_BAD
    breached = True if bad else False if record.reach is Reach.UP else None
    words = summaries.REACH_WORDS[record.reach] if record.reach else ""
    yield Seen(
        key_of(rule.name, on),
        rule.name,
        on,
        labels,
        critical=Sight(breached, hold=rule.hold),
        summary=f"{words}: {record.reason}".removesuffix(": ") if bad else "",
        no_data=True,
        annotations=rule.annotations,
    )


def _look_at_service(
    record: ServiceRecord, lives: Lives, rules: Rules, sky: Sky, now: float
) -> Iterator[Seen]:
    on = f"service:{record.name}"
    labels = {"service": record.name}
    if rule := rules.states.get(SERVICE_DOWN):
        yield _down(record.state, record.reason, key_of(rule.name, on), on, labels, rule)
    for check in record.checks:
        own = {**labels, "check": check.name}
        yield from look_at_answer(check, on, own, lives, rules, sky, now)


def _look_at_check(
    record: CheckRecord, lives: Lives, rules: Rules, sky: Sky, now: float
) -> Iterator[Seen]:
    on = f"host:{record.host}" if record.host else f"check:{record.name}"
    labels = {"check": record.name} | ({"host": record.host} if record.host else {})
    if rule := rules.states.get(CHECK_DOWN):
        key = key_of(rule.name, on, record.name)
        yield _down(record.state, record.reason, key, on, labels, rule)
    yield from look_at_answer(record, on, labels, lives, rules, sky, now)


def _down(
    state: ServiceState, reason: str, key: str, on: str, labels: Mapping[str, str], rule: StateRule
) -> Seen:
    down, degraded = state is ServiceState.DOWN, state is ServiceState.DEGRADED
    known = down or degraded or state is ServiceState.UP
    return Seen(
        key,
        rule.name,
        on,
        labels,
        warning=Sight(down or degraded if known else None, hold=rule.hold),
        critical=Sight(down if known else None, hold=rule.hold),
        keep=rule.keep,
        summary=f"{state}: {reason}" if reason else str(state),
        annotations=rule.annotations,
    )


def _look_at_feed(record: Feed, rules: Rules) -> Iterator[Seen]:
    rule = rules.states.get(SOURCE_UNREACHABLE)
    if rule is None or record.kind in OUR_FEEDS or record.state is ServiceState.PENDING:
        return
    away = record.state in (ServiceState.DOWN, ServiceState.UNKNOWN)
    seen = f"; last good answer {summaries.time_of_day(record.at)}" if record.at else ""
    yield Seen(
        key_of(rule.name, f"feed:{record.name}"),
        rule.name,
        f"feed:{record.name}",
        {"feed": record.name},
        critical=Sight(away, hold=rule.hold),
        summary=f"we cannot see the alerts of {record.name}: {record.reason or 'no answer'}{seen}",
        no_data=True,
        annotations=rule.annotations,
    )


def _all_unseen(lives: Lives, but: Iterable[str]) -> Iterator[Seen]:
    yield from (again(life) for life in lives.values() if life.rule not in but)
