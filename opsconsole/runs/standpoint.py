"""Where the one who plans stands: the target, its service, the fire; what it offers and what it fills in."""

from msgspec.structs import replace

from opsconsole.actions.grammars import World
from opsconsole.actions.match import Subject, subject_of, why_not
from opsconsole.actions.params import Values, read_params
from opsconsole.actions.prefill import with_defaults
from opsconsole.actions.target_words import WHOLE
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec
from opsconsole.model.calls import PlanRun
from opsconsole.model.snapshot import Snapshot
from opsconsole.runs.ports import Ports


def target_ref(spec: ActionSpec, name: str) -> str:
    """Write a target as a reference."""
    return f"service:{name}" if spec.works_on == "service" else f"host:{name}"


def ref_of(spec: ActionSpec, name: str) -> str:
    """Write a target as a reference; empty where the fleet is the target."""
    return "" if spec.scope in WHOLE else target_ref(spec, name)


def check_needs(spec: ActionSpec, ports: Ports) -> None:
    """What the configuration lacks is told before anything is looked at.

    Raises:
        RefusedError: capability.
    """
    for need in spec.needs:
        if need in spec.optional:
            continue
        kind, _, name = need.partition(":")
        missing = ""
        if kind == "http" and ports.clients is None:
            missing = "no HTTP clients here"
        elif kind == "http" and ports.clients is not None:
            missing = ports.clients.why_not(name)
        elif kind == "secret" and name not in ports.secrets():
            missing = f"no secret {name} in the configuration's secrets:"
        if missing:
            raise RefusedError("capability", f"{spec.title} needs {need}: {missing}")


class Standpoint:
    """What a person stands on, target by target."""

    def __init__(
        self, call: PlanRun, spec: ActionSpec, actor: str, snapshot: Snapshot, service: str
    ) -> None:
        """Set up; `service` is the one whose hosts the action goes over, else empty."""
        self._call = call
        self._spec = spec
        self._actor = actor
        self._snapshot = snapshot
        named = (w.removeprefix("service:") for w in call.targets if w.startswith("service:"))
        self._service = snapshot.services.get(service or next(named, ""))
        self._is_on_service = bool(service)

    def read_values(self, name: str, world: World) -> Values:
        """Read the parameters; defaults that depend on the target come from this one: a run has one set.

        Raises:
            RefusedError: param.
        """
        typed = with_defaults(self._spec.params, self._call.params, self.subject(name))
        plain = tuple(replace(param, default=None) for param in self._spec.params)
        return read_params(plain, typed, world)

    def why_skipped(self, name: str) -> str:
        """Say why an action is not for a target; empty when it is."""
        return why_not(self._spec, self._on(name))

    def subject(self, name: str) -> Subject:
        """Give all there is; a service that was named says as much as a fire on it."""
        found = self._on(name)
        if found.service is not None or self._service is None:
            return found
        return replace(found, service=self._service)

    def _on(self, name: str) -> Subject:
        found = subject_of(self._snapshot, ref_of(self._spec, name), self._call.alert, self._actor)
        return replace(found, service=self._service) if self._is_on_service else found
