"""What a policy says of a plan: deny wins, every other rule adds up; pure."""

from collections.abc import Callable, Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from opsconsole.errors import QueryError
from opsconsole.model.policy import Asking, Policy, Rule, Ruling, Span
from opsconsole.model.snapshot import HostRecord
from opsconsole.model.states import Confirm, Effect
from opsconsole.query.calendars import next_after
from opsconsole.query.contexts import HOSTS
from opsconsole.query.environments import host_env
from opsconsole.query.evaluator import holds
from opsconsole.query.filter_line import compile_filter

_LEVELS: Final = tuple(Confirm)


def judge(
    policy: Policy, asking: Asking, groups: Collection[str], records: Mapping[str, HostRecord]
) -> Ruling:
    """Decide what the rules say of one plan of one person.

    Args:
        policy: The rules in force; broken ones deny every change.
        asking: The plan.
        groups: The person's unix groups.
        records: Hosts by name, for the rules' filters; one that is not there is covered by what
            forbids and by nothing that allows.
    """
    if policy.broken:
        denied = "" if asking.effect is Effect.READ else f"the policy is not known: {policy.broken}"
        return Ruling(denied=denied, version=policy.version)
    told = [rule for rule in policy.rules if _is_meant(rule, asking, groups, records)]
    peers = [rule for rule in told if rule.then == "need_peer"]
    return Ruling(
        denied=_denied(policy, told, asking, groups, records),
        peer="; ".join(_words(rule) for rule in peers),
        by=tuple(rule.by for rule in peers if rule.by),
        glass=policy.glass is None or bool(set(policy.glass) & set(groups)),
        level=max((rule.level for rule in told if rule.level), key=_LEVELS.index, default=None),
        rollout=tuple(rule.rollout for rule in told if rule.rollout),
        says=tuple(f"{rule.then} by {_words(rule)}" for rule in told if rule.then != "allow"),
        version=policy.version,
    )


def _denied(
    policy: Policy,
    told: Sequence[Rule],
    asking: Asking,
    groups: Collection[str],
    records: Mapping[str, HostRecord],
) -> str:
    for rule in told:
        if rule.then == "deny":
            return f"the policy denies it: {_words(rule)}"
    if asking.effect is Effect.READ:
        return ""
    closed = [part for part in policy.parts or (policy,) if part.closed]
    found = (_not_allowed(part.rules, asking, groups, records) for part in closed)
    return next(filter(None, found), "")


def _not_allowed(
    rules: Sequence[Rule],
    asking: Asking,
    groups: Collection[str],
    records: Mapping[str, HostRecord],
) -> str:
    """Say what no rule of a file allows whose default is deny; empty: all of it is allowed."""
    allowing = [rule for rule in rules if rule.then == "allow" and _is_about(rule, asking, groups)]
    whole = [rule for rule in allowing if rule.targets in ("", "*")]
    if whole:
        return ""
    if not asking.hosts:
        return "no rule of the policy allows it"
    left = list(asking.hosts)
    for rule in allowing:
        covers = _covering(rule, records, asking.at, unknown=False)
        left = [host for host in left if not covers(host)]
    return f"no rule of the policy allows it on {left[0]}" if left else ""


def _words(rule: Rule) -> str:
    return f"{rule.name}: {rule.because}" if rule.because else rule.name


def _is_meant(
    rule: Rule, asking: Asking, groups: Collection[str], records: Mapping[str, HostRecord]
) -> bool:
    """Tell whether a rule has a say: for what restricts, one host that it covers is enough."""
    if not _is_about(rule, asking, groups):
        return False
    if rule.targets in ("", "*"):
        return True
    return any(map(_covering(rule, records, asking.at, unknown=True), asking.hosts))


def _is_about(rule: Rule, asking: Asking, groups: Collection[str]) -> bool:
    """Tell whether a rule is about this action, this person and this time, whatever the targets."""
    return (
        asking.effect in rule.effects
        and (not rule.actions or any(fnmatchcase(asking.action, each) for each in rule.actions))
        and (not rule.groups or bool(set(rule.groups) & set(groups)))
        and not set(rule.except_groups) & set(groups)
        and (not rule.during or any(is_within(span, asking.at) for span in rule.during))
        and not any(is_within(span, asking.at) for span in rule.outside)
    )


def _covering(
    rule: Rule, records: Mapping[str, HostRecord], at: float, *, unknown: bool
) -> Callable[[str], bool]:
    """Read a rule's filter, once; what it gives tells whether the rule covers a host.

    What cannot be told (a host nobody knows, no value, a filter that cannot be read) is `unknown`.
    """
    try:
        expr = compile_filter(rule.targets, HOSTS).expr
    except QueryError:
        expr = None

    def covers(host: str) -> bool:
        record = records.get(host)
        if record is None or expr is None:
            return unknown
        found = holds(expr, host_env(record, at))
        return found if isinstance(found, bool) else unknown

    return covers


def is_within(span: Span, at: float) -> bool:
    """Tell whether a moment (epoch seconds) lies in a time that comes again and again."""
    begin = next_after(span.cron, span.zone, at - span.seconds)
    return begin is not None and begin <= at
