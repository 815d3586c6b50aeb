"""Acting: from a key to a menu, a form, a plan, a confirmation and a run; and a shell."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opsconsole.actions.match import subject_of
from opsconsole.actions.prefill import prefill
from opsconsole.commands.line import Invocation
from opsconsole.commands.reasons import host_of
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, Plan
from opsconsole.model.calls import (
    Choices,
    Done,
    PlanRun,
    ReadChoices,
    Started,
    StartRun,
    StopRun,
)
from opsconsole.model.states import Effect
from opsconsole.ui.console_calls import console_of
from opsconsole.ui.places import Place
from opsconsole.ui.screens.confirm import Confirm, Question
from opsconsole.ui.screens.form import Form
from opsconsole.ui.screens.menu import Item, Menu
from opsconsole.ui.shell import UnfitNameError, shell_argv
from opsconsole.ui.verbs.verb import Verb
from opsconsole.view import plan_page
from opsconsole.view.cells import cell
from opsconsole.view.offers import Offer, offers, resolve
from opsconsole.view.rows import Cell, Tone
from opsconsole.view.triage import members

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main

_EFFECT_WORDS: Final = {
    Effect.READ: ("read only", Tone.DIM),
    Effect.WRITE: ("changes", Tone.WARNING),
    Effect.DESTRUCTIVE: ("destroys", Tone.CRITICAL),
}


def _menu(*, dry: bool) -> Verb:
    async def choose(main: "Main", _: Invocation) -> None:
        session, where = main.session, main.where
        found = {offer.action.id: offer for offer in offers(session.snapshot, where, session.now)}
        title = f"{'Dry run' if dry else 'Runbooks'} for {main.view.selection_words}"
        wide = max((len(offer.action.title) for offer in found.values()), default=0)
        items = [
            Item(key, _entry(offer, wide), offer.action.keys[:1]) for key, offer in found.items()
        ]
        empty = "No action is offered for this."
        with main.view.held():
            chosen = await main.app.push_screen_wait(Menu(session.look, title, items, empty=empty))
            if chosen is not None:
                offer = found[chosen]
                await _prepare(main, offer.action, offer.targets, dry=dry)

    return choose


async def _run(main: "Main", wanted: Invocation) -> None:
    spec = resolve(main.session.snapshot, wanted.arguments["action"])
    if spec is None:
        main.say(f"there is no action {wanted.arguments['action']}", Tone.WARNING)
        return
    found = offers(main.session.snapshot, main.where, main.session.now)
    targets = next((offer.targets for offer in found if offer.action.id == spec.id), None)
    if targets is None and spec.scope not in ("fleet", "console"):
        main.say(f"{spec.id} is not offered for {main.view.selection_words}", Tone.WARNING)
        return
    await _prepare(main, spec, targets or (), dry=False)


async def _prepare(main: "Main", spec: ActionSpec, targets: tuple[str, ...], *, dry: bool) -> None:
    """Ask for parameters until there is a plan, then show it."""
    subject = subject_of(main.session.snapshot, targets[0] if targets else "", _episode(main))
    values = {param.name: prefill(param, subject) for param in spec.params}
    mistake = ""
    while True:
        if spec.params:
            given = await _fill_form(main, spec, values, targets, mistake)
            if given is None:
                return
            values = given
        try:
            plan = await main.session.source.call(
                PlanRun(spec.id, targets, values, _episode(main)), Plan
            )
        except RefusedError as error:
            if not spec.params:
                raise
            mistake = str(error)
            continue
        await _confirm(main, plan, dry=dry)
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


async def _confirm(main: "Main", plan: Plan, *, dry: bool) -> None:
    question = Question(
        title=f"Plan: {plan.title}",
        verb="run it",
        expect="" if dry else plan.expect,
        refusal="dry run: nothing was changed" if dry else plan.refusal,
        harmless=plan.effect is Effect.READ,
    )
    lines = plan_page.lines(plan, main.session.options("plan"))
    typed = await main.app.push_screen_wait(Confirm(main.session.look, question, lines))
    if typed is None:
        return
    started = await main.session.source.call(StartRun(plan.id, plan.hash, typed), Started)
    await main.go(Place("run", started.run))


def _entry(offer: Offer, wide: int) -> Cell:
    spec = offer.action
    word, tone = _EFFECT_WORDS[spec.effect]
    count = f" on {len(offer.targets)}" if len(offer.targets) > 1 else ""
    refusal = cell(f"   {offer.refusal}", Tone.WARNING) if offer.refusal else ()
    title_tone = Tone.STRONG if offer.for_alert else Tone.NORMAL
    return (*cell(f"{spec.title:<{wide}}  ", title_tone), *cell(f"{word}{count}", tone), *refusal)


def _episode(main: "Main") -> str | None:
    alerts = members(main.session.snapshot, main.where.key)
    return alerts[0].episode if alerts else None


async def _shell(main: "Main", _: Invocation) -> None:
    """Step aside for a shell on the host."""
    snapshot = main.session.snapshot
    host = snapshot.hosts[host_of(snapshot, main.where)]
    try:
        argv = shell_argv(host, snapshot.hosts)
    except UnfitNameError as error:
        main.say(str(error), Tone.WARNING)
        return
    code = await console_of(main).step_aside(argv)
    if code == 255:
        main.say(f"ssh to {host.name} failed", Tone.WARNING)


async def _stop(main: "Main", wanted: Invocation) -> None:
    await _end_run(main, wanted, interrupt=False)


async def _interrupt(main: "Main", wanted: Invocation) -> None:
    await _end_run(main, wanted, interrupt=True)


async def _end_run(main: "Main", wanted: Invocation, *, interrupt: bool) -> None:
    run = wanted.arguments.get("run") or main.where.key.removeprefix("run:")
    if run not in main.session.snapshot.runs:
        live = [r.id for r in main.session.snapshot.runs.values() if not r.state.is_over]
        main.say("which run? " + (", ".join(live) or "none is live"), Tone.WARNING)
        return
    done = await main.session.source.call(StopRun(run, interrupt), Done)
    main.say(done.text or "stopping")


VERBS: Final[Mapping[str, Verb]] = {
    "act.runbook": _menu(dry=False),
    "act.dry-run": _menu(dry=True),
    "act.run": _run,
    "act.shell": _shell,
    "act.stop": _stop,
    "act.interrupt": _interrupt,
}
