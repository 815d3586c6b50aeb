"""Acting: from a key to a menu of actions, and a shell."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opsconsole.actions.completing import read_order
from opsconsole.actions.target_words import WHOLE, split_words
from opsconsole.commands.line import Invocation
from opsconsole.commands.reasons import host_of
from opsconsole.model.states import Effect
from opsconsole.ui.console_calls import console_of
from opsconsole.ui.screens.menu import Item, Menu
from opsconsole.ui.shell import UnfitNameError, shell_argv
from opsconsole.ui.verbs.planning import prepare
from opsconsole.ui.verbs.verb import Verb
from opsconsole.view.cells import cell
from opsconsole.view.naming import bare_name, folded
from opsconsole.view.offers import Offer, locked_words, offers, resolve
from opsconsole.view.rows import Cell, Tone

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
        locked = locked_words(found.values())
        notes = (
            (cell(locked, Tone.DIM), cell("until then they are planned, not run", Tone.DIM))
            if locked
            else ()
        )
        menu = Menu(session.look, title, items, empty=empty, notes=notes)
        with main.view.held():
            chosen = await main.app.push_screen_wait(menu)
            if chosen is not None:
                offer = found[chosen]
                await prepare(main, offer.action, offer.targets, dry=dry)

    return choose


async def _run(main: "Main", wanted: Invocation) -> None:
    """Run an action on targets named after it, else on the selection: `run unit-restart web[01-03] unit=x`."""
    spec = resolve(main.session.snapshot, wanted.arguments["action"])
    if spec is None:
        main.say(f"there is no action {wanted.arguments['action']}", Tone.WARNING)
        return
    words, params = read_order(spec, split_words(wanted.arguments.get("order", "")))
    if not words and spec.scope not in WHOLE:
        found = offers(main.session.snapshot, main.where, main.session.now)
        words = next((offer.targets for offer in found if offer.action.id == spec.id), ())
    dry = wanted.command.id == "act.plan"
    await prepare(main, spec, words, dry=dry, given=params if params or words else None)


def _adhoc(action: str) -> Verb:
    async def run(main: "Main", wanted: Invocation) -> None:
        """Run one command on the marked hosts; it goes the way of every action: plan, yes, journal."""
        spec = main.session.snapshot.actions.get(action)
        if spec is None:
            main.say(f"{action} is not loaded: `:plugins` says why", Tone.WARNING)
            return
        found = offers(main.session.snapshot, main.where, main.session.now)
        targets = next((offer.targets for offer in found if offer.action.id == action), ())
        if not targets:
            main.say("no host is marked or under the cursor", Tone.WARNING)
            return
        line = wanted.arguments.get("command", "")
        if not line:
            sign = "!r" if spec.effect is Effect.READ else "!"
            names = folded(bare_name(target) for target in targets)
            line = await main.ask("adhoc", f"{sign} on {names}: ") or ""
        if line:
            await prepare(main, spec, targets, dry=False, given={"command": line})

    return run


def _entry(offer: Offer, wide: int) -> Cell:
    spec = offer.action
    word, tone = _EFFECT_WORDS[spec.effect]
    count = f" on {len(offer.targets)}" if len(offer.targets) > 1 else ""
    refusal = cell(f"   {offer.short_refusal}", Tone.WARNING) if offer.refusal else ()
    title_tone = Tone.STRONG if offer.for_alert else Tone.NORMAL
    return (*cell(f"{spec.title:<{wide}}  ", title_tone), *cell(f"{word}{count}", tone), *refusal)


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


VERBS: Final[Mapping[str, Verb]] = {
    "act.runbook": _menu(dry=False),
    "act.dry-run": _menu(dry=True),
    "act.run": _run,
    "act.plan": _run,
    "act.adhoc": _adhoc("core.adhoc"),
    "act.adhoc-read": _adhoc("core.adhoc-read"),
    "act.shell": _shell,
}
