"""Who may change things now: unlocks, freezes, and what of them survives."""

from pathlib import Path

import pytest

from opsconsole.engine import access
from opsconsole.errors import RefusedError
from opsconsole.model.snapshot import Access, Freeze, Unlock

PROD = Access("prod", locked=True)
NOW = 1_000.0


def test_an_unlock_is_for_one_person_and_ends() -> None:
    granted = access.unlock(PROD, "op1", 900.0, "mailer", NOW)

    assert granted.unlocks == (Unlock("op1", 1_900.0, "mailer"),)
    assert access.expire(granted, 1_899.0) is granted
    assert access.expire(granted, 1_900.0).unlocks == ()


def test_a_second_unlock_replaces_the_first() -> None:
    first = access.unlock(PROD, "op1", 900.0, "mailer", NOW)
    other = access.unlock(first, "op2", 900.0, "search", NOW)

    again = access.unlock(other, "op1", 60.0, "mailer again", NOW)

    assert {one.actor: one.until for one in again.unlocks} == {"op2": 1_900.0, "op1": 1_060.0}


def test_locking_again_ends_only_the_own_unlock() -> None:
    both = access.unlock(access.unlock(PROD, "op1", 9, "a", NOW), "op2", 9, "b", NOW)

    assert [one.actor for one in access.lock(both, "op1").unlocks] == ["op2"]


@pytest.mark.parametrize(
    ("seconds", "reason", "says"),
    [
        (900.0, "", "a reason is needed"),
        (900.0, "  \t ", "a reason is needed"),
        (0.0, "why", "between 1 s and 8 h"),
        (-5.0, "why", "between 1 s and 8 h"),
        (9 * 3600.0, "why", "between 1 s and 8 h"),
        (float("nan"), "why", "between 1 s and 8 h"),
    ],
)
def test_an_unlock_needs_a_reason_and_an_end(seconds: float, reason: str, says: str) -> None:
    with pytest.raises(RefusedError, match=says):
        access.unlock(PROD, "op1", seconds, reason, NOW)


def test_a_read_only_engine_is_never_unlocked() -> None:
    with pytest.raises(RefusedError, match="read-only") as caught:
        access.unlock(Access(read_only=True), "op1", 60, "why", NOW)

    assert caught.value.code == "read-only"


def test_freezes_are_numbered_and_thawed_by_number() -> None:
    one = access.freeze(PROD, "op1", 60, "migration", "*", NOW)
    two = access.freeze(one, "op2", 60, "backup", "role:db", NOW)

    thawed, ended = access.thaw(two, "f1")

    assert ended == Freeze("f1", "op1", 1_060.0, "migration", "*")
    assert [left.id for left in thawed.freezes] == ["f2"]
    with pytest.raises(RefusedError, match="no freeze f9: f2"):
        access.thaw(thawed, "f9")


def test_a_reason_from_outside_cannot_carry_control_characters() -> None:
    granted = access.unlock(PROD, "op1", 60, "a\x1b]0;x\x07b", NOW)

    assert granted.unlocks[0].reason == "a␛]0;x␇b"


def test_what_was_kept_comes_back_without_what_is_over(tmp_path: Path) -> None:
    both = access.freeze(access.unlock(PROD, "op1", 60, "a", NOW), "op2", 600, "b", "*", NOW)
    access.save(tmp_path / "access.json", both)

    again = access.load(tmp_path / "access.json", PROD, NOW + 100)

    assert again.unlocks == ()
    assert again.freezes == both.freezes
    assert again.locked is True


def test_nothing_kept_is_nothing_granted(tmp_path: Path) -> None:
    assert access.load(tmp_path / "absent.json", PROD, NOW) == PROD


def test_a_damaged_file_is_said_and_grants_nothing(tmp_path: Path) -> None:
    (tmp_path / "access.json").write_text('{"unlocks": [{"actor"')

    with pytest.raises(ValueError, match=r"access\.json"):
        access.load(tmp_path / "access.json", PROD, NOW)
