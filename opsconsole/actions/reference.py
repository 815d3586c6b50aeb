"""References in runbooks, `${params.x}` or `${save.step.text}`: resolved once, the result never parsed again."""

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from opsconsole.actions.api import Host, Result, Service
from opsconsole.actions.argv import Given, has_control
from opsconsole.actions.params import Values
from opsconsole.errors import ActionError
from opsconsole.model.alert import Alert

_REFERENCE: Final = re.compile(r"\$\{([^{}]*)\}")
_ROOTS: Final = ("params", "target", "service", "alert", "save", "run")
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "target": frozenset({"name", "address"}),
    "service": frozenset({"name", "port"}),
    "alert": frozenset({"name", "on", "summary", "fingerprint", "severity"}),
    "run": frozenset({"id"}),
}
_LABELLED: Final = frozenset({"target", "service", "alert"})
SAVED: Final = frozenset({"text", "code"})
"""What is known of a step that ran a command or call."""


class Ref(Struct, frozen=True):
    """One reference: `params.unit` is root `params`, path `unit`."""

    root: str
    path: str

    def __str__(self) -> str:
        return f"{self.root}.{self.path}"


class Template(Struct, frozen=True):
    """Text with references at some places."""

    parts: tuple[str | Ref, ...]

    @property
    def source(self) -> str:
        """The text as it was written."""
        return "".join(part if isinstance(part, str) else f"${{{part}}}" for part in self.parts)

    @property
    def refs(self) -> Iterator[Ref]:
        """The references in it."""
        return (part for part in self.parts if isinstance(part, Ref))


def parse_template(text: str) -> Template:
    """Read text with references.

    Raises:
        ValueError: A reference is malformed, or names what does not exist.
    """
    parts: list[str | Ref] = []
    end = 0
    for found in _REFERENCE.finditer(text):
        if found.start() > end:
            parts.append(text[end : found.start()])
        parts.append(_parse_ref(found[1]))
        end = found.end()
    if end < len(text):
        parts.append(text[end:])
    if any(isinstance(part, str) and "${" in part for part in parts):
        raise ValueError("a reference looks like ${params.name}")
    return Template(tuple(parts))


def _parse_ref(inside: str) -> Ref:
    root, _, path = inside.strip().partition(".")
    if root not in _ROOTS or not path:
        raise ValueError(f"${{{inside}}} refers to nothing; there is {', '.join(_ROOTS)}")
    labelled = (root in _LABELLED and path.startswith("labels.")) or (
        root == "target" and path.startswith("facts.")
    )
    if root in _FIELDS and not labelled and path not in _FIELDS[root]:
        raise ValueError(f"${{{inside}}}: {root} has {', '.join(sorted(_FIELDS[root]))}")
    return Ref(root, path)


class Scope:
    """What references mean while one target is worked on."""

    def __init__(
        self,
        values: Values,
        target: Host | Service,
        alert: Alert | None,
        run_id: str,
        service: Service | None = None,
    ) -> None:
        """Set up; `service` is what a host is worked on for."""
        self.values = values
        self.target = target
        self.alert = alert
        self.run_id = run_id
        self.service = target if isinstance(target, Service) else service
        self.saved: dict[str, Result] = {}
        self.answers: dict[str, Mapping[str, str]] = {}
        """What people said to `ask:`, by step and parameter."""
        self.secrets = values.secrets
        """Names of parameters that are names of secrets."""
        self.failed = False

    def get(self, name: str) -> str | int | float | bool | tuple[str, ...] | None:
        """Give a dotted name's value for a `when`; None when there is none."""
        if name == "failed":
            return self.failed
        root, _, path = name.partition(".")
        if root == "params":
            return self.values.value(path)
        try:
            return self.look_up(Ref(root, path))
        except ActionError:
            return None

    def look_up(self, ref: Ref) -> str:
        """Find a reference's text.

        Raises:
            ActionError: It has no value here.
        """
        found = self._find(ref)
        if found is None:
            raise ActionError("reference", f"${{{ref}}} has no value here")
        return found

    def _find(self, ref: Ref) -> str | None:
        match ref.root:
            case "params":
                return self.values.slot(ref.path) if ref.path in self.values else None
            case "target":
                return _field(self.target, ref.path)
            case "service":
                return None if self.service is None else _field(self.service, ref.path)
            case "alert":
                return None if self.alert is None else _field(self.alert, ref.path)
            case "run":
                return self.run_id
            case _:
                return self._find_saved(ref.path)

    def _find_saved(self, path: str) -> str | None:
        step, _, what = path.rpartition(".")
        if step in self.answers:
            return self.answers[step].get(what)
        result = self.saved.get(step)
        if result is None:
            return None
        return str(result.code) if what == "code" else result.text


def _field(record: Host | Service | Alert, path: str) -> str | None:
    if path.startswith("labels."):
        return record.labels.get(path.removeprefix("labels."))
    if path.startswith("facts."):
        return record.facts.get(path.removeprefix("facts.")) if isinstance(record, Host) else None
    if path == "port" and isinstance(record, Service):
        return _port(record)
    found = getattr(record, path, None)
    return None if found is None else str(found)


def _port(service: Service) -> str | None:
    """Give the port of the first thing a service's checks ask."""
    for endpoint in service.endpoints:
        try:
            parts = urlsplit(endpoint if "://" in endpoint else f"tcp://{endpoint}")
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        except ValueError:
            continue
        if port is not None:
            return str(port)
    return None


def fill_slot(template: Template, scope: Scope) -> str:
    """Fill one argv slot: a lone reference stays a Given, one behind a literal prefix is plain.

    Raises:
        ActionError: It has no value here, or one that may not stand in an argument.
    """
    texts = [part if isinstance(part, str) else scope.look_up(part) for part in template.parts]
    given = [
        text for text, part in zip(texts, template.parts, strict=True) if isinstance(part, Ref)
    ]
    if any(has_control(text) for text in given):
        raise ActionError("reference", f"{given[0][:40]!r} holds a control character")
    filled = "".join(texts)
    begins_given = bool(template.parts) and isinstance(template.parts[0], Ref)
    return Given(filled) if begins_given else filled


def fill_text(template: Template, scope: Scope) -> str:
    """Fill text that only people read; what has no value is shown as a dash."""
    return "".join(
        part if isinstance(part, str) else _shown(part, scope) for part in template.parts
    )


def _shown(ref: Ref, scope: Scope) -> str:
    try:
        return scope.look_up(ref)
    except ActionError:
        return "-"
