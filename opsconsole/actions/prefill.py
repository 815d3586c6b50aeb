"""What a form begins with: a parameter's default, or what the fire and the host already say about it."""

from collections.abc import Mapping

from opsconsole.actions.match import Subject
from opsconsole.actions.reference import Ref, parse_template
from opsconsole.model.action import ParamSpec
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import HostRecord, ServiceRecord


def prefill(spec: ParamSpec, subject: Subject) -> str:
    """Give the text to put into a parameter's field; empty when nothing is known.

    A default may be one reference, or several with `|` between: the first that has a value is taken
    (`${alert.labels.unit}|nginx.service`). Nothing of it is trusted: it is validated like typed text.
    """
    if spec.default is None:
        return ""
    for choice in spec.default.split("|") if "${" in spec.default else (spec.default,):
        filled = _fill(choice, subject)
        if filled:
            return filled
    return ""


def with_defaults(
    specs: tuple[ParamSpec, ...], typed: Mapping[str, str], subject: Subject
) -> Mapping[str, str]:
    """Complete what was typed with what the fields began with."""
    filled = {spec.name: prefill(spec, subject) for spec in specs}
    return {**{name: text for name, text in filled.items() if text}, **_said(specs, typed)}


def _said(specs: tuple[ParamSpec, ...], typed: Mapping[str, str]) -> Mapping[str, str]:
    """Leave out what a form sent back untouched: the default's own references."""
    defaults = {spec.name: spec.default for spec in specs if "${" in (spec.default or "")}
    return {name: text for name, text in typed.items() if text != defaults.get(name)}


def _fill(text: str, subject: Subject) -> str:
    parts = []
    for part in parse_template(text).parts:
        value = part if isinstance(part, str) else _look_up(part, subject)
        if not value:
            return ""
        parts.append(value)
    return "".join(parts)


def _look_up(ref: Ref, subject: Subject) -> str:
    match ref.root:
        case "alert":
            return _of(subject.alert, ref.path)
        case "target":
            if ref.path.startswith("facts.") and subject.host is not None:
                return _first_word(subject.host.facts.get(ref.path.removeprefix("facts."), ""))
            return _of(subject.host or subject.service, ref.path)
        case "service":
            return _of(subject.service, ref.path)
        case _:
            return ""


def _first_word(text: str) -> str:
    """A fact may be a list, `a.service, b.service`; a field takes one."""
    return text.partition(",")[0].strip()


def _of(record: Alert | HostRecord | ServiceRecord | None, path: str) -> str:
    if record is None:
        return ""
    if path.startswith("labels."):
        return record.labels.get(path.removeprefix("labels."), "")
    return str(getattr(record, path, ""))
