"""Builds an ActionSpec from what either front end declares, and its digest over the implementation too."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from opsconsole.actions.match import check_match
from opsconsole.actions.rollout_form import UNSAID, RolloutError, read_rollout
from opsconsole.config.units import parse_duration
from opsconsole.errors import OpsConsoleError, QueryError
from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.rollout import Rollout
from opsconsole.model.states import Confirm, Effect
from opsconsole.model.text import LABEL_LIMIT, MESSAGE_LIMIT, clean

ID: Final = re.compile(r"[a-z][a-z0-9-]{0,40}\.[a-z][a-z0-9-]{0,60}")
PLUGIN_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,40}")
SCOPES: Final = ("host", "service", "alert", "fleet", "console")
ARITIES: Final = ("one", "many")
OUTPUTS: Final = ("fold", "table", "plain")
UNDO_POLICIES: Final = ("if_healthy", "always", "never")
TIMEOUT_LIMIT: Final = 3_600.0
PARALLEL_LIMIT: Final = 32
_USUAL: Final = 8
"""Targets at once where an author said nothing."""
_NEED: Final = re.compile(
    r"ssh|local|checks|events|tls|(sudo|http|secret):[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}"
)

SPEC_FIELDS: Final = (
    "title", "scope", "effect", "idempotent", "arity", "doc", "owner", "tags", "runbook_url", "match",
    "needs", "confirm", "max_parallel", "stop_on_failure", "max_targets", "timeout", "keys", "output",
    "rollout", "undo_policy", "targets", "locks", "notify", "outage",
)  # fmt: skip
"""What an author may say about an action; `title scope effect idempotent` must be said."""
REQUIRED: Final = ("title", "scope", "effect", "idempotent")


_SETS: Final[Mapping[str, Sequence[str]]] = {
    "scope": SCOPES,
    "arity": ARITIES,
    "output": OUTPUTS,
    "undo_policy": UNDO_POLICIES,
    "targets": ("", "service.hosts"),
    "effect": tuple(Effect),
}


class SpecError(OpsConsoleError):
    """An action's declaration is wrong; `field` names the key at fault."""

    def __init__(self, text: str, field: str = "") -> None:
        super().__init__(text)
        self.field = field


def make_spec(
    id: str,
    told: Mapping[str, object],
    params: Sequence[ParamSpec],
    *,
    source: str,
    content: bytes,
) -> ActionSpec:
    """Build the specification.

    Args:
        id: `<plugin>.<kebab-name>`.
        told: Values by the names in SPEC_FIELDS, plain.
        params: The parameters, in the form's order.
        source: The file it came from.
        content: Everything the action is made of, for the digest.

    Raises:
        SpecError: Something is missing or wrong.
    """
    _check_told(id, told)
    fields = {**told, "timeout": read_timeout(told.get("timeout", 60.0))}
    if "outage" in told:
        fields["outage"] = read_timeout(told["outage"], "outage")
    effect = Effect(str(told["effect"]))
    fields["confirm"] = _confirm(told.get("confirm"), effect)
    parallel = fields["max_parallel"] = min(
        int(str(told.get("max_parallel", _USUAL))), PARALLEL_LIMIT
    )
    if isinstance(rollout := told.get("rollout"), Mapping | Rollout):
        fields |= _rolled(rollout, parallel, is_told="max_parallel" in told)
    try:
        spec = msgspec.convert({**fields, "id": id, "source": source}, ActionSpec, strict=True)
    except msgspec.ValidationError as error:
        raise SpecError(f"{id}: {error}") from None
    spec = _cleaned(replace(spec, params=tuple(params)))
    digest = hashlib.sha256(msgspec.json.encode(replace(spec, source="")) + content).hexdigest()
    return replace(spec, digest=digest)


def _rolled(
    wish: Mapping[str, object] | Rollout, parallel: int, *, is_told: bool
) -> Mapping[str, object]:
    """Read the rollout; where only it or only the action says how many at once, that holds for both.

    Where both say it both are kept, and the smaller holds. The usual eight is nobody's wish: beside a wider
    one that somebody wrote it would silently win.
    """
    rollout = wish if isinstance(wish, Rollout) else _rollout(wish)
    is_wished = rollout.max_parallel != UNSAID
    if not isinstance(wish, Rollout):
        is_wished = "max_parallel" in wish
    if is_wished and not is_told:
        parallel = rollout.max_parallel
    elif not is_wished:
        rollout = replace(rollout, max_parallel=parallel)
    return {"max_parallel": parallel, "rollout": rollout}


def _rollout(told: Mapping[str, object]) -> Rollout:
    try:
        return read_rollout(told)
    except RolloutError as error:
        raise SpecError(str(error), f"rollout.{error.key}") from None


def _cleaned(spec: ActionSpec) -> ActionSpec:
    """What an author writes is shown to everybody, and may have come with somebody else's repository."""
    params = tuple(
        replace(param, title=clean(param.title, LABEL_LIMIT), help=clean(param.help, LABEL_LIMIT))
        for param in spec.params
    )
    return replace(
        spec,
        title=clean(spec.title, LABEL_LIMIT),
        doc=clean(spec.doc, MESSAGE_LIMIT, multiline=True),
        owner=clean(spec.owner, LABEL_LIMIT),
        tags=tuple(clean(tag, LABEL_LIMIT) for tag in spec.tags),
        runbook_url=clean(spec.runbook_url, LABEL_LIMIT),
        params=params,
    )


def _check_told(id: str, told: Mapping[str, object]) -> None:
    if not ID.fullmatch(id):
        raise SpecError(f"{id!r} is no action id like acme.restart-unit", "id")
    for key in REQUIRED:
        if key not in told:
            raise SpecError(f"{id}: {key} is missing", key)
    for key, allowed in _SETS.items():
        if key in told and told[key] not in allowed:
            raise SpecError(f"{id}: {key} must be one of {', '.join(allowed)}", key)
    needs = told.get("needs", ())
    for need in needs if isinstance(needs, Sequence) else ():
        if not _NEED.fullmatch(str(need)):
            raise SpecError(f"{id}: nobody can give {str(need)!r} here", "needs")
    _check_predicate(id, told.get("match"))


def _check_predicate(id: str, match: object) -> None:
    if match is None:
        return
    try:
        check_match(str(match))
    except QueryError as error:
        raise SpecError(f"{id}: match: {error}", "match") from None


def read_timeout(told: object, field: str = "timeout") -> float:
    """Read a time limit: seconds, or `90s`; there is no infinite one.

    Raises:
        SpecError: It is none, or more than an hour.
    """
    try:
        seconds = parse_duration(told) if isinstance(told, str) else float(str(told))
    except ValueError as error:
        raise SpecError(f"{field}: {error}", field) from None
    if not 0 < seconds <= TIMEOUT_LIMIT:
        raise SpecError(f"{field} must be above 0 and at most 1h", field)
    return seconds


def _confirm(told: object, effect: Effect) -> Confirm:
    try:
        wished = Confirm.NONE if told is None else Confirm(str(told))
    except ValueError:
        raise SpecError(f"confirm must be one of {', '.join(Confirm)}", "confirm") from None
    return confirm_floor(wished, effect)


def confirm_floor(wished: Confirm, effect: Effect) -> Confirm:
    """The author may ask for more than the effect demands, never for less."""
    floor = {
        Effect.READ: Confirm.NONE,
        Effect.WRITE: Confirm.KEY,
        Effect.DESTRUCTIVE: Confirm.TYPED,
    }[effect]
    return max(floor, wished, key=list(Confirm).index)
