"""Silences in words: what one hides, when it ends, what making one would do."""

from collections.abc import Iterable, Sequence

from opsconsole.model.silence import Silence, SilenceEffect
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.matchers import write_matchers
from opsconsole.view import format as fmt

HEAD = ("ENDS IN", "HIDES", "BY", "ID", "MATCHERS", "COMMENT")


def hidden_by(snapshot: Snapshot, id: str) -> int:
    """Count the alerts that a silence hides now."""
    reason = f"silence:{id}"
    return sum(
        reason in alert.suppressed_by for alert in snapshot.alerts.values() if alert.is_firing
    )


def ends_words(silence: Silence, now: float) -> str:
    """Say when a silence ends: `42m`, `in 2h00 for 1h00` for one to come, `ended 5m ago`."""
    if silence.state == "expired" or silence.ends <= now:
        return f"ended {fmt.age(now - silence.ends)} ago"
    if silence.starts > now:
        return f"in {fmt.age(silence.starts - now)} for {fmt.age(silence.ends - silence.starts)}"
    return str(fmt.age(silence.ends - now))


def rows(snapshot: Snapshot, silences: Iterable[Silence], now: float) -> list[tuple[str, ...]]:
    """Lay silences out as plain columns."""
    return [
        (
            ends_words(each, now),
            str(hidden_by(snapshot, each.id)),
            each.author,
            each.id[:8],
            write_matchers(each.matchers),
            each.comment,
        )
        for each in silences
    ]


def effect_lines(effect: SilenceEffect) -> Sequence[str]:
    """Say what a draft would do, most important first."""
    draft = effect.draft
    lines = [f"{write_matchers(draft.matchers)} on {draft.source} for {fmt.age(draft.seconds)}"]
    hides = f"hides {len(effect.now)} now"
    if effect.critical:
        hides += f", {len(effect.critical)} of them critical"
    hides += f"; {effect.day} in the last 24 h"
    if effect.server is not None and effect.server != len(effect.now):
        hides += f"; the source itself counts {effect.server}"
    lines.append(hides)
    lines += [f"! {warning}" for warning in effect.warnings]
    lines.append(f"same as: {effect.amtool}")
    return lines
