"""Steering a run: what a person may choose for it, its questions, what nobody observed, and once more."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from opsconsole.commands.line import Invocation
from opsconsole.model.action import ActionSpec, Plan
from opsconsole.model.approval_calls import ApproveRun, ReadPlan
from opsconsole.model.calls import AnswerRun, ControlRun, PlanRun, ResolveRun
from opsconsole.model.run import Question as Asked
from opsconsole.model.run import Run
from opsconsole.model.states import RunState
from opsconsole.ui.screens.confirm import Confirm, Question
from opsconsole.ui.screens.form import Asking, Form
from opsconsole.ui.screens.menu import Item, Menu
from opsconsole.ui.screens.run import RunView
from opsconsole.ui.verbs.meant import tell
from opsconsole.ui.verbs.planning import show_plan
from opsconsole.ui.verbs.verb import Verb
from opsconsole.view import plan_page, run_choices
from opsconsole.view.cells import cell
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.offers import short_id
from opsconsole.view.rows import Tone
from opsconsole.view.run_choices import Choice

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main

_SETTLED_AS: Final = (
    ("hosts", "ask the hosts what became of it (reads only)", "h"),
    ("changed", "it was done: I have seen it", "c"),
    ("unchanged", "nothing was done: I have seen it", "u"),
    ("failed", "it failed: I have seen it", "f"),
)


def run_of(main: "Main", wanted: Invocation) -> Run | None:
    """Find the run that is meant: the one named, else the one under the cursor, else the only live one."""
    runs = main.session.snapshot.runs
    name = wanted.arguments.get("run") or main.where.key.removeprefix("run:")
    if name in runs:
        return runs[name]
    live = [run for run in runs.values() if not run.state.is_over]
    if len(live) == 1 and not wanted.arguments.get("run"):
        return live[0]
    main.say("which run? " + (", ".join(run.id for run in live) or "none is live"), Tone.WARNING)
    return None


def _steer(verb: str) -> Verb:
    async def do(main: "Main", wanted: Invocation) -> None:
        run = run_of(main, wanted)
        if run is None:
            return
        one = run_choices.choice(run, verb)
        if one is None:
            main.say(_why_not(run, verb), Tone.WARNING)
        elif one.calm or await _agreed(main, run, one):
            await tell(main, ControlRun(run.id, verb))

    return do


def _why_not(run: Run, verb: str) -> str:
    offered = ", ".join(one.label for one in run_choices.choices(run))
    return f"{short_id(run.action)} is {run.state}: no {verb} now" + (
        f"; there is: {offered}" if offered else ""
    )


async def _agreed(main: "Main", run: Run, one: Choice) -> bool:
    question = Question(
        title=f"{one.label[:1].upper()}{one.label[1:]}?", verb=one.label, expect=one.expect
    )
    about = (f"{run.title} on {folded(bare_name(t.name) for t in run.targets)}, run {run.id}",)
    lines = run_choices.explained(run, one.verb, about)
    return await main.app.push_screen_wait(Confirm(main.session.look, question, lines)) is not None


def _end(verb: str, *, asks: bool) -> Verb:
    """Stop or interrupt. By a key it asks first; starting nothing new, typed out, is question enough."""

    async def end(main: "Main", wanted: Invocation) -> None:
        run = run_of(main, wanted)
        if run is None:
            return
        if run.state.is_over:
            main.say(f"the run is over: {run.state}", Tone.WARNING)
        elif not asks or await _agreed(main, run, run_choices.written(run, verb)):
            await tell(main, ControlRun(run.id, verb))

    return end


async def _hold(main: "Main", wanted: Invocation) -> None:
    """Pause a run, or let one that is paused go on."""
    run = run_of(main, wanted)
    if run is not None:
        verb = "resume" if "resume" in run.choices else "pause"
        await _steer(verb)(main, wanted)


# -- once more


async def _again(main: "Main", wanted: Invocation) -> None:
    """Retry in a halted run; plan anew what is left of one that is over."""
    run = run_of(main, wanted)
    if run is None:
        return
    if run.state.is_over:
        await _rerun(main, run)
    else:
        await _retry(main, run, wanted)


async def _retry(main: "Main", run: Run, wanted: Invocation) -> None:
    bad = {t.name for t in run.targets if t.state in run_choices.BAD}
    view = main.view
    here = view.target if isinstance(view, RunView) and view.target in bad else ""
    if len(bad) < 2 or not here or run_choices.choice(run, "retry") is None:
        await _steer("retry")(main, wanted)
        return
    items = [
        Item(here, cell(f"only {bare_name(here)}"), "o"),
        Item("", cell(f"all {len(bad)} that failed"), "a"),
    ]
    chosen = await main.app.push_screen_wait(Menu(main.session.look, "Retry", items))
    if chosen:
        one = Choice(
            "retry", "r", f"retry {bare_name(chosen)}", f"Runs it once more on {bare_name(chosen)}."
        )
        if await _agreed(main, run, one):
            await tell(main, ControlRun(run.id, "retry", target=chosen))
    elif chosen is not None:
        await _steer("retry")(main, wanted)


async def _rerun(main: "Main", run: Run) -> None:
    sets = run_choices.rerun_sets(run)
    items = [
        Item(
            name,
            cell(f"{name:<12} {len(found):>4}  {folded(bare_name(t.name) for t in found)}"),
            name[:1],
        )
        for name, found in sets.items()
    ]
    title = f"Plan {short_id(run.action)} again for"
    chosen = await main.app.push_screen_wait(Menu(main.session.look, title, items))
    if chosen is not None:
        call = PlanRun(run.action, (), run.params, rerun=f"{run.id}:{chosen}")
        await show_plan(main, await main.session.source.call(call, Plan), dry=False)


# -- what nobody observed


async def _settle(main: "Main", wanted: Invocation) -> None:
    """Settle UNKNOWN targets: by what the hosts say, or by what a person saw."""
    run = run_of(main, wanted)
    if run is None:
        return
    names = _meant(main, [target.name for target in run_choices.unknown(run)])
    if not names:
        main.say("no target of this run is unknown", Tone.WARNING)
        return
    items = [Item(value, cell(text), letter) for value, text, letter in _SETTLED_AS]
    title = f"What became of {folded(bare_name(name) for name in names)}?"
    chosen = await main.app.push_screen_wait(Menu(main.session.look, title, items))
    if chosen == "hosts":
        await tell(main, ResolveRun(run.id, tuple(names)))
    elif chosen is not None:
        seen = await main.ask("settle", f"{chosen}, because: ")
        if seen:
            await tell(main, ResolveRun(run.id, tuple(names), chosen, seen))
        elif seen is not None:
            main.say("a reason is needed: it is kept with the run", Tone.WARNING)


def _meant(main: "Main", unknown: Sequence[str]) -> list[str]:
    """The one under the cursor where it is one of them, else all."""
    view = main.view
    here = view.target if isinstance(view, RunView) and view.focused_id == "targets" else ""
    return [here] if here in unknown else list(unknown)


# -- second persons, and what is over


async def _rollback(main: "Main", wanted: Invocation) -> None:
    """Back out of a live run; of one that is over plan what its journal kept of the way back."""
    run = run_of(main, wanted)
    if run is None:
        return
    if not run.state.is_over:
        await _steer("rollback")(main, wanted)
    elif "rollback" not in run.choices:
        main.say(_why_not(run, "rollback"), Tone.WARNING)
    else:
        plan = await main.session.source.call(PlanRun("", (), rerun=f"{run.id}:undo"), Plan)
        await show_plan(main, plan, dry=False)


async def _approve(main: "Main", run: Run) -> None:
    """Open the plan of a run that waits; whoever has it before them may agree."""
    plan = await main.session.source.call(ReadPlan(run.id), Plan)
    question = Question(title=f"{run.actor} asks: {plan.title}", verb="agree to it")
    lines = [cell(f"reason  {run.reason or 'none was given'}"), ()]
    lines += plan_page.lines(plan, main.session.options("plan"))
    said = await main.app.push_screen_wait(Confirm(main.session.look, question, lines))
    if said is not None:
        await tell(main, ApproveRun(run.id, plan.hash))
        return
    items = [
        Item("wait", cell("leave it waiting"), "w"),
        Item("deny", cell("say no: it ends, nothing was started", Tone.WARNING), "n"),
    ]
    chosen = await main.app.push_screen_wait(Menu(main.session.look, "Not agreed", items))
    if chosen == "deny":
        why = await main.ask("deny", "no, because: ")
        if why is not None:
            await tell(main, ApproveRun(run.id, plan.hash, deny=True, reason=why))


def _with_reason(verb: str, asked: str) -> Verb:
    """Do what is only done with a reason that is typed."""

    async def do(main: "Main", wanted: Invocation) -> None:
        run = run_of(main, wanted)
        if run is None:
            return
        if verb not in run.choices:
            main.say(_why_not(run, verb), Tone.WARNING)
            return
        if not await _agreed(main, run, run_choices.written(run, verb)):
            return
        why = await main.ask(verb, asked)
        if why:
            await tell(main, ControlRun(run.id, verb, why))
        elif why is not None:
            main.say("a reason is needed: it is kept with the run", Tone.WARNING)

    return do


# -- questions


async def _answer(main: "Main", wanted: Invocation) -> None:
    """Answer what a run asks; a no aborts it there, closing the question leaves it open."""
    run = run_of(main, wanted)
    if run is None:
        return
    if run.state is RunState.AWAITING_APPROVAL:
        await _approve(main, run)
        return
    asked = run.question
    if asked is None:
        main.say("this run asks nothing now", Tone.WARNING)
        return
    on = f" ({bare_name(asked.target)})" if asked.target else ""
    items = [
        Item("yes", cell("yes: answer it" if asked.params else "yes: go on"), "y"),
        Item("no", cell("no: the run aborts there", Tone.WARNING), "n"),
    ]
    title = f"{asked.text}{on}"
    chosen = await main.app.push_screen_wait(Menu(main.session.look, title, items))
    if chosen is None:
        return
    values: Mapping[str, str] = {}
    if chosen == "yes" and asked.params:
        filled = await main.app.push_screen_wait(_question_form(main, run, asked))
        if filled is None:
            return
        values = filled.values
    await tell(main, AnswerRun(run.id, asked.id, values, refuse=chosen == "no"))


def _question_form(main: "Main", run: Run, asked: Asked) -> Form:
    spec = ActionSpec(run.action, asked.text, run.effect, "console", params=asked.params)
    return Form(main.session.look, spec, Asking(asked.text, verb="answer"))


VERBS: Final[Mapping[str, Verb]] = {
    "run.continue": _steer("continue"),
    "run.again": _again,
    "run.rollback": _rollback,
    "run.glass": _with_reason("break-glass", "without a second person, because: "),
    "run.stop": _end("stop", asks=True),
    "run.hold": _hold,
    "run.take-over": _steer("take-over"),
    "run.close": _with_reason("close", "nobody will know, because: "),
    "run.settle": _settle,
    "run.answer": _answer,
    "act.stop": _end("stop", asks=False),
    "act.interrupt": _end("interrupt", asks=True),
}
