"""What built-in gates see in the live state: services, alerts, and touched hosts against untouched ones; pure.

Nothing that was seen before the last target settled speaks for what the run did: it is inconclusive.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from statistics import fmean
from typing import Final

from msgspec import Struct

from opsconsole.model.rollout import Gate
from opsconsole.model.snapshot import CheckRecord, ServiceRecord, Snapshot, is_stale
from opsconsole.model.states import ServiceState
from opsconsole.runs.gates import FAIL, INCONCLUSIVE, PASS, Look
from opsconsole.runs.healthy import is_healthy

FACTOR: Final = 1.5
"""How many times the baseline or the peers is too much, unless the gate says otherwise."""
_LATENCY_FLOOR: Final = 0.02
"""Seconds below which a difference in latency is noise."""
_UNSEEN: Final = (ServiceState.UNKNOWN, ServiceState.PENDING)


class Scene(Struct, frozen=True):
    """What a gate may look at."""

    now: Snapshot
    before: Snapshot
    """As it was when the run began."""
    touched: Mapping[str, float]
    """Hosts the run has worked on, and when each settled."""
    untouched: tuple[str, ...]
    """Hosts of the frozen set it has not come to: the control group."""
    services: tuple[str, ...]
    """Services those hosts carry, or the run's own targets."""

    @property
    def since(self) -> float:
        """When the last target settled."""
        return max(self.touched.values(), default=0.0)


def look_at(gate: Gate, scene: Scene) -> Look | None:
    """Look once; None for a gate that is none of the built-in ones nor a check of the inventory."""
    if built_in := _BUILT_IN.get(gate.check):
        return built_in(gate, scene)
    found = find_check(gate.check, scene.now)
    return None if found is None else _see_check(found, scene)


def _service_health(gate: Gate, scene: Scene) -> Look:
    """No service may be down, or worse than it was before the run."""
    names = _words(gate, "service") or scene.services
    if not names:
        return Look(INCONCLUSIVE, "no service to look at")
    looks = [_see_service(name, scene) for name in names]
    return _worst(looks, f"{', '.join(names[:3])} up")


def _see_service(name: str, scene: Scene) -> Look:
    record = scene.now.services.get(name)
    if record is None:
        return Look(INCONCLUSIVE, f"no service {name}")
    if unseen := _why_unseen(name, record, scene):
        return unseen
    before = scene.before.services.get(name)
    was_up = before is None or before.state is ServiceState.UP
    bad = (ServiceState.DOWN, ServiceState.DEGRADED) if was_up else (ServiceState.DOWN,)
    if record.state in bad:
        return Look(FAIL, f"{name} is {record.state}: {record.reason}".rstrip(": "))
    return Look(PASS, f"{name} is {record.state}")


def _why_unseen(name: str, record: ServiceRecord | CheckRecord, scene: Scene) -> Look | None:
    if record.state in _UNSEEN:
        return Look(INCONCLUSIVE, f"{name} is {record.state}")
    if is_stale(record, scene.now.now):
        return Look(INCONCLUSIVE, f"{name} was not seen lately")
    if record.at < scene.since:
        return Look(INCONCLUSIVE, f"{name} was not looked at since")
    return None


def _see_check(record: CheckRecord, scene: Scene) -> Look:
    if unseen := _why_unseen(record.name, record, scene):
        return unseen
    passed = record.state in (ServiceState.UP, ServiceState.MAINTENANCE)
    said = f"{record.name} is {record.state}: {record.reason}".rstrip(": ")
    return Look(PASS if passed else FAIL, said)


def find_check(name: str, snapshot: Snapshot) -> CheckRecord | None:
    """Find a check of the inventory: a host's, or a service's (`api`, `shop/api`); None: there is none."""
    if name in snapshot.checks:
        return snapshot.checks[name]
    for service in snapshot.services.values():
        for check in service.checks:
            if name in (check.name, f"{service.name}/{check.name}"):
                return check
    return None


