"""Which fires fold under which: what likely follows from another one, and in a storm what shares its label."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.environments import owner_of
from opsconsole.view.cells import cell
from opsconsole.view.glyphs import Glyphs
from opsconsole.view.likely import behind, behind_words
from opsconsole.view.naming import bare_name
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.storm import Storm, folded, storm
from opsconsole.view.triage import in_order

_NAMED: Final = 4
_REMEMBERED: Final = 30.0
"""Seconds for which a change of hosts folds nothing else: what needs what comes from the configuration."""


def all_folds(snapshot: Snapshot, now: float) -> Mapping[str, tuple[Alert, ...]]:
    """Do the same for every fire there is; pane and Peek ask for the same answer."""
    return _memory.of(snapshot, now)


def folds(
    snapshot: Snapshot, shown: Sequence[Alert], now: float
) -> Mapping[str, tuple[Alert, ...]]:
    """Say which fires fold under which other one, by the episode of that one.

    Likely causes come first; in a storm, the first of what shares its label takes the rest along.
    """
    causes = behind(snapshot, shown)
    found = storm(snapshot, now)
    if found is None or not found.label:
        return causes
    under = {alert.episode for each in causes.values() for alert in each}
    root, rest = folded(found, (alert for alert in shown if alert.episode not in under))
    if root is None or not rest:
        return causes
    taken = [alert.episode for alert in rest]
    along = [alert for episode in taken for alert in causes.get(episode, ())]
    kept = {episode: each for episode, each in causes.items() if episode not in set(taken)}
    return {**kept, root.episode: (*kept.get(root.episode, ()), *rest, *along)}


class _Memory:
    """Remembers what is folded in one table of alerts: panes ask for it many times."""

    def __init__(self) -> None:
        self._seen = Snapshot()
        self._storm: Storm | None = None
        self._at = float("-inf")
        self._found: Mapping[str, tuple[Alert, ...]] = {}

    def of(self, snapshot: Snapshot, now: float) -> Mapping[str, tuple[Alert, ...]]:
        raging = storm(snapshot, now)
        if raging is not self._storm or not self._holds(snapshot, now):
            self._seen, self._storm, self._at = snapshot, raging, now
            found = folds(snapshot, in_order(snapshot), now)
            # Rows are laid out by what is folded: the same folds stay the same object.
            self._found = found if found != self._found else self._found
        return self._found

    def _holds(self, snapshot: Snapshot, now: float) -> bool:
        seen = self._seen
        if snapshot.alerts is not seen.alerts:
            return False
        is_same_fleet = snapshot.hosts is seen.hosts and snapshot.services is seen.services
        return is_same_fleet or 0 <= now - self._at < _REMEMBERED


_memory: Final = _Memory()


def fold_words(snapshot: Snapshot, alert: Alert, now: float, glyphs: Glyphs) -> str:
    """Say what is folded under a fire, `likely behind 39 more, 37 CRIT: HostUnreachable x37, ...`, or nothing."""
    under = _memory.of(snapshot, now).get(alert.episode, ())
    if not under:
        return ""
    counts = Counter(each.name for each in under).most_common()
    named = [f"{name} {glyphs.times}{n}" if n > 1 else name for name, n in counts[:_NAMED]]
    more = [f"{len(counts) - _NAMED} other kinds"] if len(counts) > _NAMED else []
    return f"{behind_words(under)}: {', '.join([*named, *more])}"


def cause_words(snapshot: Snapshot, alert: Alert, now: float) -> str:
    """Say what a fire is folded under: `likely follows SwitchDown sw-3, op1 has it`; or nothing."""
    every = _memory.of(snapshot, now).items()
    under = (e for e, each in every if any(one.episode == alert.episode for one in each))
    root = snapshot.alerts.get(next(under, ""))
    if root is None:
        return ""
    owner = owner_of(root)
    has = f", {owner} has it" if owner else ""
    return f"likely follows {root.name} {bare_name(root.on)}{has}"


def fold_lines(
    snapshot: Snapshot, alert: Alert, now: float, glyphs: Glyphs
) -> list[tuple[str, Cell]]:
    """Give both with their labels; what has nothing to say is left out."""
    said = (
        ("under", cause_words(snapshot, alert, now)),
        ("folds", fold_words(snapshot, alert, now, glyphs)),
    )
    return [(label, cell(words, Tone.WARNING)) for label, words in said if words]
