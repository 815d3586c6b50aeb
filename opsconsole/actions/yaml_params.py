"""Reads `params:` of a runbook or of a manifest's entry: the form's fields, in their order."""

from collections.abc import Mapping
from typing import Final

from opsconsole.actions.grammars import GRAMMARS, read_limit
from opsconsole.actions.reference import parse_template
from opsconsole.actions.spec import ID
from opsconsole.actions.yaml_keys import Keys
from opsconsole.config.loader import Map
from opsconsole.config.problems import did_you_mean
from opsconsole.model.action import ParamSpec, may_be_empty

_PARAM_KEYS: Final = (
    "type", "title", "help", "default", "required", "choices", "choices_from", "pattern", "min",
    "max", "under", "refuse",
)  # fmt: skip


def read_param_specs(keys: Keys, key: str = "params") -> tuple[ParamSpec, ...]:
    """Read `params:`, or what else is a mapping of parameters; mistakes go to the keys' problems."""
    node = keys.node(key)
    if node is None:
        return ()
    inner = Keys(node, keys.problems, key)
    entries: Mapping[str, object] = node.entries if isinstance(node, Map) else {}
    found = (_param(name, Keys(inner.node(name), keys.problems, name)) for name in entries)
    return tuple(param for param in found if param is not None)


def _param(name: str, keys: Keys) -> ParamSpec | None:
    keys.only(_PARAM_KEYS, ("when", "secret", "remember"))
    kind = keys.required("type")
    if kind not in GRAMMARS and not ID.fullmatch(kind):  # a plugin's type: see param_types
        if kind:
            keys.wrong("type", f"there is no type {kind}{did_you_mean(kind, GRAMMARS)}")
        return None
    default = keys.text("default")
    return ParamSpec(
        name=name,
        type=kind,
        title=keys.text("title") or "",
        help=keys.text("help") or "",
        required=keys.flag("required", default=may_be_empty(default)),
        default=_default(keys, default),
        choices=keys.words("choices") or (),
        choices_from=keys.text("choices_from"),
        pattern=keys.text("pattern"),
        min=keys.read("min", lambda text: read_limit(kind, text)),
        max=keys.read("max", lambda text: read_limit(kind, text)),
        under=keys.words("under") or (),
        refuse=keys.words("refuse") or (),
    )


def _default(keys: Keys, default: str | None) -> str | None:
    if default is None or "${" not in default:
        return default
    try:
        refs = [ref for part in default.split("|") for ref in parse_template(part).refs]
    except ValueError as error:
        keys.wrong("default", str(error))
        return None
    if any(ref.root not in ("alert", "target", "service") for ref in refs):
        keys.wrong("default", "may refer to alert, target and service only")
        return None
    return default
