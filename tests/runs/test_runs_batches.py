"""How a frozen set is cut into batches, and what a person may wish otherwise."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from runs_fakes import make_snapshot

from opsconsole.actions.rollout_form import read_rollout
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec
from opsconsole.model.rollout import Budget, Rollout
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect, HostState
from opsconsole.runs.batches import Standing, cut_batches, has_canary
from opsconsole.runs.strategy import decide

WEB = tuple(f"web{n}" for n in range(1, 21))
WELL = {name: Standing(is_healthy=True) for name in WEB}


def sizes(told: Mapping[str, object], standings: Mapping[str, Standing] = WELL) -> list[int]:
    return [len(batch) for batch in cut_batches(read_rollout(told), WEB, standings)]


CUTS: list[tuple[dict[str, object], list[int]]] = [
    ({}, [20]),
    ({"canary": 1}, [1, 19]),
    ({"canary": "10%", "batches": ["50%", "100%"]}, [2, 8, 10]),
    ({"canary": 1, "batches": ["10%", "25%", "100%"]}, [1, 1, 3, 15]),
    ({"batches": ["1%", "50%"]}, [1, 9, 10]),
    ({"batches": [3, 9]}, [3, 6, 11]),
    ({"canary": 5, "batches": ["10%", "50%"]}, [5, 5, 10]),
    ({"canary": 20}, [20]),
    ({"batches": ["100%"]}, [20]),
]


@pytest.mark.parametrize(("told", "expected"), CUTS)
def test_batches_are_cumulative_shares_of_the_frozen_set_rounded_down(
    told: dict[str, object], expected: list[int]
) -> None:
    assert sizes(told) == expected


def test_a_canary_is_never_a_host_that_is_not_well_while_another_is() -> None:
    standings = {**WELL, "web1": Standing(), "web2": Standing()}

    assert cut_batches(read_rollout({"canary": 1}), WEB, standings)[0] == ("web3",)


def test_the_least_loaded_of_the_healthy_is_the_canary_when_that_is_wished() -> None:
    standings = {**WELL, "web7": Standing(is_healthy=True, load=-1.0), "web9": Standing(load=-5.0)}
    told = {"canary": {"count": 1, "pick": ["healthy", "least_loaded"]}}

    assert cut_batches(read_rollout(told), WEB, standings)[0] == ("web7",)


def racks(count: int) -> dict[str, Standing]:
    return {name: Standing(is_healthy=True, domain=f"r{n % count}") for n, name in enumerate(WEB)}


def test_a_batch_holds_one_failure_domain_only() -> None:
    standings = racks(4)
    told = {"canary": 1, "batches": ["50%"], "spread_by": "rack"}

    batches = cut_batches(read_rollout(told), WEB, standings)

    assert all(len({standings[name].domain for name in batch}) == 1 for batch in batches)
    assert max(map(len, batches)) <= 9


def test_a_batch_holds_a_share_of_each_failure_domain() -> None:
    standings = racks(4)
    told = {"batches": ["20%", "100%"], "spread_by": "rack", "spread": "share"}

    first, _ = cut_batches(read_rollout(told), WEB, standings)

    assert sorted(standings[name].domain for name in first) == ["r0", "r1", "r2", "r3"]


def test_a_canary_that_is_spread_takes_one_of_each_domain() -> None:
    standings = racks(4)
    told = {"canary": {"count": 4, "pick": ["spread_by"]}, "spread_by": "rack"}

    canary = cut_batches(read_rollout(told), WEB, standings)[0]

    assert {standings[name].domain for name in canary} == {"r0", "r1", "r2", "r3"}


SIZES = st.integers(1, 30) | st.integers(1, 100).map(lambda share: f"{share}%")


@given(
    names=st.integers(1, 30),
    canary=st.none() | SIZES,
    batches=st.lists(SIZES, max_size=4),
    domains=st.integers(1, 5),
    spread_by=st.sampled_from(["", "rack"]),
    spread=st.sampled_from(["one_domain", "share"]),
)
def test_every_target_is_in_one_batch_and_no_batch_is_empty(
    names: int, canary: object, batches: list[object], domains: int, spread_by: str, spread: str
) -> None:
    told = {"canary": canary, "batches": batches, "spread_by": spread_by, "spread": spread}
    all_names = tuple(f"h{n}" for n in range(names))
    standings = {name: Standing(domain=str(n % domains)) for n, name in enumerate(all_names)}
    rollout = read_rollout(told)

    cut = cut_batches(rollout, all_names, standings)

    assert sorted(name for batch in cut for name in batch) == sorted(all_names)
    assert all(cut)
    if spread_by and spread == "one_domain":
        assert all(len({standings[name].domain for name in batch}) == 1 for batch in cut[1:])
    if canary is not None and names > 1:
        assert has_canary(rollout, cut) == (len(cut) > 1)


def spec(
    rollout: Rollout | None = None, effect: Effect = Effect.WRITE, *, stop: bool = False
) -> ActionSpec:
    return ActionSpec("a.b", "B", effect, "host", stop_on_failure=stop, rollout=rollout)


def seen(*names: str) -> Snapshot:
    base = make_snapshot(*names)
    return replace(base, hosts={n: replace(r, at=base.now) for n, r in base.hosts.items()})


def test_a_change_on_several_targets_tries_one_first_that_is_well() -> None:
    snapshot = seen("web1", "web2", "web3")
    sick = replace(snapshot.hosts["web1"], state=HostState.CRITICAL)
    snapshot = replace(snapshot, hosts={**snapshot.hosts, "web1": sick})

    found = decide(spec(), {}, ("web1", "web2", "web3"), snapshot)

    assert found.batches == (("web2",), ("web1", "web3"))


def test_a_read_and_a_single_target_have_one_batch() -> None:
    names = ("web1", "web2")

    assert decide(spec(effect=Effect.READ), {}, names, seen(*names)).batches == (names,)
    assert decide(spec(), {}, ("web1",), seen("web1")).batches == (("web1",),)


def test_stop_on_failure_is_a_budget_of_none() -> None:
    assert decide(spec(stop=True), {}, WEB, seen(*WEB)).rollout.budget == Budget(count=0)


STRICT = read_rollout(
    {"canary": {"count": 2, "bake": "10s"}, "batches": ["50%"], "max_failures": 2}
)
STRICTER: list[tuple[dict[str, str], list[int]]] = [
    ({"canary": "1"}, [1, 9, 10]),
    ({"batches": "10%,20%,30%"}, [2, 2, 2, 14]),
    ({"bake": "30s"}, [2, 8, 10]),
    ({"max_failures": "0"}, [2, 8, 10]),
    ({"max_parallel": "1", "on_halt": "stop"}, [2, 8, 10]),
]
LAXER = [
    {"canary": "3"}, {"batches": "60%"}, {"bake": "1s"}, {"max_failures": "3"}, {"max_parallel": "32"},
    {"on_operator_loss": "continue"}, {"shuffle": "yes"}, {"canary": "none"},
]  # fmt: skip


@pytest.mark.parametrize(("wishes", "expected"), STRICTER)
def test_a_person_may_wish_it_stricter(wishes: dict[str, str], expected: list[int]) -> None:
    found = decide(spec(STRICT), wishes, WEB, seen(*WEB))

    assert [len(batch) for batch in found.batches] == expected
    assert found.rollout.canary is not None
    assert found.rollout.canary.bake == (30.0 if "bake" in wishes else 10.0)


@pytest.mark.parametrize("wishes", LAXER)
def test_nobody_may_wish_it_laxer(wishes: dict[str, str]) -> None:
    with pytest.raises(RefusedError) as refused:
        decide(spec(STRICT), wishes, WEB, seen(*WEB))

    assert refused.value.code == "param"
