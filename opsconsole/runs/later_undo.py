"""How a run that is over is taken back: what its journal kept of each undo becomes a new action; pure."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.actions.api import Outcome
from opsconsole.actions.params import Values
from opsconsole.actions.steps import Action, Door, HttpCall, Request, Target
from opsconsole.errors import ActionError
from opsconsole.model.action import ActionSpec, Plan
from opsconsole.model.run import Run, RunTarget
from opsconsole.model.states import Confirm, Effect, TargetState
from opsconsole.model.text import clean
from opsconsole.runs.chain import Entry
from opsconsole.runs.pushed import sent_writes, standing_undos
from opsconsole.runs.redaction import Redactor

TAKE_BACK: Final = "core.take-back"
"""What such an action is called, for policies and in the list."""
_UNTOUCHED: Final = (
    TargetState.SKIPPED, TargetState.NOT_STARTED, TargetState.UNREACHABLE, TargetState.WRONG_HOST,
)  # fmt: skip
KEPT_LIMIT: Final = 16 << 10
"""Bytes of undos that a journal keeps of one try on a target: it is read back as a whole."""
_UNKEPT: Final = (
    "what it does is decided while it is done, or it was too long or too secret to keep"
)


class Kept(Struct, frozen=True, omit_defaults=True):
    """One request as a journal keeps it."""

    step: str
    effect: Effect
    argv: tuple[str, ...] = ()
    script: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    sudo: str | None = None
    timeout: float | None = None
    ok: tuple[int, ...] = (0,)
    http: HttpCall | None = None
    on_console: bool = False
    shown: str = ""


def keep(requests: Sequence[Request], redactor: Redactor | None, room: int = KEPT_LIMIT) -> str:
    """Write an undo's requests for the journal; empty where they are not plain, too long, or hold a secret.

    Args:
        requests: What the undo sends.
        redactor: Knows the run's secrets.
        room: Bytes that it may be at most.
    """
    if not requests or any(request.stdin or request.expect_disconnect for request in requests):
        return ""
    kept = _kept_of(requests)
    texts = msgspec.to_builtins(kept, builtin_types=(bytes,), enc_hook=str)
    if redactor is not None and _holds_secret(texts, redactor):
        return ""
    text = _written(kept)
    return text if len(text.encode()) <= room else ""


def _kept_of(requests: Sequence[Request]) -> list[Kept]:
    return [
        Kept(**{name: getattr(request, name) for name in Kept.__struct_fields__})
        for request in requests
    ]


def _written(kept: Sequence[Kept]) -> str:
    # values that hosts gave are texts of a kind of their own
    return msgspec.json.encode(kept, enc_hook=str).decode()


def _holds_secret(value: object, redactor: Redactor) -> bool:
    """Look into each text by itself: as JSON a quote or a line end in it, or a call's body, reads otherwise."""
    match value:
        case str() | bytes():
            return redactor.line(value) != value
        case dict():
            return any(_holds_secret(each, redactor) for pair in value.items() for each in pair)
        case list() | tuple():
            return any(_holds_secret(each, redactor) for each in value)
    return False


class Way(Struct, frozen=True):
    """How one target is taken back, or why it is not."""

    requests: tuple[Request, ...] = ()
    why: str = ""


def ways_back(
    run: Run, entries: Sequence[Entry], policy: str, taken: Mapping[str, str]
) -> Mapping[str, Way]:
    """Say for each target of a run that is over how it is taken back later.

    Args:
        run: As it stands.
        entries: Its journal.
        policy: The action's undo_policy; `never` stays never, all else is for the person to decide.
        taken: Targets that a later run took back, or takes back now, and which run that is.
    """
    return {target.name: _way(target, entries, policy, taken) for target in run.targets}


def _way(target: RunTarget, entries: Sequence[Entry], policy: str, taken: Mapping[str, str]) -> Way:
    if target.name in taken:
        return Way(why=f"taken back by {taken[target.name]}")
    if policy == "never":
        return Way(why="undo_policy is never")
    match target.state:
        case TargetState.UNKNOWN | TargetState.UNDO_UNKNOWN:
            return Way(why="its outcome is not known: resolve it first")
        case TargetState.UNDONE:
            return Way(why="it was taken back")
        case TargetState.UNDO_FAILED:
            return Way(
                why="its way back failed half-way; by hand: " + (target.left or "see its journal")
            )
        case state if state in _UNTOUCHED:
            return Way(why="nothing was done there")
    mine = [entry for entry in entries if entry.text("target") == target.name]
    return _read_way(mine, has_own=_has_own(entries))


def _has_own(entries: Sequence[Entry]) -> bool:
    """Tell whether the action has a way back of its own, beside the undos of its steps."""
    return any(
        entry.kind == "run.plan" and entry.fields.get("rollback") is True for entry in entries
    )


def _read_way(mine: Sequence[Entry], *, has_own: bool) -> Way:
    """Find the undos of what was dispatched, the newest first; one that cannot be read stops it all."""
    if has_own and sent_writes(mine):
        return Way(why="its own rollback is decided while it is done; by hand")
    found: list[Request] = []
    for entry in standing_undos(mine):
        kept = _kept(entry.text("plain"))
        if not kept:
            title = entry.text("title") or entry.text("step")
            return Way(why=f"{clean(title, 80)}: {_UNKEPT}; by hand")
        found += [Request(**{n: getattr(one, n) for n in Kept.__struct_fields__}) for one in kept]
    return Way(tuple(found)) if found else Way(why="it has no way back")


def _kept(text: str) -> tuple[Kept, ...]:
    try:
        return msgspec.json.decode(text, type=tuple[Kept, ...]) if text else ()
    except msgspec.DecodeError:
        return ()


class TakeBack:
    """Sends what was kept, in its order; stops at the first that fails."""

    def __init__(self, run: str, ways: Mapping[str, Way]) -> None:
        self.run_id = run
        self.ways = ways

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Take one target back."""
        del values
        way = self.ways.get(target.name, Way(why="it was no target of the run"))
        if way.why:
            raise ActionError("undo", way.why)
        for request in way.requests:
            await door.execute(request)
        return None


def take_back(run: Run, plan: Plan, scope: str, ways: Mapping[str, Way]) -> Action:
    """Make the action that takes a run back; planned, confirmed and journaled as any other."""
    requests = [request for way in ways.values() for request in way.requests]
    content = msgspec.json.encode([run.id, {name: _shown(way) for name, way in ways.items()}])
    own = tuple(key for key in plan.locks if not key.startswith("target:") and "${" not in key)
    spec = ActionSpec(
        TAKE_BACK,
        clean(f"Take back: {run.title}", 200),
        Effect.DESTRUCTIVE
        if any(r.effect is Effect.DESTRUCTIVE for r in requests)
        else Effect.WRITE,
        scope,
        needs=tuple(sorted({need for request in requests for need in _needs(request)})),
        confirm=Confirm.COUNT if len(ways) > 1 else Confirm.KEY,
        max_parallel=plan.max_parallel,
        timeout=plan.timeout,
        locks=own,
        undo_policy="never",
        digest=hashlib.sha256(content).hexdigest(),
        source=f"journal of {run.id}",
    )
    return Action(spec, TakeBack(run.id, ways), "core")


def _shown(way: Way) -> list[object]:
    return [way.why, _written(_kept_of(way.requests))]


def _needs(request: Request) -> tuple[str, ...]:
    if request.http is not None:
        return (f"http:{request.http.client}",)
    place = "local" if request.on_console else "ssh"
    return (place, f"sudo:{request.sudo}") if request.sudo else (place,)
