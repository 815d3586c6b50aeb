"""From an action to a run: parameters until there is a plan, the plan until somebody says yes."""

import shlex
from typing import TYPE_CHECKING

from opsconsole.actions.completing import param_choices, target_choices
from opsconsole.actions.grammars import World
from opsconsole.actions.match import subject_of
from opsconsole.actions.prefill import prefill
from opsconsole.actions.target_words import split_words
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, Plan
from opsconsole.model.calls import Choices, PlanRun, ReadChoices, Started, StartRun
from opsconsole.model.states import Effect
from opsconsole.ui.places import Place
from opsconsole.ui.screens.confirm import Confirm, Question
from opsconsole.ui.screens.form import Asking, Filled, Form, Reached
from opsconsole.ui.verbs.meant import fires_meant
from opsconsole.view import plan_page, radius
from opsconsole.view.naming import bare_name, node_set
from opsconsole.view.outage import outage_words

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main


async def prepare(
    main: "Main",
    spec: ActionSpec,
    targets: tuple[str, ...],
    *,
    dry: bool,
    given: dict[str, str] | None = None,
) -> None:
    """Ask for parameters until there is a plan, then show it.

    Args:
        main: The screen.
        spec: The action.
        targets: References or words.
        dry: Show the plan and stop there.
        given: Parameters that were named already; the form is left out where they are enough.
    """
    subject = subject_of(main.session.snapshot, targets[0] if targets else "", episode(main))
    values = {param.name: prefill(param, subject) for param in spec.params} | (given or {})
    complete = given is not None and all(values[p.name] for p in spec.params if p.required)
    complete = complete or not spec.params
    mistake = ""
    while True:
        if not complete:
            filled = await _fill_form(main, spec, values, targets, mistake)
            if filled is None:
                return
            values, targets = dict(filled.values), _targets_of(filled, targets)
        try:
            with main.notice.during(_planning_words(spec, targets)):
                plan = await main.session.source.call(
                    PlanRun(spec.id, targets, values, episode(main)), Plan
                )
        except RefusedError as error:
            if not spec.params:
                raise
            mistake, complete = str(error), False
            continue
        await show_plan(main, plan, dry=dry)
        return


def _planning_words(spec: ActionSpec, targets: tuple[str, ...]) -> str:
    """Say what takes a while: every target is looked at, and hundreds are no matter of a moment."""
    return f"planning: {spec.title}" + (f", {len(targets)} targets" if len(targets) > 1 else "")


def _words_of(targets: tuple[str, ...]) -> str:
    """Write targets as one would type them: hosts as a node set, other references as they are."""
    hosts = [ref.removeprefix("host:") for ref in targets if ref.startswith("host:")]
    others = [_quoted(ref) for ref in targets if not ref.startswith("host:")]
    return " ".join([node_set(hosts), *others] if hosts else others)


def _quoted(word: str) -> str:
    """Quote only what the line would split: brackets stand as they are read."""
    return shlex.quote(word) if any(char.isspace() or char in "'\"\\" for char in word) else word


def _targets_of(filled: Filled, before: tuple[str, ...]) -> tuple[str, ...]:
    """Keep the references where nobody changed the words: they say more than names do."""
    if not filled.targets or filled.targets == _words_of(before):
        return before
    return split_words(filled.targets)


async def _fill_form(
    main: "Main", spec: ActionSpec, values: dict[str, str], targets: tuple[str, ...], mistake: str
) -> Filled | None:
    form = Form(main.session.look, spec, _asking(main, spec, values, targets, mistake))

    async def look_up(param: str) -> None:
        try:
            found = await main.session.source.call(ReadChoices(spec.id, param, targets), Choices)
        except RefusedError as error:
            found = Choices((), str(error))
        if form.is_running:
            form.offer(param, found.values, found.note)

    for param in spec.params:
        if param.choices_from:
            main.run_worker(look_up(param.name), name=f"choices {param.name}", group="choices")
    return await main.app.push_screen_wait(form)


def _asking(
    main: "Main", spec: ActionSpec, values: dict[str, str], targets: tuple[str, ...], mistake: str
) -> Asking:
    session = main.session
    snapshot = session.snapshot
    names = [bare_name(target) for target in targets]
    aims = spec.scope in ("host", "service")

    def reach(words: str) -> Reached:
        seen = radius.radius(session.snapshot, words, spec, session.now)
        return Reached(radius.lines(seen, session.options("plan")), seen.refusal)

    return Asking(
        spec.title,
        values,
        mistake,
        targets=_words_of(targets) if aims else None,
        reach=reach if aims else None,
        room=radius.LINES if aims else 0,
        choices=lambda param: param_choices(param, snapshot, names),
        target_choices=target_choices(snapshot, spec.scope) if aims else (),
        world=World(snapshot.hosts, snapshot.services, snapshot.alerts, session.now),
    )


async def show_plan(main: "Main", plan: Plan, *, dry: bool) -> None:
    """Show a plan; start it when it is confirmed, never in a dry run."""
    question = Question(
        title=f"{'Dry run' if dry else 'Plan'}: {plan.title}",
        verb="ask a second person" if plan.peer else "run it",
        expect="" if dry else plan.expect,
        refusal="dry run: nothing was changed" if dry else plan.refusal,
        harmless=plan.effect is Effect.READ,
    )
    costs = outage_words(plan, main.session.snapshot)
    lines = plan_page.lines(plan, main.session.options("plan"), costs)
    typed = await main.app.push_screen_wait(Confirm(main.session.look, question, lines))
    if typed is None or dry:
        return
    started = await main.session.source.call(StartRun(plan.id, plan.hash, typed), Started)
    await main.go(Place("run", started.run))


def episode(main: "Main") -> str | None:
    """Give the fire one stands on."""
    alerts = fires_meant(main, (main.where.key,))
    return alerts[0].episode if alerts else None
