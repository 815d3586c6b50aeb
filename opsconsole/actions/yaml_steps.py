"""Reads a runbook's steps: one verb each, references only where they may stand."""

import re
from collections.abc import Mapping
from typing import Final

from opsconsole.actions.reference import Ref, Template, parse_template
from opsconsole.actions.runbook import Exec, Expectation, Note, Step, Until, Verb, Wait
from opsconsole.actions.spec import SpecError, read_timeout
from opsconsole.actions.yaml_keys import Keys
from opsconsole.config.loader import Node
from opsconsole.config.problems import Problems
from opsconsole.config.units import parse_duration, parse_quantity
from opsconsole.errors import QueryError
from opsconsole.model.states import Effect
from opsconsole.query.fields import Context, Field, Kind, context
from opsconsole.query.functions import GENERAL
from opsconsole.query.nodes import Expr
from opsconsole.query.parser import parse

VERBS: Final = ("run", "sh", "until", "note", "wait")
_LATER_VERBS: Final = ("http", "use", "check", "ask", "pause", "put", "get")
_STEP_KEYS: Final = (
    "id", "title", *VERBS, "args", "env", "stdin", "when", "save", "effect", "timeout", "sudo", "ok",
    "expect", "on_fail", "quiet",
)  # fmt: skip
_LATER_KEYS: Final = (*_LATER_VERBS, "with", "retries", "on", "critical", "undo")
_UNTIL_KEYS: Final = ("run", "expect", "every", "for", "stable")
_EXPECT_KEYS: Final = ("code", "equals", "contains", "matches", "lt", "gt", "lines_lt", "lines_gt")
_STEP_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
_ENV: Final = re.compile(r"[A-Z][A-Z0-9_]{0,60}")
_ENV_DENIED: Final = re.compile(r"LD_.*|PATH|IFS|BASH_ENV|ENV|OPSC_.*")
_SUDO: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")

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

    def __init__(self, problems: Problems, effect: Effect, params: Mapping[str, str]) -> None:
        """Set up.

        Args:
            problems: Where mistakes go.
            effect: The action's; a step's default.
            params: Type of each parameter, by name.
        """
        self._problems = problems
        self._effect = effect
        self._params = params
        self._ids: set[str] = set()
        self.needs: set[str] = set()

    def read(self, nodes: tuple[Node, ...], *, effect: Effect | None = None) -> tuple[Step, ...]:
        """Read a list of steps; `effect` forces one on all of them (preflight and finally only read)."""
        return tuple(step for node in nodes if (step := self._step(node, effect)) is not None)

    def _step(self, node: Node, forced: Effect | None) -> Step | None:
        keys = Keys(node, self._problems, "a step")
        keys.only(_STEP_KEYS, _LATER_KEYS)
        name = self._id(keys)
        verb = self._verb(keys)
        if verb is None:
            return None
        effect = self._step_effect(keys, forced, verb)
        sudo = keys.read("sudo", _sudo)
        self._note_needs(keys, verb, sudo)
        return Step(
            id=name,
            verb=verb,
            effect=effect,
            title=keys.text("title") or "",
            when=self._when(keys),
            save=keys.text("save") or "",
            timeout=keys.read("timeout", _timeout),
            sudo=sudo,
            ok=_codes(keys),
            expect=_expectation(keys),
            goes_on=keys.read("on_fail", _on_fail) or False,
            shows=not keys.flag("quiet", default=False),
        )

    def _id(self, keys: Keys) -> str:
        name = keys.required("id")
        if name and not _STEP_ID.fullmatch(name):
            keys.wrong("id", f"{name!r} must be lower-case letters, digits and dashes")
        if name in self._ids:
            keys.wrong("id", f"{name} is used twice")
        self._ids.add(name)
        return name

    def _step_effect(self, keys: Keys, forced: Effect | None, verb: Verb) -> Effect:
        """A step of a reading action reads; one of a writing action writes unless it says otherwise."""
        reads = not isinstance(verb, Exec)
        default = forced or (Effect.READ if reads or self._effect is Effect.READ else Effect.WRITE)
        told = keys.read("effect", Effect) or default
        if told is not Effect.READ and (forced is Effect.READ or self._effect is Effect.READ):
            keys.wrong("effect", "only reads may stand here")
        return told

    def _when(self, keys: Keys) -> Expr | None:
        source = keys.text("when")
        if source is None:
            return None
        try:
            return parse(source, WHEN)
        except QueryError as error:
            keys.wrong("when", str(error))
            return None

    def _note_needs(self, keys: Keys, verb: Verb, sudo: str | None) -> None:
        if isinstance(verb, Exec | Until):
            self.needs.add("ssh")
        if sudo is not None:
            self.needs.add(f"sudo:{sudo}")
            if isinstance(verb, Exec) and verb.env:
                keys.wrong("env", "sudo drops it; hand the value over in args")

    def _verb(self, keys: Keys) -> Verb | None:
        found = [verb for verb in VERBS if verb in keys.given]
        if len(found) != 1:
            if not any(verb in keys.given for verb in _LATER_VERBS):
                self._problems.add(keys.mark, f"a step has exactly one of {', '.join(VERBS)}")
            return None
        match found[0]:
            case "run":
                return self._run(keys)
            case "sh":
                return self._script(keys)
            case "until":
                return self._until(keys)
            case "note":
                return Note(self._template(keys, "note", keys.required("note")))
            case _:
                return Wait(self._template(keys, "wait", keys.required("wait")))

    def _run(self, keys: Keys) -> Exec:
        for key in ("args", "env"):
            if key in keys.given:
                keys.wrong(key, "belongs to sh:, not to run:")
        text = keys.text("stdin")
        stdin = None if text is None else self._template(keys, "stdin", text, multiline=True)
        return Exec(argv=self._argv(keys, "run"), stdin=stdin)

    def _argv(self, keys: Keys, key: str) -> tuple[Template, ...]:
        words = keys.words(key) or ()
        if not words:
            keys.wrong(key, "must be a list of arguments: [program, argument, ...]")
        slots = tuple(self._slot(keys, key, word) for word in words)
        if slots and any(slots[0].refs):
            keys.wrong(key, "the program itself may not be a reference")
        self._check_options(keys, key, words, slots)
        return slots

    def _check_options(
        self, keys: Keys, key: str, words: tuple[str, ...], slots: tuple[Template, ...]
    ) -> None:
        """A text of free choice must stand behind `--` or a literal prefix: it could be an option."""
        for word, slot in zip(words, slots, strict=True):
            if word == "--":
                return
            first = slot.parts[0] if slot.parts else ""
            if isinstance(first, Ref) and self._params.get(first.path) == "str":
                keys.wrong(key, f"put -- before {word}: a text may begin with a dash")

    def _script(self, keys: Keys) -> Exec:
        body = keys.required("sh")
        if "${" in body and re.search(r"\$\{(params|target|service|alert|save|run)\.", body):
            keys.wrong("sh", 'a script is constant; hand values over in args and write "$1"')
        args = tuple(self._slot(keys, "args", word) for word in keys.words("args") or ())
        return Exec(script=body, args=args, env=tuple(self._env(keys)))

    def _env(self, keys: Keys) -> list[tuple[str, Template]]:
        pairs = []
        inner = Keys(keys.node("env"), self._problems, "env")
        for name in inner.given:
            if not _ENV.fullmatch(name) or _ENV_DENIED.fullmatch(name):
                inner.wrong(name, "is not a name that may be set")
            pairs.append((name, self._slot(inner, name, inner.required(name))))
        return pairs

    def _until(self, keys: Keys) -> Until:
        inner = Keys(keys.node("until"), self._problems, "until")
        inner.only(_UNTIL_KEYS, ("check", "with"))
        hold = inner.required("for")
        template = self._template(inner, "for", hold)
        if not any(template.refs):
            inner.read("for", parse_duration)
        return Until(
            command=Exec(argv=self._argv(inner, "run")),
            expect=_expectation(inner),
            every=inner.read("every", parse_duration) or 2.0,
            hold=template,
            stable=inner.read("stable", int) or 1,
        )

    def _slot(self, keys: Keys, key: str, text: str) -> Template:
        template = self._template(keys, key, text)
        if len(list(template.refs)) > 1:
            keys.wrong(key, f"{text!r}: one reference an element")
        return template

    def _template(self, keys: Keys, key: str, text: str, *, multiline: bool = False) -> Template:
        try:
            template = parse_template(text)
        except ValueError as error:
            keys.wrong(key, str(error))
            return Template((text,))
        for ref in template.refs:
            self._check_ref(keys, key, ref, multiline=multiline)
        return template

    def _check_ref(self, keys: Keys, key: str, ref: Ref, *, multiline: bool) -> None:
        if ref.root == "params":
            kind = self._params.get(ref.path)
            if kind is None:
                keys.wrong(key, f"there is no parameter {ref.path}")
            elif kind == "text" and not multiline:
                keys.wrong(key, f"{ref.path} is a text of many lines: only stdin takes it")
        elif ref.root == "save" and ref.path.rpartition(".")[0] not in self._ids:
            keys.wrong(key, f"no step before this one is called {ref.path.rpartition('.')[0]}")


