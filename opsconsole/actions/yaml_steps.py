"""Reads a runbook's steps: what stands beside the verb, and what the steps need of the action."""

import re
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from opsconsole.actions.http_path import READING
from opsconsole.actions.runbook import (
    READ_ONLY,
    Ask,
    Call,
    Check,
    Exec,
    Get,
    Put,
    Step,
    Until,
    Use,
    Verb,
)
from opsconsole.actions.yaml_expect import (
    on_fail,
    place,
    read_codes,
    read_expectation,
    read_retries,
    step_timeout,
    sudo_name,
)
from opsconsole.actions.yaml_keys import Keys
from opsconsole.actions.yaml_slots import SlotReader
from opsconsole.actions.yaml_verbs import BESIDE, VERBS, VerbReader
from opsconsole.config.loader import Node
from opsconsole.config.problems import Problems
from opsconsole.errors import QueryError
from opsconsole.model.states import Effect
from opsconsole.query.fields import Context, Field, Kind, context
from opsconsole.query.functions import GENERAL
from opsconsole.query.nodes import Expr
from opsconsole.query.parser import parse

_STEP_KEYS: Final = (
    "id", "title", "when", "save", "effect", "timeout", "on", "on_fail", *VERBS, *BESIDE,
)  # fmt: skip
_STEP_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
_SAVE: Final = re.compile(r"[a-z][a-z0-9_-]{0,40}")

WHEN: Final[Context] = context(
    "when",
    (
        Field("failed", Kind.TRUTH, "in finally: whether a step before failed"),
        Field("params.*"),
        Field("target.*"),
        Field("service.*"),
        Field("alert.*"),
        Field("save.*"),
    ),
    GENERAL,
)


