"""Reads `opsconsole-plugin.yaml`: all that a plugin contributes, known without running any of its code."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.actions.api import API
from opsconsole.actions.entries import ActionEntry, read_action, read_contribution
from opsconsole.actions.requires import why_unmet
from opsconsole.actions.spec import PLUGIN_ID
from opsconsole.actions.yaml_keys import Keys
from opsconsole.config.loader import read_text
from opsconsole.config.problems import Problems
from opsconsole.model.plugin import Contribution
from opsconsole.model.text import LABEL_LIMIT, clean

MANIFEST: Final = "opsconsole-plugin.yaml"
ISOLATIONS: Final = ("inprocess", "process")
_KEYS: Final = ("api", "id", "version", "title", "owner", "requires", "isolation", "contributes")
_REQUIRES: Final = ("opsconsole", "features", "python", "commands")
KINDS: Final[Mapping[str, str]] = {
    "collectors": "collector", "checks": "check", "gates": "gate", "alert_sources": "alert_source",
    "panes": "pane", "notifiers": "notifier", "inventories": "inventory", "secrets": "secret",
    "param_types": "param_type", "authorizers": "authorizer",
}  # fmt: skip
"""A manifest's lists of contributions, and what one of each is called."""
RUNBOOKS: Final = ("runbooks/*.yaml",)


class Manifest(Struct, frozen=True):
    """What a manifest says; paths are relative to its folder."""

    id: str
    version: str
    title: str = ""
    owner: str = ""
    isolation: str = "inprocess"
    actions: tuple[ActionEntry, ...] = ()
    contributions: tuple[Contribution, ...] = ()
    runbooks: tuple[str, ...] = RUNBOOKS
    """Globs."""
    themes: tuple[str, ...] = ()
    """Globs."""


def read_manifest(text: str, file: str) -> Manifest:
    """Read a manifest.

    Raises:
        ConfigError: With every mistake, `file:line:col: what`; a need that is not met is one too.
    """
    problems = Problems()
    keys = Keys(read_text(text, file, problems), problems, "a plugin's manifest")
    problems.raise_if_any()
    keys.only(_KEYS)
    if keys.required("api") not in ("", str(API)):
        keys.wrong("api", f"this version loads api: {API}")
    name = keys.required("id")
    if name and not PLUGIN_ID.fullmatch(name):
        keys.wrong("id", f"{name!r} must be lower-case letters, digits and dashes")
    _check_needs(keys)
    manifest = _read_contributes(keys, name)
    problems.raise_if_any()
    return manifest


def _read_contributes(keys: Keys, name: str) -> Manifest:
    inner = Keys(keys.node("contributes"), keys.problems, "contributes")
    inner.only(("actions", "runbooks", "themes", *KINDS))
    actions = tuple(read_action(each, keys.problems) for each in inner.items("actions"))
    contributions = tuple(
        read_contribution(each, keys.problems, kind, name)
        for key, kind in KINDS.items()
        for each in inner.items(key)
    )
    _refuse_twins(inner, [entry.id for entry in actions])
    _refuse_twins(inner, [f"{each.kind} {each.id}" for each in contributions])
    return Manifest(
        name,
        clean(keys.required("version"), 60),
        clean(keys.text("title") or "", LABEL_LIMIT),
        clean(keys.text("owner") or "", LABEL_LIMIT),
        _isolation(keys),
        actions,
        contributions,
        RUNBOOKS if "runbooks" not in inner.given else inner.words("runbooks") or (),
        inner.words("themes") or (),
    )


def _refuse_twins(keys: Keys, ids: Sequence[str]) -> None:
    for twin in sorted({each for each in ids if ids.count(each) > 1}):
        keys.problems.add(keys.mark, f"{twin} is declared twice")


def _isolation(keys: Keys) -> str:
    said = keys.text("isolation") or "inprocess"
    if said not in ISOLATIONS:
        keys.wrong("isolation", f"must be one of {', '.join(ISOLATIONS)}")
    return said


def _check_needs(keys: Keys) -> None:
    node = keys.node("requires")
    if node is None:
        return
    inner = Keys(node, keys.problems, "requires")
    inner.only(_REQUIRES)
    if "opsconsole" in inner.given and (why := why_unmet("opsconsole", inner.text("opsconsole"))):
        inner.wrong("opsconsole", why)
    for kind in _REQUIRES[1:]:
        for word in inner.words(kind) or ():
            if why := why_unmet(kind, word):
                inner.wrong(kind, why)
