"""Reads the verb of a step: exactly one of `run sh http use check until ask pause wait put get note`."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from opsconsole.actions.argv import may_be_set
from opsconsole.actions.http_path import METHODS
from opsconsole.actions.reference import Template
from opsconsole.actions.runbook import (
    Ask,
    Call,
    Check,
    Exec,
    Get,
    Note,
    Pause,
    Put,
    Until,
    Use,
    Verb,
    Wait,
)
from opsconsole.actions.spec import ID
from opsconsole.actions.yaml_expect import read_codes, read_expectation
from opsconsole.actions.yaml_keys import Keys
from opsconsole.actions.yaml_params import read_param_specs
from opsconsole.actions.yaml_slots import SlotReader
from opsconsole.config.problems import Problems, did_you_mean
from opsconsole.config.units import parse_duration

_UNTIL_KEYS: Final = ("run", "check", "with", "expect", "every", "for", "stable")
_HTTP_KEYS: Final = ("client", "method", "path", "query", "json", "ok")
_CLIENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,100}")
_MODE: Final = re.compile(r"0?[0-7]{3}")
_IN_SCRIPT: Final = re.compile(r"\$\{(params|target|service|alert|save|run)\.")
BESIDE: Final[Mapping[str, tuple[str, ...]]] = {
    "args": ("sh",), "env": ("sh",), "stdin": ("run",), "with": ("use", "check"),
    "sudo": ("run", "sh", "until", "put", "get"), "expect_disconnect": ("run", "sh"),
    "retries": ("run", "sh", "http", "get"), "ok": ("run", "sh"), "quiet": ("run", "sh", "http"),
    "undo": ("run", "sh", "http", "use", "put"), "expect": ("run", "sh", "http", "get"),
    "critical": ("run", "sh", "http", "put"),
}  # fmt: skip
"""Keys that only some verbs have."""


class VerbReader:
    """Reads verbs of one runbook."""

    def __init__(self, problems: Problems, slots: SlotReader, files: Mapping[str, bytes]) -> None:
        """Set up; `files` are the plugin's own, for `put:`."""
        self._problems = problems
        self._slots = slots
        self._files = files
        self._readers: Mapping[str, Callable[[Keys], Verb]] = {
            "run": self._run, "sh": self._script, "http": self._http, "use": self._use,
            "check": self._check, "until": self._until, "ask": self._ask, "pause": self._pause,
            "wait": self._wait, "put": self._put, "get": self._get, "note": self._note,
        }  # fmt: skip

    def read(self, keys: Keys) -> Verb | None:
        """Read the one verb of a step; None when there is none or more."""
        found = [verb for verb in VERBS if verb in keys.given]
        if len(found) != 1:
            said = f", not {' and '.join(found)}" if found else ""
            self._problems.add(keys.mark, f"a step has exactly one of {', '.join(VERBS)}{said}")
            return None
        for key, verbs in BESIDE.items():
            if key in keys.given and found[0] not in verbs:
                listed = ": or ".join(verbs)
                keys.wrong(key, f"belongs to {listed}:, not to {found[0]}:")
        return self._readers[found[0]](keys)

    def _run(self, keys: Keys) -> Exec:
        text = keys.text("stdin")
        stdin = None if text is None else self._slots.template(keys, "stdin", text, stdin=True)
        return Exec(argv=self._slots.argv(keys, "run"), stdin=stdin)

    def _script(self, keys: Keys) -> Exec:
        body = keys.required("sh")
        if _IN_SCRIPT.search(body):
            keys.wrong("sh", 'a script is constant; hand values over in args and write "$1"')
        args = tuple(self._slots.slot(keys, "args", word) for word in keys.words("args") or ())
        return Exec(script=body, args=args, env=tuple(self._env(keys)))

    def _env(self, keys: Keys) -> list[tuple[str, Template]]:
        pairs = []
        inner = Keys(keys.node("env"), self._problems, "env")
        for name in inner.given:
            if not may_be_set(name):
                inner.wrong(name, "is not a name that may be set")
            pairs.append((name, self._slots.slot(inner, name, inner.required(name))))
        return pairs

    def _http(self, keys: Keys) -> Call:
        inner = Keys(keys.node("http"), self._problems, "http")
        inner.only(_HTTP_KEYS)
        client = self._slots.constant(inner, "client", inner.required("client"))
        if client and "${" not in client and not _CLIENT.fullmatch(client):
            inner.wrong("client", f"{client!r} is no name of an HTTP client")
        method = self._slots.constant(inner, "method", inner.text("method") or "GET")
        if method not in METHODS and "${" not in method:
            near = did_you_mean(method, METHODS)
            inner.wrong("method", f"{method!r} is none of {', '.join(METHODS)}{near}")
        path = self._slots.template(inner, "path", inner.required("path"))
        if not (path.parts and isinstance(path.parts[0], str) and path.parts[0].startswith("/")):
            inner.wrong("path", "must begin with /; the client's URL stands before it")
        body = inner.node("json")
        return Call(
            client,
            method,
            path,
            self._slots.pairs(inner, "query"),
            None if body is None else self._slots.tree(inner, "json", body),
            read_codes(inner, ()),
        )

    def _use(self, keys: Keys) -> Use:
        action = self._slots.constant(keys, "use", keys.required("use"))
        if action and "${" not in action and not ID.fullmatch(action):
            keys.wrong("use", f"{action!r} is no action id like acme.restart-unit")
        return Use(action, self._slots.pairs(keys, "with"), _where(keys, "use"))

    def _check(self, keys: Keys) -> Check:
        check = self._slots.constant(keys, "check", keys.required("check"))
        return Check(check, self._slots.pairs(keys, "with"), _where(keys, "check"))

    def _until(self, keys: Keys) -> Until:
        inner = Keys(keys.node("until"), self._problems, "until")
        inner.only(_UNTIL_KEYS)
        both = [key for key in ("run", "check") if key in inner.given]
        if len(both) != 1:
            self._problems.add(inner.mark, "until has exactly one of run, check")
        for key, verb in (("with", "check"), ("expect", "run")):
            if key in inner.given and verb not in inner.given:
                inner.wrong(key, f"belongs to {verb}:")
        look = self._check(inner) if both == ["check"] else Exec(argv=self._looked(inner))
        hold = self._slots.template(inner, "for", inner.required("for"))
        if not any(hold.refs):
            inner.read("for", parse_duration)
        stable = inner.read("stable", int)
        if stable is not None and not 1 <= stable <= 100:
            inner.wrong("stable", "must be from 1 to 100")
        return Until(
            look, read_expectation(inner), inner.read("every", parse_duration) or 2.0, hold,
            stable or 1,
        )  # fmt: skip

    def _looked(self, inner: Keys) -> tuple[Template, ...]:
        return self._slots.argv(inner, "run") if "run" in inner.given else ()

    def _ask(self, keys: Keys) -> Ask:
        params = read_param_specs(keys, "ask")
        if not params:
            keys.wrong("ask", "must name at least one parameter: {name: {type: ...}}")
        for param in params:
            if param.type == "secret":
                keys.wrong("ask", f"{param.name}: a secret is not asked for, it is declared")
        return Ask(params)

    def _pause(self, keys: Keys) -> Pause:
        return Pause(self._slots.template(keys, "pause", keys.required("pause")))

    def _wait(self, keys: Keys) -> Wait:
        template = self._slots.template(keys, "wait", keys.required("wait"))
        if not any(template.refs):
            keys.read("wait", parse_duration)
        return Wait(template)

    def _note(self, keys: Keys) -> Note:
        return Note(self._slots.template(keys, "note", keys.required("note")))

    def _put(self, keys: Keys) -> Put:
        inner = Keys(keys.node("put"), self._problems, "put")
        inner.only(("src", "text", "dest", "mode"))
        if ("src" in inner.given) == ("text" in inner.given):
            self._problems.add(inner.mark, "put has exactly one of src, text")
        src, text = inner.text("src") or "", inner.text("text")
        content = self._files.get(f"files/{src}", b"")
        if src and f"files/{src}" not in self._files:
            known = [name.removeprefix("files/") for name in self._files]
            inner.wrong("src", f"the plugin has no files/{src}{did_you_mean(src, known)}")
        mode = inner.text("mode") or "0644"
        if not _MODE.fullmatch(mode):
            inner.wrong("mode", f"{mode!r} is no file mode such as 0644")
        return Put(
            self._slots.slot(inner, "dest", inner.required("dest")), mode, content,
            None if text is None else self._slots.template(inner, "text", text, stdin=True), src,
        )  # fmt: skip

    def _get(self, keys: Keys) -> Get:
        inner = Keys(keys.node("get"), self._problems, "get")
        inner.only(("src", "dest"))
        dest = inner.text("dest") or "file"
        if not _NAME.fullmatch(dest):
            inner.wrong("dest", f"{dest!r} is no plain file name; it is kept in the run's folder")
        return Get(self._slots.slot(inner, "src", inner.required("src")), dest)


VERBS: Final = (
    "run", "sh", "http", "use", "check", "until", "ask", "pause", "wait", "put", "get", "note",
)  # fmt: skip


def _where(keys: Keys, key: str) -> str:
    mark = keys.mark_of(key)
    return f"{mark.file}:{mark.line}:{mark.column}"
