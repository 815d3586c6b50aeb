"""How a plan would go over its targets, and what it holds meanwhile: batches, gates, budget, locks, spool."""

from collections.abc import Sequence
from typing import Final

from opsconsole.model.action import Plan
from opsconsole.model.rollout import Budget, Gate, MinHealthy, Rollout, Size
from opsconsole.model.states import Effect
from opsconsole.view import format as fmt
from opsconsole.view.cells import cell, span
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.rows import Cell, Span, Tone

_LABEL: Final = 8
_SHOWN: Final = 8
_LOCKS: Final = 4
_EVERYTHING: Final = 100.0


def lines(plan: Plan) -> list[Cell]:
    """Write batches, what stops it, what it locks, and whether a lost outcome can be found out later."""
    body: list[Cell] = []
    if plan.rollout is not None and (len(plan.targets) > 1 or plan.rollout.gates):
        body += [*_batches(plan, plan.rollout), *_limits(plan, plan.rollout)]
    if plan.locks:
        body.append(_line("locks", cell(_lock_words(plan.locks))))
    if plan.held_by:
        body.append(_line("held", cell(plan.held_by, Tone.WARNING)))
    if plan.spool:
        body.append(_line("outcome", cell(f"{plan.spool}:", Tone.WARNING)))
        body.append(
            _line("", cell("what a lost connection leaves behind stays UNKNOWN", Tone.WARNING))
        )
    return body


def _batches(plan: Plan, rollout: Rollout) -> list[Cell]:
    batches = plan.batches or (tuple(target.name for target in plan.targets if not target.skip),)
    how = "one after the other" if rollout.mode == "barrier" else "a window slides over them"
    spread = f", one {rollout.spread_by} at a time" if rollout.spread_by else ""
    count = f"{len(batches)}   {how}{spread}, at most {rollout.max_parallel} at once"
    found = [_line("batches", cell(count))]
    shown = batches[:_SHOWN] if len(batches) > _SHOWN + 1 else batches
    found += [_batch(number, names, rollout) for number, names in enumerate(shown)]
    if len(shown) < len(batches):
        rest = sum(len(names) for names in batches[len(shown) :])
        said = f"and {len(batches) - len(shown)} batches more, {rest} targets"
        found.append(_line("", cell(said, Tone.DIM)))
    return found


def _batch(number: int, names: Sequence[str], rollout: Rollout) -> Cell:
    is_canary = number == 0 and rollout.canary is not None
    word = "canary" if is_canary else str(number + 1)
    bake = ""
    if is_canary and rollout.canary is not None and rollout.canary.bake:
        bake = f"   then watched for {fmt.duration(rollout.canary.bake)}"
    tone = Tone.STRONG if is_canary else Tone.NORMAL
    return _line(
        "",
        (
            span(f"{word:>6} {len(names):>4}  ", tone),
            span(folded(bare_name(name) for name in names)),
            span(bake, Tone.DIM),
        ),
    )


def _limits(plan: Plan, rollout: Rollout) -> list[Cell]:
    """Write what stops it; a read stops at nothing unless it says so, and leaves nothing to undo."""
    reads = plan.effect is Effect.READ
    found: list[Cell] = []
    if not reads or rollout.budget.percent != _EVERYTHING:
        found.append(_line("budget", cell(_budget_words(rollout.budget, plan.overshoot))))
    if rollout.min_healthy is not None:
        found.append(_line("floor", cell(_floor_words(rollout.min_healthy))))
    found += [_line("gate", cell(_gate_words(gate))) for gate in rollout.gates]
    if rollout.between != "auto":
        asks = "after the canary" if rollout.between == "ask_after_canary" else "between batches"
        found.append(_line("asks", cell(asks)))
    undo = "by itself when the canary fails" if rollout.rollback == "auto" else "offered, not done"
    return found if reads else [*found, _line("undo", cell(undo))]


def _budget_words(budget: Budget, overshoot: int) -> str:
    limits = [] if budget.count is None else [f"{budget.count}"]
    limits += [] if budget.percent is None else [f"{budget.percent:g}%"]
    limits += [] if budget.consecutive is None else [f"{budget.consecutive} in a row"]
    allowed = " or ".join(limits) or "0"
    worst = f"; at worst {overshoot} more, in flight when it trips" if overshoot else ""
    ignored = ", unreachable ones not counted" if budget.unreachable == "ignore" else ""
    return f"{allowed} may go bad{ignored}{worst}"


def size_words(size: Size) -> str:
    """Write a size as people do: `4`, `10%`."""
    return f"{size.percent:g}%" if size.percent is not None else str(size.count or 0)


def _floor_words(floor: MinHealthy) -> str:
    of = {"service.hosts": "the service's hosts", "targets": "the targets"}.get(floor.of, floor.of)
    return f"{size_words(floor.size)} of {of} must stay healthy, else it waits"


def _gate_words(gate: Gate) -> str:
    often = f", {gate.stable} times in a row" if gate.stable > 1 else ""
    is_said_already = gate.check in ("", gate.id) or gate.id.endswith(
        f"-{gate.check.rpartition('.')[2]}"
    )
    name = (gate.check or gate.id) if is_said_already else f"{gate.id}: {gate.check}"
    return f"{name}, every {fmt.duration(gate.every)}{often}, within {fmt.duration(gate.hold)}"


def _lock_words(locks: Sequence[str]) -> str:
    """Targets' locks are what one expects: they are counted; services and the rest are named."""
    own = [key for key in locks if key.startswith("target:")]
    named = [key for key in locks if not key.startswith("target:")]
    words = [f"{len(own)} target{'s' if len(own) != 1 else ''}"] if own else []
    words += named[:_LOCKS]
    more = len(named) - _LOCKS
    return ", ".join(words) + (f" and {more} more" if more > 0 else "")


def _line(label: str, content: Cell) -> Cell:
    return (span(label.ljust(_LABEL), Tone.ACCENT), *(Span(s.text, s.tone) for s in content))
