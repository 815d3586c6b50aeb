"""From an action to a run: parameters until there is a plan, the plan until somebody says yes."""

from typing import TYPE_CHECKING

from opsconsole.actions.match import subject_of
from opsconsole.actions.prefill import prefill
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, Plan
from opsconsole.model.calls import Choices, PlanRun, ReadChoices, Started, StartRun
from opsconsole.model.states import Effect
from opsconsole.ui.places import Place
from opsconsole.ui.screens.confirm import Confirm, Question
from opsconsole.ui.screens.form import Form
from opsconsole.view import plan_page
from opsconsole.view.triage import members

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
    mistake = ""
    while True:
        if spec.params and not complete:
            filled = await _fill_form(main, spec, values, targets, mistake)
            if filled is None:
                return
            values = filled
        try:
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


async def _fill_form(
    main: "Main", spec: ActionSpec, values: dict[str, str], targets: tuple[str, ...], mistake: str
) -> dict[str, str] | None:
    form = Form(main.session.look, spec, spec.title, values, mistake=mistake)

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


async def show_plan(main: "Main", plan: Plan, *, dry: bool) -> None:
    """Show a plan; start it when it is confirmed, never in a dry run."""
    question = Question(
        title=f"{'Dry run' if dry else 'Plan'}: {plan.title}",
        verb="run it",
        expect="" if dry else plan.expect,
        refusal="dry run: nothing was changed" if dry else plan.refusal,
        harmless=plan.effect is Effect.READ,
    )
    lines = plan_page.lines(plan, main.session.options("plan"))
    typed = await main.app.push_screen_wait(Confirm(main.session.look, question, lines))
    if typed is None or dry:
        return
    started = await main.session.source.call(StartRun(plan.id, plan.hash, typed), Started)
    await main.go(Place("run", started.run))


def episode(main: "Main") -> str | None:
    """Give the fire one stands on."""
    alerts = members(main.session.snapshot, main.where.key)
    return alerts[0].episode if alerts else None
