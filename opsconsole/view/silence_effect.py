"""What a silence would do, as lines: what it hides, criticals first and red, and the same as a command line."""

from collections.abc import Iterable

from opsconsole.model.silence import Silence, SilenceEffect
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.matchers import write_matchers
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, joined, span
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.rows import Cell, Tone

_LABEL = 9
_NAMED = 4
_RED = ("it hides ", "a pattern that matches every")


def lines(snapshot: Snapshot, effect: SilenceEffect) -> tuple[Cell, ...]:
    """Say what a draft would do, most important first; long ones are to be flowed."""
    found = [_line("hides", _counts(effect))]
    if names := _names(snapshot, effect.now):
        found.append(_line("these", cell(names)))
    found += [_line("!", cell(said, _tone(said))) for said in effect.warnings]
    if effect.refusal:
        found.append(_line("not yet", cell(effect.refusal, Tone.WARNING)))
    found.append(_line("same as", cell(effect.amtool, Tone.DIM)))
    return tuple(found)


def draft_lines(
    effect: SilenceEffect, now: float, extended: Silence | None = None
) -> tuple[Cell, ...]:
    """Repeat what was typed, as it is understood; an extended silence counts from its own end."""
    draft = effect.draft
    begin, how = (now, "from now") if extended is None else (extended.ends, "longer")
    until = fmt.moment(begin + draft.seconds, now)
    return (
        _line("matchers", cell(write_matchers(draft.matchers), Tone.STRONG)),
        _line("ends", cell(f"{until}, {fmt.age(draft.seconds)} {how}, on {draft.source}")),
        _line("because", cell(draft.comment or "-")),
    )


def _counts(effect: SilenceEffect) -> Cell:
    critical = len(effect.critical)
    server = ""
    if effect.server is not None:
        agrees = effect.server == len(effect.now)
        server = "the source agrees" if agrees else f"the source itself counts {effect.server}"
    return joined(
        (
            cell(f"{len(effect.now)} now", Tone.STRONG),
            cell(f"{critical} CRITICAL", Tone.CRITICAL) if critical else (),
            cell(f"{effect.day} in the last 24 h", Tone.DIM),
            cell(server, Tone.DIM if server == "the source agrees" else Tone.WARNING) if server else (),
        ),
        "   ",
    )  # fmt: skip


def _names(snapshot: Snapshot, episodes: Iterable[str]) -> str:
    """Name what would be hidden: each alert with the objects it is on."""
    on: dict[str, list[str]] = {}
    for episode in episodes:
        alert = snapshot.alerts.get(episode)
        if alert is not None:
            on.setdefault(alert.name, []).append(bare_name(alert.on))
    said = [f"{name} on {folded(places)}" for name, places in list(on.items())[:_NAMED]]
    more = len(on) - len(said)
    return "; ".join(said) + (f"; {more} more" if more > 0 else "")


def _tone(warning: str) -> Tone:
    return Tone.CRITICAL if warning.startswith(_RED) else Tone.WARNING


def _line(label: str, content: Cell) -> Cell:
    return (span(label.ljust(_LABEL), Tone.ACCENT), *content)
