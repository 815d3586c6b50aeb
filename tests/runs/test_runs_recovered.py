"""What a journal proves of a target whose engine died in a retry, in an undo, or with something left standing."""

import pytest

from opsconsole.runs.chain import Entry
from opsconsole.runs.recovered import target_of


def entry(kind: str, **fields: object) -> Entry:
    return Entry(kind, 0.0, {"target": "web1", **fields})


def sent(step: str, effect: str = "write", ledger: str = "step") -> Entry:
    return entry(f"{ledger}.dispatch", step=step, effect=effect)


def seen(step: str, ending: str = "exited", ledger: str = "step") -> Entry:
    return entry(f"{ledger}.settle", step=step, ending=ending)


PUSH = entry("undo.push", step="drain", title="undrain")
STOP = entry("undo.push", step="restart", title="stop")
DRAINED = [PUSH, sent("drain"), seen("drain")]
FAILED = [
    *DRAINED,
    sent("restart"),
    seen("restart"),
    entry("target.end", state="failed", why="x", left="drain stands; undo: undrain"),
]
UNDRAINED = [sent("undrain", ledger="undo"), seen("undrain", ledger="undo")]
LEFT = "drain stands; undo: undrain"

CASES: list[tuple[list[Entry], str, str]] = [
    ([], "not-started", ""),
    ([PUSH], "not-started", ""),
    ([PUSH, sent("drain")], "unknown", LEFT),
    (DRAINED, "unknown", LEFT),
    ([*DRAINED, STOP, sent("restart"), seen("restart", "unreachable")], "unknown", LEFT),
    ([sent("look", "read"), seen("look")], "cancelled", ""),
    ([sent("look", "read"), seen("look", "unreachable")], "unreachable", ""),
    (FAILED, "failed", LEFT),
    ([*FAILED, entry("target.again", attempt=2)], "failed", LEFT),
    ([*FAILED, entry("target.again", attempt=2), sent("drain")], "unknown", LEFT),
    ([*FAILED, entry("target.again", attempt=2), entry("target.end", state="changed")], "changed", ""),
    ([*FAILED, sent("undrain", ledger="undo")], "undo-unknown", LEFT),
    ([*FAILED, sent("undrain", ledger="undo"), seen("undrain", "lost", ledger="undo")], "undo-unknown", LEFT),
    ([*FAILED, *UNDRAINED], "undo-failed", LEFT),
    (
        [*FAILED, *UNDRAINED, entry("undo.end", state="undone")],
        "undone",
        "",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("entries", "state", "left"), CASES)
def test_a_dead_engines_target_is_what_its_journal_proves(
    entries: list[Entry], state: str, left: str
) -> None:
    target = target_of("web1", [entry("batch.start"), *entries])

    assert (str(target.state), target.left) == (state, left)
