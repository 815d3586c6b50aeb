"""Whether an action fits what one stands on: its scope, its `match`, and the fire it speaks of."""

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.actions.match import fire_clauses, naming_clauses, read_match
from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import HostRecord, ServiceRecord, Snapshot
from opsconsole.query.environments import match_env
from opsconsole.query.evaluator import holds
from opsconsole.query.values import Env
from opsconsole.view.triage import members, on_object


class Focus(Struct, frozen=True):
    """The records behind one key."""

    host: HostRecord | None = None
    service: ServiceRecord | None = None
    alert: Alert | None = None

    @property
    def reference(self) -> str:
        """The object itself, or empty."""
        if self.host is not None:
            return f"host:{self.host.name}"
        return "" if self.service is None else f"service:{self.service.name}"


class Fit(Struct, frozen=True):
    """An action that fits a focus."""

    focus: Focus
    """With the fire the match speaks of."""
    targets: tuple[str, ...]
    """References; a host action on a service goes to the hosts that carry it."""
    named: bool
    """The part of the match that speaks of the fire holds."""


def focus_of(snapshot: Snapshot, key: str) -> Focus:
    """Find the records behind a reference; a fire brings the object it is on."""
    if key.startswith(("host:", "service:")):
        return _object(snapshot, key)
    alert = next(iter(members(snapshot, key)), None)
    return Focus() if alert is None else replace(_object(snapshot, alert.on), alert=alert)


def _object(snapshot: Snapshot, reference: str) -> Focus:
    kind, _, name = reference.partition(":")
    return Focus(
        host=snapshot.hosts.get(name) if kind == "host" else None,
        service=snapshot.services.get(name) if kind == "service" else None,
    )


def fit_of(snapshot: Snapshot, spec: ActionSpec, focus: Focus, me: str, now: float) -> Fit | None:
    """Tell how an action fits a focus; None when it is not offered there."""
    targets = _targets(snapshot, spec, focus)
    if targets is None:
        return None
    whole, clauses = read_match(spec.match), fire_clauses(spec.match)
    naming = naming_clauses(spec.match)
    if whole is None:
        return None if spec.match else Fit(focus, targets, named=False)
    for reading in _readings(snapshot, focus, named=bool(clauses)):
        env = _env(snapshot, reading, me, now)
        if holds(whole, env) is True:
            return Fit(reading, targets, named=any(holds(c, env) is True for c in naming))
    return None


def _readings(snapshot: Snapshot, focus: Focus, *, named: bool) -> list[Focus]:
    """List how a focus may be read: with each of the fires that burn on it, then as it is."""
    if focus.alert is not None or not named or not focus.reference:
        return [focus]
    return [*(replace(focus, alert=alert) for alert in on_object(snapshot, focus.reference)), focus]


def _env(snapshot: Snapshot, focus: Focus, me: str, now: float) -> Env:
    return match_env(
        snapshot, host=focus.host, service=focus.service, alert=focus.alert, me=me, now=now
    )


def _targets(snapshot: Snapshot, spec: ActionSpec, focus: Focus) -> tuple[str, ...] | None:
    """List what an action would act on; None where its scope has nothing to do with the focus."""
    match spec.scope:
        case "host":
            return _hosts(snapshot, focus)
        case "service":
            return None if focus.service is None else (focus.reference,)
        case "alert":
            return None if focus.alert is None else (f"alert:{focus.alert.fingerprint}",)
        case _:
            return ()


def _hosts(snapshot: Snapshot, focus: Focus) -> tuple[str, ...] | None:
    if focus.host is not None:
        return (focus.reference,)
    if focus.service is not None:
        return (
            tuple(f"host:{name}" for name in focus.service.hosts if name in snapshot.hosts) or None
        )
    # A fire on nothing we know: the action stays in the menu and says why it cannot be had.
    return () if focus.alert is not None else None
