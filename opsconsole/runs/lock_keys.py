"""Which locks a run takes: its targets, and what its action names; pure."""

from collections.abc import Iterable, Sequence

from opsconsole.actions.api import Service
from opsconsole.actions.params import Values
from opsconsole.actions.reference import Scope, fill_slot, parse_template
from opsconsole.actions.steps import Target
from opsconsole.errors import ActionError, RefusedError
from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.states import Effect
from opsconsole.model.text import LABEL_LIMIT, clean


def lock_keys(
    spec: ActionSpec,
    targets: Sequence[Target],
    hosts: Iterable[str],
    values: Values,
    alert: Alert | None,
    service: Service | None = None,
) -> tuple[str, ...]:
    """List a run's lock keys, sorted; empty for a read that asks for none.

    A change takes `target:<host>` for every host it touches, and `service:<name>` where services are its
    targets. What the action names beside that is resolved for every target.

    Raises:
        RefusedError: `param`: a key refers to what has no value here.
    """
    keys: set[str] = set()
    if spec.effect is not Effect.READ:
        keys |= {f"target:{name}" for name in hosts}
        keys |= {f"service:{target.name}" for target in targets if spec.works_on == "service"}
    for target in targets:
        scope = Scope(values, target, alert, "", service)
        keys |= {_resolved(key, scope) for key in spec.locks}
        keys |= _with_values(spec.maybe_locks, scope)
    return tuple(sorted(keys))


def _with_values(keys: Iterable[str], scope: Scope) -> set[str]:
    """Resolve the keys that have a value here; the steps of the others will not be done."""
    found: set[str] = set()
    for key in keys:
        try:
            found.add(clean(fill_slot(parse_template(key), scope), LABEL_LIMIT))
        except (ActionError, ValueError):
            continue
    return found


def _resolved(key: str, scope: Scope) -> str:
    """Fill a key's references; `target` alone means this target."""
    if key == "target":
        return f"target:{scope.target.name}"
    try:
        return clean(fill_slot(parse_template(key), scope), LABEL_LIMIT)
    except (ActionError, ValueError) as error:
        raise RefusedError("param", f"lock {clean(key, 80)}: {error}") from error
