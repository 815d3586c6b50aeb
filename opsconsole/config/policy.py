"""A policy file: who may run what, when, and what needs a second person."""

from pathlib import Path
from typing import Final

from opsconsole.config import kinds
from opsconsole.config.expressions import host_filter
from opsconsole.config.fields import Field, Values, list_of, map_of, record_of, table
from opsconsole.config.loader import read_text
from opsconsole.config.problems import Problems
from opsconsole.model.policy import Policy, Rule, Span
from opsconsole.model.states import Confirm, Effect
from opsconsole.query.calendars import problem_of

SYSTEM: Final = Path("/etc/opsconsole/policy.yaml")
"""The machine's policy; it holds for every engine on it, where it is there."""
_WEEK: Final = 7 * 86_400.0
THEN: Final = ("allow", "deny", "need_peer", "force_confirm", "force_rollout")
_OWN: Final = {"by": "need_peer", "level": "force_confirm", "rollout": "force_rollout"}
"""Keys that only one kind of rule has."""

CRON = Field("cron", kinds.text(100), "When it begins: 0 17 * * fri.", required=True)
LONG = Field(
    "for", kinds.duration(60, _WEEK, "a time from 1m to 7d"), "How long it is.", required=True
)
ZONE = Field("timezone", kinds.text(60), "The zone of `cron`: Europe/Berlin; UTC if not said.")
SPAN: Final = table("a time", CRON, LONG, ZONE)


def _read_span(values: Values, problems: Problems) -> Span | None:
    cron, seconds, zone = values.get(CRON), values.get(LONG), values.value(ZONE, "UTC")
    if not cron or seconds is None:
        return None
    if wrong := problem_of(cron, zone):
        problems.add(values.place(CRON), wrong)
        return None
    return Span(cron, seconds, zone)


_spans: Final = list_of(record_of(SPAN, _read_span), or_one=True)
_groups: Final = list_of(kinds.user, or_one=True)

NAME = Field("name", kinds.name, "What it is called in plans and journals.", required=True)
DOES = Field("then", kinds.choice(THEN), "What it does.", required=True)
ACTIONS = Field("actions", list_of(kinds.text(127), or_one=True), "Globs of actions: core.*.")
EFFECTS = Field(
    "effect",
    list_of(kinds.choice(tuple(str(each) for each in Effect)), or_one=True),
    "Which effects; write and destructive if not said.",
)
GROUPS = Field("groups", _groups, "Unix groups, one of which the person is in.")
EXCEPT = Field("except_groups", _groups, "Unix groups, none of which the person is in.")
TARGETS = Field("targets", host_filter(), "A filter over hosts: role:db.")
DURING = Field("during", _spans, "Only then: {cron: 0 17 * * fri, for: 64h}.")
OUTSIDE = Field("outside", _spans, "Only at any other time.")
BECAUSE = Field("because", kinds.text(200), "Why, for people.")
BY = Field("by", _groups, "need_peer: groups, one of which the second person is in.")
LEVEL = Field(
    "level", kinds.choice(("key", "count", "typed")), "force_confirm: at least so: typed."
)
ROLLOUT = Field(
    "rollout",
    map_of(kinds.name, kinds.text(100)),
    "force_rollout: at least so strict: {canary: 1}.",
)
RULE: Final = table(
    "a rule", NAME, DOES, ACTIONS, EFFECTS, GROUPS, EXCEPT, TARGETS, DURING, OUTSIDE, BECAUSE, BY,
    LEVEL, ROLLOUT, hints={"when": "the words are during and outside", "do": "the word is then"},
)  # fmt: skip


def _read_rule(values: Values, problems: Problems) -> Rule | None:
    name, then = values.get(NAME), values.get(DOES)
    if name is None or then is None:
        return None
    for key, kind in _OWN.items():
        if (key in values.tree.entries) and kind != then:
            problems.add(values.tree.keys[key], f"`{key}:` is for `then: {kind}`")
    needed = {"force_confirm": LEVEL, "force_rollout": ROLLOUT}.get(then)
    if needed is not None and needed not in values:
        problems.add(values.mark, f"a rule with `then: {then}` needs `{needed.name}:`")
    level, usual = values.get(LEVEL), Rule(name, then)
    said = values.get(EFFECTS)
    return Rule(
        name,
        then,
        actions=values.value(ACTIONS, ()),
        effects=usual.effects if said is None else tuple(Effect(each) for each in said),
        groups=values.value(GROUPS, ()),
        except_groups=values.value(EXCEPT, ()),
        targets=values.value(TARGETS, ""),
        during=values.value(DURING, ()),
        outside=values.value(OUTSIDE, ()),
        because=values.value(BECAUSE, ""),
        by=values.value(BY, ()),
        level=Confirm(level) if level else None,
        rollout=values.value(ROLLOUT, {}),
    )


GROUP = Field("group", kinds.user, "The unix group of those who may agree.", required=True)
FOLDER = Field(
    "folder",
    kinds.path(),
    "Where their socket is; root's or yours: /run/opsconsole.",
    required=True,
)
APPROVERS: Final = table("`approvers:`", GROUP, FOLDER)
VERSION = Field("version", kinds.integer(1, 1), "Version of this format: 1.", required=True)
DEFAULT = Field(
    "default",
    kinds.choice(("allow", "deny")),
    "Of a change that no rule allows; allow if not said.",
)
GLASS = Field("break_glass", list_of(kinds.user), "Groups that may do without a second person.")
ADMIT = Field(
    "approvers",
    record_of(APPROVERS, lambda values, _: values),
    "Who may agree from an account of their own.",
)
ASKED = Field("authorizers", list_of(kinds.action), "Authorizers of plugins, all of them asked.")
RULES = Field("rules", list_of(record_of(RULE, _read_rule)), "The rules; one that denies wins.")
FILE: Final = table("a policy", VERSION, DEFAULT, GLASS, ADMIT, ASKED, RULES)


def read_policy(text: str, file: str) -> Policy:
    """Read one policy file.

    Args:
        text: Its content.
        file: What mistakes call it, and what relative paths start from.

    Raises:
        ConfigError: All mistakes.
    """
    problems = Problems()
    values = FILE.read(read_text(text, file, problems), problems)
    problems.raise_if_any()
    assert values is not None
    admit = values.get(ADMIT)
    return Policy(
        rules=values.value(RULES, ()),
        closed=values.value(DEFAULT, "allow") == "deny",
        glass=values.get(GLASS),
        approvers="" if admit is None else admit.value(GROUP, ""),
        folder="" if admit is None else admit.value(FOLDER, ""),
        authorizers=values.value(ASKED, ()),
        files=(file,),
    )
