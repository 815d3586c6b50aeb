"""The odd one out: who is compared with whom, and how far is far."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.alerting.odd import LEAST_PEERS, find_odd, find_unusual, marks, sigmas
from opsconsole.model.snapshot import HostRecord
from opsconsole.model.states import Reach

NOW = 1_800_000_000.0


def host(
    name: str, value: float, *, role: str = "db", age: float = 1, **more: object
) -> HostRecord:
    metrics = {"tcp.retransmits": value}
    labels = {"role": role} if role else {}
    return HostRecord(name, labels=labels, reach=Reach.UP, at=NOW - age, metrics=metrics, **more)  # type: ignore[arg-type]


def peers(*values: float) -> list[HostRecord]:
    return [host(f"db{n}", value) for n, value in enumerate(values, 1)]


def test_one_host_far_from_its_peers_is_named_with_how_far() -> None:
    found = find_odd(peers(10, 12, 70, 11, 9, 13), NOW)

    (odd,) = found.odds
    assert (odd.host, odd.metric, odd.value, odd.typical, odd.peers, odd.role) == (
        "db3", "tcp.retransmits", 70, 11, 5, "db",
    )  # fmt: skip
    assert odd.sigma == pytest.approx(59 / 1.4826)
    assert found.compared == 6
    assert marks(found) == {"db3": ("tcp.retransmits", 40)}


def test_peers_that_are_all_alike_do_not_make_a_small_difference_a_large_one() -> None:
    assert find_odd(peers(0, 0, 0, 0, 0, 4.9), NOW).odds == ()

    (odd,) = find_odd(peers(0, 0, 0, 0, 0, 20), NOW).odds
    assert odd.sigma == pytest.approx(24)


def test_fewer_than_four_peers_cannot_say_who_is_odd() -> None:
    assert find_odd(peers(10, 10, 10, 900), NOW).compared == 0
    assert find_odd(peers(10, 10, 10, 10, 900), NOW).compared == LEAST_PEERS + 1


@pytest.mark.parametrize(
    "away",
    [
        host("db6", 900, age=600),
        host("db6", 900, failed=True),
        host("db6", 900, role=""),
        host("db6", 900, role="web"),
    ],
    ids=["stale", "failed", "of no role", "alone in its role"],
)
def test_who_cannot_be_seen_or_has_no_peers_is_not_compared(away: HostRecord) -> None:
    found = find_odd([*peers(10, 12, 11, 9, 13), away], NOW)

    assert found.odds == ()
    assert found.compared == 5


def test_the_first_group_stands_in_for_a_role() -> None:
    grouped = [
        host(f"h{n}", value, role="", groups=("eu",)) for n, value in enumerate((1, 2, 1, 2, 1, 99))
    ]

    assert [odd.role for odd in find_odd(grouped, NOW).odds] == ["eu"]


def test_the_oddest_stands_first_and_marks_its_host() -> None:
    records = peers(10, 12, 70, 11, 9, 13, 200)

    found = find_odd(records, NOW)

    assert [odd.host for odd in found.odds] == ["db7", "db3"]


@given(
    st.lists(st.floats(0, 1e9), min_size=5, max_size=40),
    st.floats(0, 1e9),
    st.floats(0.01, 100),
)
def test_who_is_like_the_median_of_its_peers_is_never_odd(
    values: list[float], far: float, least: float
) -> None:
    odd_count = values if len(values) % 2 else values[:-1]
    middle = sorted(odd_count)[len(odd_count) // 2]

    assert sigmas(middle, odd_count, least) == 0
    assert sigmas(far, odd_count, least) >= 0


@given(st.floats(0, 1e6), st.integers(5, 30))
def test_equal_hosts_are_never_odd(value: float, count: int) -> None:
    assert find_odd(peers(*[value] * count), NOW).odds == ()


USUAL = [0.2 + 0.001 * (n % 7) for n in range(40)]


@pytest.mark.parametrize(
    ("past", "lately", "found", "compared"),
    [
        (USUAL, [0.9] * 7, ["cpu.busy"], 1),
        (USUAL, [0.2, 0.2, *[0.9] * 5], ["cpu.busy"], 1),
        (USUAL, [0.2, 0.2, 0.2, *[0.9] * 4], [], 1),
        (USUAL, [0.25] * 7, [], 1),
        (USUAL, [0.9] * 6, [], 0),
        (USUAL[:29], [0.9] * 7, [], 0),
    ],
    ids=["far", "five of seven", "four of seven", "not worth a word", "too new", "too little past"],
)
def test_a_host_is_unlike_its_past_when_five_of_its_last_seven_samples_are(
    past: list[float], lately: list[float], found: list[str], compared: int
) -> None:
    odds = find_unusual("db1", {"cpu.busy": past}, {"cpu.busy": lately}, "the last 24 h", NOW)

    assert [odd.metric for odd in odds.odds] == found
    assert (odds.compared, odds.against) == (compared, "the last 24 h")