class StepReader:
    """Reads the steps of one runbook, and remembers what they need."""

    def __init__(
        self,
        problems: Problems,
        effect: Effect,
        params: Mapping[str, str],
        files: Mapping[str, bytes],
        *,
        idempotent: bool,
    ) -> None:
        """Set up.

        Args:
            problems: Where mistakes go.
            effect: The action's; a step's default.
            params: Type of each parameter, by name.
            files: The plugin's own, by relative name.
            idempotent: The action's: only then a write may be tried again.
        """
        self._problems = problems
        self._effect = effect
        self._idempotent = idempotent
        self._slots = SlotReader(params)
        self._verbs = VerbReader(problems, self._slots, files)
        self.needs: set[str] = set()

    def read(
        self, nodes: tuple[Node, ...], *, effect: Effect | None = None, is_undo: bool = False
    ) -> tuple[Step, ...]:
        """Read a list of steps; `effect` forces one on all of them (preflight and finally only read)."""
        found = (self._step(node, effect, is_undo=is_undo) for node in nodes)
        return tuple(step for step in found if step is not None)

    def _step(self, node: Node, forced: Effect | None, *, is_undo: bool) -> Step | None:
        keys = Keys(node, self._problems, "a step")
        keys.only(_STEP_KEYS)
        name = self._id(keys)
        verb = self._verbs.read(keys)
        if verb is None:
            self._slots.ids.add(name)
            return None
        step = Step(
            id=name,
            verb=verb,
            effect=self._step_effect(keys, forced, verb),
            title=keys.text("title") or "",
            when=self._when(keys),
            save=self._save(keys),
            timeout=keys.read("timeout", step_timeout),
            sudo=keys.read("sudo", sudo_name),
            ok=read_codes(keys),
            expect=None if isinstance(verb, Until) else read_expectation(keys),
            on_fail=keys.read("on_fail", on_fail) or "stop",
            shows=not keys.flag("quiet", default=False),
            retries=read_retries(keys),
            place=keys.read("on", place) or "target",
            critical=keys.flag("critical", default=False),
            expect_disconnect=keys.flag("expect_disconnect", default=False),
        )
        self._slots.ids.add(name)
        if isinstance(verb, Ask):
            self._slots.answers[name] = tuple(param.name for param in verb.params)
        self._check(keys, step)
        return self._with_undo(keys, step, is_undo=is_undo)

    def _with_undo(self, keys: Keys, step: Step, *, is_undo: bool) -> Step:
        """Steps of an undo may refer to the step they undo."""
        if "undo" not in keys.given:
            return step
        if is_undo:
            keys.wrong("undo", "an undo is not undone")
        if step.effect is Effect.READ:
            keys.wrong("undo", "a read has nothing to undo")
        return replace(step, undo=self.read(keys.items("undo"), is_undo=True))

    def _id(self, keys: Keys) -> str:
        name = self._slots.constant(keys, "id", keys.required("id"))
        if name and "${" not in name and not _STEP_ID.fullmatch(name):
            keys.wrong("id", f"{name!r} must be lower-case letters, digits and dashes")
        if name in self._slots.ids:
            keys.wrong("id", f"{name} is used twice")
        return name

    def _save(self, keys: Keys) -> str:
        name = keys.text("save") or ""
        if name and not _SAVE.fullmatch(name):
            keys.wrong("save", f"{name!r} must be lower-case letters, digits and dashes")
        if name:
            self._slots.saves.add(name)
        return name

    def _step_effect(self, keys: Keys, forced: Effect | None, verb: Verb) -> Effect:
        """A step of a reading action reads; one of a writing action writes unless it says otherwise."""
        default = forced or self._usual_effect(verb)
        told = self._told_effect(keys) or default
        if isinstance(verb, Call) and verb.method not in READING and told is Effect.READ:
            keys.wrong("http", f"{verb.method} changes something: it cannot be a read")
        elif told is not Effect.READ and (forced is Effect.READ or self._effect is Effect.READ):
            keys.wrong("effect", "only reads may stand here")
        elif told is not Effect.READ and isinstance(verb, READ_ONLY):
            keys.wrong("effect", "this only reads")
        return told

    def _usual_effect(self, verb: Verb) -> Effect:
        if isinstance(verb, READ_ONLY) or self._effect is Effect.READ:
            return Effect.READ
        if isinstance(verb, Call) and verb.method in READING:
            return Effect.READ
        return Effect.WRITE

    def _told_effect(self, keys: Keys) -> Effect | None:
        text = keys.text("effect")
        if text is None:
            return None
        if text in tuple(Effect):
            return Effect(text)
        self._slots.constant(keys, "effect", text)
        keys.wrong("effect", f"must be one of {', '.join(Effect)}")
        return None

    def _when(self, keys: Keys) -> Expr | None:
        source = keys.text("when")
        if source is None:
            return None
        try:
            return parse(source, WHEN)
        except QueryError as error:
            keys.wrong("when", str(error))
            return None

    def _check(self, keys: Keys, step: Step) -> None:
        verb, sudo = step.verb, step.sudo
        if need := _need(verb, step.place):
            self.needs.add(need)
        if sudo is not None:
            self.needs.add(f"sudo:{sudo}")
            if isinstance(verb, Exec) and verb.env:
                keys.wrong("env", "sudo drops it; hand the value over in args")
        writes = step.effect is not Effect.READ
        if step.retries.count and writes and not self._idempotent:
            keys.wrong("retries", "only an idempotent action may try a write again")
        if step.on_fail == "continue" and writes and self._effect is Effect.DESTRUCTIVE:
            keys.wrong("on_fail", "a destructive step that failed is not passed over")
        if step.place == "console" and not isinstance(verb, Exec):
            keys.wrong("on", "only run: and sh: are done on the console's machine")
        if step.place == "console" and sudo is not None:
            keys.wrong("sudo", "the console's machine has no sudo profiles")


def _need(verb: Verb, where: str) -> str:
    match verb:
        case Call():
            return f"http:{verb.client}"
        case Until(look=Check()) | Check() | Use():
            return ""
        case Exec() | Until() | Put() | Get():
            return "local" if where == "console" else "ssh"
        case _:
            return ""
