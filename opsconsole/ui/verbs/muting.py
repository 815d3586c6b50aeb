"""Being quiet: silences, acks with an end, maintenance. Each ends by itself; the engine makes them."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from opsconsole.commands.line import Invocation, LineError
from opsconsole.commands.line import duration as read_duration
from opsconsole.commands.reasons import host_of
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.alert import Alert
from opsconsole.model.alert_calls import (
    CloseMaintenance,
    ExpireSilence,
    MakeSilence,
    OpenMaintenance,
    PreviewSilence,
    SilenceMade,
)
from opsconsole.model.calls import AckAlert
from opsconsole.model.silence import Silence, SilenceDraft, SilenceEffect
from opsconsole.model.states import Effect
from opsconsole.query.matchers import write_matchers
from opsconsole.ui.paint import flowed
from opsconsole.ui.screens.composer import Composer, read
from opsconsole.ui.screens.confirm import Confirm, Question
from opsconsole.ui.screens.form import Asking, Filled, Form
from opsconsole.ui.screens.menu import Item, Menu
from opsconsole.ui.verbs.meant import fires_meant, fires_words, tell
from opsconsole.ui.verbs.verb import Verb
from opsconsole.view import composing, silence_effect
from opsconsole.view.cells import cell
from opsconsole.view.composing import Composing, Offer
from opsconsole.view.rows import Tone
from opsconsole.view.silences import hidden_by

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main


async def _mute(main: "Main", _: Invocation) -> None:
    """Offer every way to be quiet that fits what is under the cursor."""
    snapshot, now = main.session.snapshot, main.session.now
    kind, _colon, name = main.where.key.partition(":")
    if kind == "silence":
        silence = snapshot.silences.get(name)
        if silence is not None:
            await _chosen(
                main, f"Silence {name[:8]}", composing.silence_offers(silence, now), (silence,), ()
            )
        return
    if kind == "window":
        await _chosen(main, f"Maintenance {name}", composing.window_offers(snapshot, name), (), ())
        return
    alerts = fires_meant(main)
    known = composing.silences_of(snapshot, alerts)
    offers = composing.fire_offers(snapshot, alerts, _host(main, alerts), now)
    await _chosen(main, f"Mute {fires_words(alerts)}", offers, known, alerts)  # fmt: skip


async def _chosen(
    main: "Main",
    title: str,
    offers: Sequence[Offer],
    silences: Sequence[Silence],
    alerts: tuple[Alert, ...],
) -> None:
    items = [
        Item(each.value, cell(each.text, Tone.MUTED if each.refused else Tone.NORMAL), each.letter, each.refused)
        for each in offers
    ]  # fmt: skip
    chosen = await main.app.push_screen_wait(Menu(main.session.look, title, items))
    if chosen == "silence":
        await compose(main, composing.composing(alerts))
    elif chosen == "ack":
        await _ack_until(main, alerts)
    elif chosen == "unack":
        await tell(main, AckAlert(_episodes(alerts), drop=True))
    elif chosen == "maintenance":
        await open_maintenance(main, f"host:{_host(main, alerts)}")
    elif chosen == "end":
        await tell(main, CloseMaintenance(main.where.key.partition(":")[2]))
    elif chosen is not None:
        await _CHANGES[chosen](main, silences[0])


async def _silence(main: "Main", wanted: Invocation) -> None:
    """Compose a silence: from the matchers that were typed, else from the fires that are meant."""
    typed, alerts = wanted.arguments.get("matchers", ""), fires_meant(main)
    if typed or not alerts:
        await compose(main, Composing("Silence", typed))
        return
    refusal = composing.why_not(alerts)
    if refusal:
        main.say(refusal, Tone.WARNING)
    else:
        await compose(main, composing.composing(alerts))


async def compose(main: "Main", start: Composing) -> None:
    """Ask for a silence until it is made or given up."""

    async def preview(draft: SilenceDraft) -> SilenceEffect:
        return await main.session.source.call(PreviewSilence(draft), SilenceEffect)

    look, session = main.session.look, main.session
    while True:
        typed = await main.app.push_screen_wait(
            Composer(look, start, preview, lambda: session.snapshot)
        )
        draft = None if typed is None else read(typed).draft
        if typed is None or draft is None:
            return
        made, mistake = await _make(main, draft, start.heading)
        if made:
            return
        start = replace(typed, mistake=mistake)


async def _make(
    main: "Main", draft: SilenceDraft, title: str, extended: Silence | None = None
) -> tuple[bool, str]:
    """Show all that a silence would do, asked of the source too, and make it when that is confirmed.

    Returns:
        Whether it was made; and else what the engine refused, in its words, or nothing.
    """
    again = ""
    while True:
        effect = await main.session.source.call(PreviewSilence(draft, ask=True), SilenceEffect)
        lines = [
            *([cell(again, Tone.WARNING)] if again else []),
            *silence_effect.draft_lines(effect, main.session.source.now(), extended),
            (),
            *silence_effect.lines(main.session.snapshot, effect),
        ]
        hides = f"hide {len(effect.now)} now" if effect.now else "make it"
        verb = hides if extended is None else "extend it"
        flow = flowed(lines, max(20, main.app.size.width - 4))
        question = Question(title, verb, effect.expect, effect.refusal)
        answer = await main.app.push_screen_wait(Confirm(main.session.look, question, flow))
        if answer is None:
            return False, ""
        try:
            made = await main.session.source.call(
                MakeSilence(effect.draft, effect.hash, answer), SilenceMade
            )
        except RefusedError as error:
            if error.code != "plan":
                return False, str(error)
            again = str(error)
            continue
        main.say(made.text)
        return True, ""  # fmt: skip


async def _extend(main: "Main", silence: Silence) -> None:
    mistake, value = "", "1h"
    while True:
        typed = await main.ask("duration", "extend by: ", value=value, mistake=mistake)
        if not typed:
            return
        try:
            seconds = read_duration(typed)
        except LineError as error:
            mistake, value = str(error), typed
            continue
        draft = SilenceDraft(silence.source, (), seconds, "", silence.id)
        made, refused = await _make(main, draft, f"Extend silence {silence.id[:8]}", silence)
        if not made and refused:
            main.say(refused, Tone.WARNING)
        return


async def _edit(main: "Main", silence: Silence) -> None:
    await compose(main, composing.editing(silence, main.session.now))


async def _expire(main: "Main", silence: Silence) -> None:
    hidden = hidden_by(main.session.snapshot, silence.id)
    lines = [
        cell(write_matchers(silence.matchers), Tone.STRONG),
        cell(f'by {silence.author}: "{silence.comment}"'),
        cell(f"it hides {hidden} now; they may call again", Tone.WARNING if hidden else Tone.DIM),
    ]
    question = Question(f"Expire silence {silence.id[:8]}", "expire it")
    if await main.app.push_screen_wait(Confirm(main.session.look, question, lines)) is not None:
        await tell(main, ExpireSilence((silence.id,)))


_CHANGES: Final[Mapping[str, Callable[["Main", Silence], Awaitable[None]]]] = {
    "extend": _extend, "edit": _edit, "expire": _expire,
}  # fmt: skip
_SPAN: Final = ParamSpec(
    "for", "duration", "for", "30m, 2h: it always ends", required=True, default="1h"
)


_MIRROR: Final = ParamSpec(
    "silence",
    "bool",
    "silence it too",
    "its Alertmanager is quiet as long as the ack holds",
    default="false",
)


async def _open_maintenance(main: "Main", wanted: Invocation) -> None:
    host = _host(main, fires_meant(main)) if main.where.key else ""
    await open_maintenance(main, wanted.arguments.get("filter", f"host:{host}" if host else ""))


async def _ack_until(main: "Main", alerts: tuple[Alert, ...]) -> None:
    note = ParamSpec("note", "str", "note", "what you know")
    may_mirror = composing.may_mirror(main.session.snapshot, alerts)
    spec = _spec(
        "The ack ends by itself: what still burns then asks for somebody again.", _SPAN, note,
        *([_MIRROR] if may_mirror else []),
    )  # fmt: skip
    values: Mapping[str, str] = {}
    mistake = ""
    while True:
        filled = await _fill(main, spec, f"Ack {fires_words(alerts)} until", "ack", values, mistake)
        if filled is None:
            return
        values = filled.values
        until = main.session.source.now() + read_duration(values["for"])
        mirror = values.get("silence") == "true"
        try:
            await tell(main, AckAlert(_episodes(alerts), values.get("note", ""), until, mirror))
        except RefusedError as error:
            mistake = str(error)
            continue
        return


async def open_maintenance(main: "Main", on: str) -> None:
    """Ask what is done and for how long, and open a window on the hosts that a filter means."""
    name = ParamSpec("name", "str", "what is done", "shown on every host it covers", required=True)
    where = ParamSpec("on", "str", "hosts", "a filter as behind /, * for all", required=True)
    spec = _spec(
        "Trouble is expected: all is polled and shown, and calls nobody.", name, _SPAN, where
    )
    values, mistake = {"on": on}, ""
    while True:
        filled = await _fill(main, spec, "Maintenance", "open it", values, mistake)
        if filled is None:
            return
        values = dict(filled.values)
        call = OpenMaintenance(values["name"], read_duration(values["for"]), values["on"])
        try:
            await tell(main, call)
        except RefusedError as error:
            mistake = str(error)
            continue
        return  # fmt: skip


def _spec(doc: str, *params: ParamSpec) -> ActionSpec:
    return ActionSpec("console.mute", "Mute", Effect.READ, "console", doc=doc, params=params)


async def _fill(
    main: "Main",
    spec: ActionSpec,
    heading: str,
    verb: str,
    values: Mapping[str, str] = {},
    mistake: str = "",
) -> Filled | None:
    asking = Asking(heading, values, mistake, verb)
    return await main.app.push_screen_wait(Form(main.session.look, spec, asking))


def _episodes(alerts: Sequence[Alert]) -> tuple[str, ...]:
    return tuple(alert.episode for alert in alerts)


def _host(main: "Main", alerts: Sequence[Alert]) -> str:
    """Name the one host that the fires are on; empty where they are on several."""
    places = {alert.on for alert in alerts}
    return host_of(main.session.snapshot, main.where) if len(places) == 1 else ""


VERBS: Final[Mapping[str, Verb]] = {
    "fire.mute": _mute,
    "fire.silence": _silence,
    "fire.open-maintenance": _open_maintenance,
}