def _expectation(keys: Keys) -> Expectation | None:
    node = keys.node("expect")
    if node is None:
        return None
    inner = Keys(node, keys.problems, "expect")
    inner.only(_EXPECT_KEYS, ("json",))
    pattern = inner.text("matches")
    if pattern is not None:
        try:
            re.compile(pattern)
        except re.error as error:
            inner.wrong("matches", str(error))
            pattern = None
    return Expectation(
        code=inner.read("code", int),
        equals=inner.text("equals"),
        contains=inner.text("contains"),
        matches=pattern,
        lt=inner.read("lt", parse_quantity),
        gt=inner.read("gt", parse_quantity),
        lines_lt=inner.read("lines_lt", int),
        lines_gt=inner.read("lines_gt", int),
    )


def _codes(keys: Keys) -> tuple[int, ...]:
    words = keys.words("ok")
    if words is None:
        return (0,)
    if not words or not all(re.fullmatch(r"[0-9]{1,3}", word) for word in words):
        keys.wrong("ok", "must be a list of exit codes")
        return (0,)
    return tuple(int(word) for word in words)


def _sudo(text: str) -> str:
    if not _SUDO.fullmatch(text):
        raise ValueError("is the name of a sudo profile")
    return text


def _timeout(text: str) -> float:
    try:
        return read_timeout(text)
    except SpecError as error:
        raise ValueError(str(error)) from None


def _on_fail(text: str) -> bool:
    if text not in ("stop", "continue"):
        raise ValueError("is stop or continue")
    return text == "continue"
