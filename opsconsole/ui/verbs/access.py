"""Who may change things, which host keys we believe, and what else the engine is told."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from opsconsole.commands.line import Invocation
from opsconsole.commands.reasons import host_of
from opsconsole.model.calls import (
    AddEvent,
    FreezeChanges,
    HostKey,
    LockChanges,
    PollNow,
    ScanHostKey,
    ThawChanges,
    TrustHostKey,
    UnlockChanges,
)
from opsconsole.ui.screens.confirm import Confirm, Question
from opsconsole.ui.verbs.meant import tell
from opsconsole.ui.verbs.verb import Verb
from opsconsole.view.cells import cell
from opsconsole.view.rows import Tone

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main


async def _unlock(main: "Main", wanted: Invocation) -> None:
    call = UnlockChanges(wanted.seconds, wanted.arguments["reason"])
    await tell(main, call, "unlocked")


async def _lock(main: "Main", _: Invocation) -> None:
    await tell(main, LockChanges(), "locked")


async def _freeze(main: "Main", wanted: Invocation) -> None:
    call = FreezeChanges(wanted.seconds, wanted.arguments["reason"])
    await tell(main, call, "frozen")


async def _thaw(main: "Main", wanted: Invocation) -> None:
    freezes = main.session.snapshot.access.freezes
    wanted_id = wanted.arguments.get("freeze") or (freezes[0].id if len(freezes) == 1 else "")
    if not wanted_id:
        main.say(
            "which freeze? " + (", ".join(f.id for f in freezes) or "there is none"), Tone.WARNING
        )
        return
    await tell(main, ThawChanges(wanted_id), "thawed")


async def _poll(main: "Main", _: Invocation) -> None:
    targets = tuple(key for key in main.where.keys if key.startswith(("host:", "service:")))
    if not targets:
        host = host_of(main.session.snapshot, main.where)
        targets = (f"host:{host}",) if host else ()
    await tell(main, PollNow(targets), "polled")


async def _trust(main: "Main", wanted: Invocation) -> None:
    """Show the key a host shows, then ask; a changed one must be answered by the host's name."""
    host = wanted.arguments.get("host") or host_of(main.session.snapshot, main.where)
    key = await main.session.source.call(ScanHostKey(host), HostKey)
    changed = key.known in ("changed", "revoked")
    lines = (
        cell(f"{host} shows this key:"),
        cell(f"  {key.kind}  {key.fingerprint}", Tone.STRONG),
        cell(""),
        cell("Compare it with the host's console or its inventory. Trusting a wrong key hands the"),
        cell("session to whoever shows it."),
        *((cell(f"Another key is on file: {key.known}.", Tone.CRITICAL),) if changed else ()),
    )
    question = Question("Trust a host key", "trust it", expect=host if changed else "")
    answer = await main.app.push_screen_wait(Confirm(main.session.look, question, lines))
    if answer is not None:
        call = TrustHostKey(host, key.fingerprint, replace=changed)
        await tell(main, call, f"{host} is trusted")


async def _event(main: "Main", wanted: Invocation) -> None:
    call = AddEvent(wanted.arguments["text"], on=main.where.key if ":" in main.where.key else "")
    await tell(main, call, "told")


VERBS: Final[Mapping[str, Verb]] = {
    "act.unlock": _unlock,
    "act.lock": _lock,
    "act.freeze": _freeze,
    "act.thaw": _thaw,
    "act.poll": _poll,
    "act.trust": _trust,
    "act.event": _event,
}
