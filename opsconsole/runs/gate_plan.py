"""A plan's gates: their references filled, and what each asks found, before anything is started; pure."""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from opsconsole.actions.match import Subject
from opsconsole.actions.params import Values
from opsconsole.actions.reference import Ref, parse_template
from opsconsole.actions.steps import Action
from opsconsole.errors import RefusedError
from opsconsole.model.rollout import Gate, Rollout
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import Effect
from opsconsole.runs.looks import BUILT_IN_GATES, find_check
from opsconsole.runs.strategy import Strategy


def with_gates(strategy: Strategy, values: Values, subject: Subject) -> Strategy:
    """Fill the references in the gates' parameters.

    Raises:
        RefusedError: param: one has no value here.
    """
    gates = tuple(_filled(gate, values, subject) for gate in strategy.rollout.gates)
    return replace(strategy, rollout=replace(strategy.rollout, gates=gates))


def _filled(gate: Gate, values: Values, subject: Subject) -> Gate:
    try:
        params = {name: _fill(text, values, subject) for name, text in gate.params.items()}
    except ValueError as error:
        raise RefusedError("param", f"gate {gate.id}: {error}") from None
    return replace(gate, params=params)


def _fill(text: str, values: Values, subject: Subject) -> str:
    parts = (
        part if isinstance(part, str) else _value(part, values, subject)
        for part in parse_template(text).parts
    )
    return "".join(parts)


def _value(ref: Ref, values: Values, subject: Subject) -> str:
    if ref.root == "params" and ref.path in values:
        return str(values.slot(ref.path))
    record = {"service": subject.service, "alert": subject.alert}.get(ref.root)
    if record is not None:
        if ref.path.startswith("labels."):
            found = record.labels.get(ref.path.removeprefix("labels."))
        else:
            found = getattr(record, ref.path, None)
        if found is not None:
            return str(found)
    raise ValueError(f"${{{ref}}} has no value here")


def find_gates(
    rollout: Rollout, find: Callable[[str], Action], snapshot: Snapshot
) -> Mapping[str, Action]:
    """Find the read actions among what the gates ask, by the gate's word for them.

    Raises:
        RefusedError: param: a gate asks for nothing that exists, or for something that would change a host.
    """
    found: dict[str, Action] = {}
    for gate in rollout.gates:
        if gate.check in BUILT_IN_GATES or find_check(gate.check, snapshot) is not None:
            continue
        found[gate.check] = _find(gate, find)
    return found


def _find(gate: Gate, find: Callable[[str], Action]) -> Action:
    try:
        action = find(gate.check)
    except RefusedError:
        what = f"gate {gate.id}: there is no gate, check or action {gate.check}"
        raise RefusedError("param", what) from None
    reads = action.spec.effect is Effect.READ
    if not reads or any(param.required for param in action.spec.params):
        what = f"gate {gate.id}: {gate.check} is no reading action without parameters"
        raise RefusedError("param", what)
    return action