def _no_new_alerts(gate: Gate, scene: Scene) -> Look:
    """Nothing may have begun to fire on what the run touched since it began."""
    severities = _words(gate, "severity") or ("critical",)
    refs = {f"host:{name}" for name in scene.touched} | {f"service:{s}" for s in scene.services}
    began = scene.before.now
    new = [
        alert
        for alert in scene.now.alerts.values()
        if alert.is_firing
        and alert.severity in severities
        and alert.on in refs
        and alert.since >= began
        and alert.episode not in scene.before.alerts
    ]
    if new:
        more = f" and {len(new) - 1} more" if len(new) > 1 else ""
        return Look(FAIL, f"{new[0].name} on {new[0].on.partition(':')[2]}{more}")
    return _hosts_seen(scene) or Look(PASS, "no new alert")


def _hosts_seen(scene: Scene) -> Look | None:
    """Silence of a host that was not looked at since is no good news."""
    for name, ended in scene.touched.items():
        record = scene.now.hosts.get(name)
        if record is None or is_stale(record, scene.now.now) or record.at < ended:
            return Look(INCONCLUSIVE, f"{name} was not looked at since")
    return None


def _peer_errors(gate: Gate, scene: Scene) -> Look:
    """Touched hosts may not do worse than those the run has not come to."""
    if unseen := _hosts_seen(scene):
        return unseen
    if not scene.untouched:
        return Look(PASS, "no untouched host is left to compare with")
    if metric := gate.params.get("metric", ""):
        return _compare_metric(metric, _number(gate, "factor", FACTOR), scene)
    mine, theirs = _ill(scene.touched, scene), _ill(scene.untouched, scene)
    said = f"{mine:.0%} of touched hosts not healthy, {theirs:.0%} of the others"
    return Look(FAIL if mine > theirs else PASS, said)


def _ill(names: Collection[str], scene: Scene) -> float:
    healthy = sum(1 for n in names if is_healthy(scene.now.hosts.get(n), scene.now.now))
    return 1.0 - healthy / len(names) if names else 0.0


def _compare_metric(metric: str, factor: float, scene: Scene) -> Look:
    mine = _mean(metric, scene.touched, scene.now)
    theirs = _mean(metric, scene.untouched, scene.now)
    if mine is None or theirs is None:
        return Look(INCONCLUSIVE, f"{metric} is not known")
    said = f"{metric} {mine:.3g} against {theirs:.3g} of the others"
    return Look(FAIL if mine > theirs * factor else PASS, said)


def _mean(metric: str, names: Iterable[str], snapshot: Snapshot) -> float | None:
    values = [
        record.metrics[metric]
        for name in names
        if (record := snapshot.hosts.get(name)) is not None
        and metric in record.metrics
        and not is_stale(record, snapshot.now)
    ]
    return fmean(values) if values else None


def _latency(gate: Gate, scene: Scene) -> Look:
    """Services may not be slower than they were when the run began."""
    names = _words(gate, "service") or scene.services
    if not names:
        return Look(INCONCLUSIVE, "no service to look at")
    factor = _number(gate, "factor", FACTOR)
    return _worst([_see_latency(name, factor, scene) for name in names], "as fast as before")


def _see_latency(name: str, factor: float, scene: Scene) -> Look:
    record, before = scene.now.services.get(name), scene.before.services.get(name)
    if record is None or before is None or record.latency is None or before.latency is None:
        return Look(INCONCLUSIVE, f"the latency of {name} is not known")
    if unseen := _why_unseen(name, record, scene):
        return unseen
    baseline = before.p95 or before.latency
    slow = record.latency > max(baseline * factor, baseline + _LATENCY_FLOOR)
    said = f"{name} answers in {record.latency * 1e3:.0f} ms, before {baseline * 1e3:.0f} ms"
    return Look(FAIL if slow else PASS, said)


def _worst(looks: list[Look], good: str) -> Look:
    for word in (FAIL, INCONCLUSIVE):
        for look in looks:
            if look.verdict == word:
                return look
    return Look(PASS, good)


def _words(gate: Gate, param: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in gate.params.get(param, "").split(",") if word.strip())


def _number(gate: Gate, param: str, default: float) -> float:
    try:
        return float(gate.params.get(param, default))
    except ValueError:
        return default


_BUILT_IN: Final[Mapping[str, Callable[[Gate, Scene], Look]]] = {
    "core.service-health": _service_health,
    "core.no-new-alerts": _no_new_alerts,
    "core.peer-errors": _peer_errors,
    "core.latency": _latency,
}
BUILT_IN_GATES: Final = tuple(_BUILT_IN)
