"""A policy file: what it may say, and every mistake with its place."""

from pathlib import Path

import pytest

from opsconsole.config.policy import read_policy
from opsconsole.errors import ConfigError
from opsconsole.model.policy import Rule, Span
from opsconsole.model.states import Confirm, Effect

WHOLE = """\
version: 1
default: deny
break_glass: [oncall]
approvers: {group: ops, folder: /run/opsconsole}
authorizers: [acme.change-window]
rules:
  - {name: everybody, then: allow}
  - name: databases
    then: need_peer
    actions: "*.unit-restart"
    effect: write
    groups: ops
    except_groups: [dba]
    targets: role:db
    during: {cron: 0 17 * * fri, for: 64h, timezone: Europe/Berlin}
    because: data
    by: [dba, leads]
  - {name: typed, then: force_confirm, level: typed}
  - {name: slowly, then: force_rollout, rollout: {canary: 1, bake: 2m}}
"""


def test_a_whole_policy_is_read() -> None:
    policy = read_policy(WHOLE, "/etc/opsconsole/policy.yaml")

    assert (policy.closed, policy.glass) == (True, ("oncall",))
    assert (policy.approvers, policy.folder) == ("ops", "/run/opsconsole")
    assert policy.authorizers == ("acme.change-window",)
    assert policy.rules[1] == Rule(
        "databases",
        "need_peer",
        actions=("*.unit-restart",),
        effects=(Effect.WRITE,),
        groups=("ops",),
        except_groups=("dba",),
        targets="role:db",
        during=(Span("0 17 * * fri", 64 * 3600.0, "Europe/Berlin"),),
        because="data",
        by=("dba", "leads"),
    )
    assert policy.rules[2].level is Confirm.TYPED
    assert policy.rules[3].rollout == {"canary": "1", "bake": "2m"}


def test_what_is_not_said_is_open() -> None:
    policy = read_policy("version: 1\n", "p.yaml")

    assert (policy.rules, policy.closed, policy.glass) == ((), False, None)


def test_the_policy_in_the_guide_is_one() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
    example = guide.partition("```yaml\n")[2].partition("```")[0]

    policy = read_policy(example, "docs/policy.md")

    assert [rule.then for rule in policy.rules] == [
        "deny", "need_peer", "force_confirm", "force_rollout",
    ]  # fmt: skip


MISTAKES = {
    "no version": ("rules: []\n", "needs `version:`"),
    "a word that is none": (
        "version: 1\nrules: [{name: x, then: forbid}]\n", "is none of allow, deny",
    ),
    "a key that is none": (
        "version: 1\nrules: [{name: x, then: deny, when: now}]\n", "the words are during and outside",
    ),
    "a filter that is none": (
        'version: 1\nrules: [{name: x, then: deny, targets: "load>>"}]\n', "p.yaml:2",
    ),
    "a calendar that is none": (
        "version: 1\nrules: [{name: x, then: deny, during: {cron: soon, for: 1h}}]\n", "is no calendar",
    ),
    "a level without a rule for it": (
        "version: 1\nrules: [{name: x, then: deny, level: typed}]\n", "is for `then: force_confirm`",
    ),
    "a rule without its level": (
        "version: 1\nrules: [{name: x, then: force_confirm}]\n", "needs `level:`",
    ),
    "a rule without its rollout": (
        "version: 1\nrules: [{name: x, then: force_rollout}]\n", "needs `rollout:`",
    ),
    "approvers without a folder": ("version: 1\napprovers: {group: ops}\n", "needs `folder:`"),
    "a rule without a name": ("version: 1\nrules: [{then: deny}]\n", "needs `name:`"),
    "no policy at all": ("- deny\n", "a policy is a mapping of keys"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as found:
        read_policy(text, "p.yaml")

    assert said in str(found.value)
