"""Which undos a journal holds for a target: those that the live run would go through, in its order."""

import pytest

from opsconsole.runs.chain import Entry
from opsconsole.runs.pushed import standing_undos


def push(step: str, title: str) -> Entry:
    return Entry("undo.push", 0.0, {"step": step, "title": title})


def sent(step: str, effect: str = "write") -> Entry:
    return Entry("step.dispatch", 0.0, {"step": step, "effect": effect})


def seen(step: str, ending: str = "exited", **said: object) -> Entry:
    return Entry("step.settle", 0.0, {"step": step, "ending": ending, **said})


AGAIN = Entry("target.again", 0.0, {"attempt": 2})
PUT_A = [push("put", "a"), sent("put"), seen("put")]
PUT_B = [push("put", "b"), sent("put"), seen("put")]

CASES: dict[str, tuple[list[Entry], str]] = {
    "nothing": ([], ""),
    "a step that was never sent": ([push("put", "a")], ""),
    "a step that only reads": ([push("put", "a"), sent("put", "read"), seen("put")], ""),
    "two of one name": ([*PUT_A, *PUT_B], "ba"),
    "two for any step": ([push("", "a"), *PUT_B, push("", "c")], "cba"),
    "one for a used action": ([push("use", "a"), sent("use/put"), seen("use/put")], "a"),
    "the like-named step is another": ([push("use", "a"), sent("used"), seen("used")], ""),
    "a session that was refused": ([push("put", "a"), sent("put"), seen("put", "unreachable")], ""),
    "a kill that found nothing": ([push("put", "a"), sent("put"), seen("put", "lost", known="never")], ""),
    "a loss, then a kill that found nothing": (
        [push("put", "a"), sent("put"), seen("put", "lost"), seen("put", "lost", known="never")], "",
    ),
    "a kill that found it": ([push("put", "a"), sent("put"), seen("put", "lost", known="died")], "a"),
    "the second of two was refused": (
        [*PUT_A, push("put", "b"), sent("put"), seen("put", "unreachable")], "ba",
    ),
    "any step, and none ran": ([push("", "a"), sent("x"), seen("x", "unreachable")], ""),
    "a later try that was refused": (
        [*PUT_A, AGAIN, push("put", "b"), sent("put"), seen("put", "unreachable")], "a",
    ),
    "a later try that repeats the step": ([*PUT_A, *PUT_B, AGAIN, *PUT_A], "a"),
    "a later try that never got to it": ([*PUT_A, AGAIN, push("put", "b")], "a"),
    "a later try of another step": ([*PUT_A, AGAIN, push("x", "x"), sent("x"), seen("x")], "xa"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "titles"), CASES.values(), ids=CASES.keys())
def test_a_journal_holds_what_the_live_run_would_take_back(lines: list[Entry], titles: str) -> None:
    assert "".join(entry.text("title") for entry in standing_undos(lines)) == titles
