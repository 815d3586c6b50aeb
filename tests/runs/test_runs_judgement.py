"""What a policy says: deny wins, what restricts needs one host, what allows needs them all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from runs_fakes import make_snapshot

from opsconsole.model.policy import Asking, Person, Policy, Rule, Ruling, Span
from opsconsole.model.states import Confirm, Effect
from opsconsole.runs.judgement import is_within, judge

HOSTS = make_snapshot("web1", "web2", "db1").hosts
FRIDAY = 1795197600.0
"""2026-11-20T18:00:00Z."""
ASKING = Asking("core.unit-restart", Effect.WRITE, Person("op1"), FRIDAY, ("web1",), ("web1",))
OPS = ("ops",)


def rule(then: str, **said: Any) -> Rule:
    return replace(Rule("r", then), **said)


def ruled(
    *rules: Rule, asking: Asking = ASKING, groups: tuple[str, ...] = OPS, **policy: Any
) -> Ruling:
    return judge(replace(Policy(rules), **policy), asking, groups, HOSTS)


ON_DB = replace(ASKING, targets=("web1", "db1"), hosts=("web1", "db1"))
MEANT = {
    "everything that is not said matches": (rule("deny"), ASKING, True),
    "its action": (rule("deny", actions=("core.unit-*",)), ASKING, True),
    "another action": (rule("deny", actions=("core.reboot*", "acme.*")), ASKING, False),
    "its effect": (rule("deny", effects=(Effect.WRITE,)), ASKING, True),
    "another effect": (rule("deny", effects=(Effect.DESTRUCTIVE,)), ASKING, False),
    "reads are not meant unless said": (rule("deny"), replace(ASKING, effect=Effect.READ), False),
    "reads, where they are said": (
        rule("deny", effects=(Effect.READ,)), replace(ASKING, effect=Effect.READ), True,
    ),
    "the person's group": (rule("deny", groups=("ops", "dba")), ASKING, True),
    "another group": (rule("deny", groups=("dba",)), ASKING, False),
    "all but the person's group": (rule("deny", except_groups=("ops",)), ASKING, False),
    "all but another group": (rule("deny", except_groups=("dba",)), ASKING, True),
    "a filter over its host": (rule("deny", targets="role:web"), ASKING, True),
    "a filter over another host": (rule("deny", targets="role:db"), ASKING, False),
    "a filter over one of its hosts": (rule("deny", targets="role:db"), ON_DB, True),
    "a host that nobody knows is covered": (
        rule("deny", targets="role:db"), replace(ASKING, hosts=("ghost",)), True,
    ),
    "a filter that cannot be read covers everything": (rule("deny", targets="load>>"), ASKING, True),
    "what touches no host is under no filter": (
        rule("deny", targets="role:db"), replace(ASKING, hosts=()), False,
    ),
    "a star is everything": (rule("deny", targets="*"), replace(ASKING, hosts=()), True),
    "its time": (rule("deny", during=(Span("0 17 * * fri", 64 * 3600.0),)), ASKING, True),
    "another time": (rule("deny", during=(Span("0 8 * * mon", 3600.0),)), ASKING, False),
    "outside of its time": (rule("deny", outside=(Span("0 17 * * fri", 3600.0 * 2),)), ASKING, False),
    "outside of another time": (rule("deny", outside=(Span("0 8 * * mon", 3600.0),)), ASKING, True),
}  # fmt: skip


@pytest.mark.parametrize(("one", "asking", "is_meant"), MEANT.values(), ids=MEANT.keys())
def test_a_rule_is_meant_by_what_it_says(one: Rule, asking: Asking, is_meant: bool) -> None:
    assert bool(ruled(one, asking=asking).denied) is is_meant


ALLOWED = {
    "nothing allows it": ((), ASKING, "no rule of the policy allows it on web1"),
    "a rule for all allows it": ((rule("allow"),), ASKING, ""),
    "one for its hosts": ((rule("allow", targets="role:web"),), ASKING, ""),
    "one that covers not all of them": (
        (rule("allow", targets="role:web"),), ON_DB, "no rule of the policy allows it on db1",
    ),
    "two that cover them together": (
        (rule("allow", targets="role:web"), rule("allow", targets="role:db")), ON_DB, "",
    ),
    "a host that nobody knows is allowed by no filter": (
        (rule("allow", targets="role:web"),), replace(ASKING, hosts=("ghost",)),
        "no rule of the policy allows it on ghost",
    ),
    "for nobody's group": ((rule("allow", groups=("dba",)),), ASKING, "no rule of the policy allows it on web1"),
    "what touches no host needs a rule without filter": (
        (rule("allow", targets="role:web"),), replace(ASKING, hosts=()), "no rule of the policy allows it",
    ),
    "reads need no rule": ((), replace(ASKING, effect=Effect.READ), ""),
    "deny wins": ((rule("allow"), rule("deny", because="no")), ASKING, "the policy denies it: r: no"),
}  # fmt: skip


@pytest.mark.parametrize(("rules", "asking", "denied"), ALLOWED.values(), ids=ALLOWED.keys())
def test_where_the_default_is_no_every_host_must_be_allowed(
    rules: tuple[Rule, ...], asking: Asking, denied: str
) -> None:
    assert ruled(*rules, asking=asking, closed=True).denied == denied


def test_a_policy_that_is_not_known_denies_changes_and_lets_people_look() -> None:
    policy = Policy(broken="/etc/opsconsole/policy.yaml can be written by everybody")

    assert "not known" in judge(policy, ASKING, OPS, HOSTS).denied
    assert judge(policy, replace(ASKING, effect=Effect.READ), OPS, HOSTS).denied == ""


def test_everything_else_adds_up() -> None:
    found = ruled(
        rule("need_peer", by=("dba",), because="data"),
        rule("need_peer", by=("leads",)),
        rule("force_confirm", level=Confirm.COUNT),
        rule("force_confirm", level=Confirm.TYPED),
        rule("force_rollout", rollout={"canary": "1"}),
    )

    assert found.peer == "r: data; r"
    assert found.by == (("dba",), ("leads",))
    assert found.level is Confirm.TYPED
    assert found.rollout == ({"canary": "1"},)
    assert len(found.says) == 5


GLASS = [(None, True), (("ops", "oncall"), True), (("oncall",), False), ((), False)]


@pytest.mark.parametrize(("groups", "may"), GLASS)
def test_who_may_break_the_glass_is_said_by_groups(
    groups: tuple[str, ...] | None, may: bool
) -> None:
    assert ruled(glass=groups).glass is may


SPANS = {
    "at its beginning": (Span("0 18 * * fri", 3600.0), True),
    "before its end": (Span("1 17 * * fri", 3600.0), True),
    "at its end": (Span("0 17 * * fri", 3600.0), False),
    "in another zone": (Span("0 19 * * fri", 60.0, "Europe/Berlin"), True),
    "a calendar that cannot be read": (Span("nonsense", 3600.0), False),
}


@pytest.mark.parametrize(("span", "inside"), SPANS.values(), ids=SPANS.keys())
def test_a_time_holds_from_its_beginning_until_its_end(span: Span, inside: bool) -> None:
    assert is_within(span, FRIDAY) is inside


THENS = st.sampled_from(["allow", "deny", "need_peer", "force_confirm", "force_rollout"])
RULES = st.lists(
    st.builds(
        lambda then, targets, groups: rule(then, targets=targets, groups=groups),
        THENS,
        st.sampled_from(["", "*", "role:web", "role:db"]),
        st.sampled_from([(), ("ops",), ("dba",)]),
    ),
    max_size=6,
)


@given(RULES, RULES, st.booleans(), st.sampled_from([(), ("ops",), ("ops", "dba")]))
def test_a_rule_more_that_allows_nothing_never_makes_a_policy_laxer(
    rules: list[Rule], more: list[Rule], closed: bool, groups: tuple[str, ...]
) -> None:
    stricter = [each for each in more if each.then != "allow"]
    before = ruled(*rules, asking=ON_DB, groups=groups, closed=closed)
    after = ruled(*rules, *stricter, asking=ON_DB, groups=groups, closed=closed)

    assert bool(after.denied) >= bool(before.denied)
    assert bool(after.peer) >= bool(before.peer)
