"""Reads one entry of a manifest's `contributes:`: an action's, or another contribution's."""

import re
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from opsconsole.actions.match import check_match
from opsconsole.actions.spec import SPEC_FIELDS
from opsconsole.actions.yaml_keys import Keys
from opsconsole.actions.yaml_params import read_param_specs
from opsconsole.actions.yaml_spec import read_told
from opsconsole.config.loader import Node
from opsconsole.config.problems import Problems
from opsconsole.config.units import parse_duration
from opsconsole.errors import QueryError
from opsconsole.model.action import ParamSpec
from opsconsole.model.plugin import Contribution
from opsconsole.model.text import LABEL_LIMIT, MESSAGE_LIMIT, clean

PROTOCOLS: Final = ("json", "oneshot", "nagios")
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,60}")
_METRIC: Final = re.compile(r"[a-z][a-z0-9_]{0,30}(\.[a-z][a-z0-9_]{0,30}){1,5}")
_EXECUTABLE: Final = ("run", "protocol")
_COMMON: Final = ("id", "title", "doc", "timeout", "needs", "params", *_EXECUTABLE)
_OWN: Final[Mapping[str, tuple[str, ...]]] = {
    "collector": ("every", "scope", "match", "emits"),
    "check": ("scope",),
    "gate": ("scope",),
    "alert_source": ("every",),
    "pane": ("every", "kind"),
    "notifier": ("on",),
    "inventory": ("every",),
    "secret": (),
    "authorizer": (),
    "param_type": ("type", "pattern", "choices", "under", "refuse"),
}
_SCOPES: Final = ("host", "service", "fleet")
_SHORTEST: Final = 1.0
"""Seconds between two calls at least, and at most a day."""
_DAY: Final = 86_400.0


class ActionEntry(Struct, frozen=True):
    """An action as a manifest declares it; whoever loads the plugin makes a specification of it."""

    id: str
    """Without the plugin's."""
    told: Mapping[str, object]
    """By the names in `spec.SPEC_FIELDS`."""
    params: tuple[ParamSpec, ...] | None
    """None: not said, so its code must be loaded to know them."""
    run: tuple[str, ...] = ()
    """An executable's argument list; empty: Python."""
    protocol: str = ""
    rollback: bool = False
    """An executable's: it knows the mode `rollback`, and is asked to take back what it wrote."""


def read_action(node: Node, problems: Problems) -> ActionEntry:
    """Read an entry of `actions:`; mistakes go to problems."""
    keys = Keys(node, problems, "an action's entry")
    keys.only(("id", "params", "rollback", *_EXECUTABLE, *SPEC_FIELDS))
    run, protocol = _executable(keys)
    if protocol == "nagios":
        keys.wrong("protocol", "nagios is for checks and gates")
    is_whole = "params" in keys.given or bool(run)
    return ActionEntry(
        _name(keys),
        read_told(keys),
        read_param_specs(keys) if is_whole else None,
        run,
        protocol,
        keys.flag("rollback", default=False),
    )


def read_contribution(node: Node, problems: Problems, kind: str, plugin: str) -> Contribution:
    """Read an entry of any other list; mistakes go to problems."""
    keys = Keys(node, problems, f"a {kind.replace('_', ' ')}'s entry")
    keys.only((*_COMMON, *_OWN[kind]))
    run, protocol = _executable(keys)
    if keys.text("kind") not in (None, "data"):
        keys.wrong("kind", "must be data: a pane gives rows, the console draws them")
    needs = keys.words("needs")
    return Contribution(
        kind,
        f"{plugin}.{_name(keys)}",
        plugin,
        clean(keys.text("title") or "", LABEL_LIMIT),
        clean(keys.text("doc") or "", MESSAGE_LIMIT, multiline=True),
        every=_span(keys, "every", 30.0),
        timeout=_span(keys, "timeout", 10.0),
        scope=_one_of(keys, "scope", _SCOPES),
        match=_match(keys),
        emits=_emits(keys),
        on=keys.words("on") or (),
        needs=("ssh",) if needs is None else needs,
        params=read_param_specs(keys),
        run=run,
        protocol=protocol,
        type=keys.text("type") or "str",
        pattern=_pattern(keys),
        choices=keys.words("choices") or (),
        under=keys.words("under") or (),
        refuse=keys.words("refuse") or (),
    )


def _name(keys: Keys) -> str:
    name = keys.required("id")
    if name and not NAME.fullmatch(name):
        keys.wrong("id", f"{name!r} must be lower-case letters, digits and dashes")
    return name


def _executable(keys: Keys) -> tuple[tuple[str, ...], str]:
    run = keys.words("run") or ()
    protocol = keys.text("protocol") or ("json" if run else "")
    if protocol and protocol not in PROTOCOLS:
        keys.wrong("protocol", f"must be one of {', '.join(PROTOCOLS)}")
    if protocol and not run:
        keys.wrong("protocol", "needs run: [program, argument ...]")
    return run, protocol


def _span(keys: Keys, key: str, default: float) -> float:
    seconds = keys.read(key, parse_duration)
    if seconds is None:
        return default
    if not _SHORTEST <= seconds <= _DAY:
        keys.wrong(key, "must be from 1s to 1d")
    return seconds


def _one_of(keys: Keys, key: str, allowed: tuple[str, ...]) -> str:
    said = keys.text(key) or allowed[0]
    if said not in allowed:
        keys.wrong(key, f"must be one of {', '.join(allowed)}")
    return said


def _match(keys: Keys) -> str | None:
    source = keys.text("match")
    if source is None:
        return None
    try:
        check_match(source)
    except QueryError as error:
        keys.wrong("match", str(error))
    return source


def _emits(keys: Keys) -> tuple[str, ...]:
    names = keys.words("emits") or ()
    for name in names:
        if not _METRIC.fullmatch(name):
            keys.wrong("emits", f"{name!r} is no metric's name such as pg.lag_bytes")
    return names


def _pattern(keys: Keys) -> str | None:
    compiled: Callable[[str], re.Pattern[str]] = _compile
    found = keys.read("pattern", compiled)
    return None if found is None else found.pattern


def _compile(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
