"""Who is on call, in words; and what helped before."""

from datetime import UTC, datetime
from typing import Final

from opsconsole.model.oncall import Fix, Fixes, OnCall
from opsconsole.model.snapshot import Snapshot
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Tone

_DAY: Final = 86_400.0


def on_call_chip(snapshot: Snapshot, now: float, options: ViewOptions) -> Cell:
    """Say in the header who has it, and who follows when: `on call op1 → op2 09:00`."""
    now_on = snapshot.on_call
    if not now_on.primary:
        return cell("ON CALL nobody", Tone.WARNING) if now_on.problem else ()
    words = f"on call {now_on.primary}"
    if now_on.until is not None and now_on.next and now_on.next != now_on.primary:
        arrow = options.glyphs.arrow
        words += f" {arrow} {now_on.next} {hour(now_on.until, now, options)}"
    return cell(words, Tone.WARNING if now_on.problem else Tone.DIM)


def hour(at: float, now: float, options: ViewOptions) -> str:
    """Write the time of a hand-over: the hour, with its day where it is over a day away."""
    moment = datetime.fromtimestamp(at, UTC)
    shown = moment.astimezone() if options.time == "local" else moment.astimezone(UTC)
    return shown.strftime("%H:%M" if at - now < _DAY else "%m-%d %H:%M")


def incident_chip(snapshot: Snapshot) -> Cell:
    """Name the incidents that are open: `INCIDENT i3 active`."""
    live = [each for each in snapshot.incidents.values() if each.is_open]
    if not live:
        return ()
    worst = min(live, key=lambda each: (each.status != "active", each.opened))
    more = f" +{len(live) - 1}" if len(live) > 1 else ""
    tone = Tone.CRITICAL if worst.status == "active" else Tone.WARNING
    return cell(f"INCIDENT {worst.id} {worst.status}{more}", tone)


def fix_words(fix: Fix) -> str:
    """Say what helped: `cleared after core.unit-restart 2/2, median 6m`."""
    where = "" if fix.same else ", elsewhere"
    return (
        f"cleared after {fix.action} {fix.cleared}/{fix.tried}, median {fmt.age(fix.median)}{where}"
    )


def fixes_words(fixes: Fixes | None) -> tuple[str, ...]:
    """Say all that earlier fires tell, best first; nothing where there were none."""
    if fixes is None or not fixes.before:
        return ()
    if fixes.fixes:
        return tuple(fix_words(each) for each in fixes.fixes)
    if fixes.alone:
        return (f"{fixes.alone} of {fixes.before} before ended without a run",)
    return ()


def on_call_lines(now_on: OnCall, at: float) -> tuple[str, ...]:
    """Say who is on call as a verb prints it."""
    if not now_on.primary and not now_on.secondary and not now_on.problem:
        return ("nobody said who is on call: see on_call: in the configuration",)
    lines = [f"primary    {now_on.primary or 'nobody'}"]
    if now_on.secondary:
        lines.append(f"secondary  {now_on.secondary}")
    if now_on.until is not None:
        until = datetime.fromtimestamp(now_on.until, UTC).strftime("%Y-%m-%d %H:%MZ")
        lines.append(f"until      {until} (in {fmt.age(now_on.until - at)})")
        second = f", secondary {now_on.next_secondary}" if now_on.next_secondary else ""
        lines.append(f"then       {now_on.next or 'nobody'}{second}")
    if now_on.problem:
        lines.append(f"problem    {now_on.problem}")
    return tuple(lines)
