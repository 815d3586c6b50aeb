"""What is folded under a fire and what it is folded under, in words for Peek and for its page."""

from collections import Counter
from typing import Final

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.environments import owner_of
from opsconsole.view.cells import cell
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.likely import behind_words, folded_under, likely_cause
from opsconsole.view.naming import bare_name
from opsconsole.view.rows import Cell, Tone

_NAMED: Final = 4


def fold_words(snapshot: Snapshot, alert: Alert, glyphs: Glyphs) -> str:
    """Say what is folded under a fire, `likely behind 39 more, 37 CRIT: HostUnreachable x37, ...`, or nothing."""
    under = folded_under(snapshot, alert)
    if not under:
        return ""
    counts = Counter(each.name for each in under).most_common()
    named = [f"{name} {glyphs.times}{n}" if n > 1 else name for name, n in counts[:_NAMED]]
    more = [f"{len(counts) - _NAMED} other kinds"] if len(counts) > _NAMED else []
    return f"{behind_words(under)}: {', '.join([*named, *more])}"


def cause_words(snapshot: Snapshot, alert: Alert) -> str:
    """Say what a fire is folded under: `likely follows SwitchDown sw-3, op1 has it`; or nothing."""
    root = likely_cause(snapshot, alert)
    if root is None:
        return ""
    owner = owner_of(root)
    has = f", {owner} has it" if owner else ""
    return f"likely follows {root.name} {bare_name(root.on)}{has}"


def fold_lines(snapshot: Snapshot, alert: Alert, glyphs: Glyphs) -> list[tuple[str, Cell]]:
    """Give both with their labels; what has nothing to say is left out."""
    said = (
        ("under", cause_words(snapshot, alert)),
        ("folds", fold_words(snapshot, alert, glyphs)),
    )
    return [(label, cell(words, Tone.WARNING)) for label, words in said if words]
