"""One instance of a rule as an environment: names get the values of this mount, this device, this answer."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Final

from opsconsole.alerting.past import Measures
from opsconsole.model.metrics import METRICS
from opsconsole.model.snapshot import CheckRecord, HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import ServiceState
from opsconsole.query.environments import HostEnv
from opsconsole.query.evaluator import Measuring
from opsconsole.query.values import UNKNOWN, Value

_NOT_SEEN: Final = (ServiceState.UNKNOWN, ServiceState.PENDING)


class RuleEnv(Measuring):
    """What all have in common: functions of time, and the states of what else there is."""

    def __init__(self, subject: str, snapshot: Snapshot, measures: Measures, now: float) -> None:
        self.subject = subject
        self.snapshot = snapshot
        self.measures = measures
        self.now = now

    def get(self, name: str, /) -> Value:
        """Give a name's value; one with a time behind `@` is the series of that time."""
        metric, at, window = name.partition("@")
        if at:
            values = self.measures.values(self.subject, self.key(metric), float(window), self.now)
            return values or UNKNOWN
        return self.now if name == "now" else self.value(name)

    def measure(self, function: str, subject: str, arguments: tuple[float, ...], /) -> Value:
        """Compute a function of time, or give the state of a check or a service."""
        if function in ("check", "service"):
            return state_of(self.snapshot, function, subject)
        key = self.key(subject)
        return self.measures.measure(function, self.subject, key, arguments, self.now)

    @abstractmethod
    def value(self, name: str) -> Value:
        """Give a name's value now."""

    def key(self, name: str) -> str:
        """Give the key of a metric in samples."""
        return name


class HostRuleEnv(RuleEnv):
    """A host, or one instance on it."""

    def __init__(
        self,
        record: HostRecord,
        metrics: Mapping[str, float],
        instance: tuple[str, str],
        snapshot: Snapshot,
        measures: Measures,
        now: float,
    ) -> None:
        """Set up; `instance` is the label and its value, both empty for the host itself."""
        super().__init__(f"host:{record.name}", snapshot, measures, now)
        self._metrics = metrics
        self._label, self._instance = instance
        self._host = HostEnv(record, now)

    def value(self, name: str) -> Value:
        """Give a metric of the instance, its label, or a field of the host."""
        if name == self._label:
            return self._instance
        if name.partition("{")[0] in METRICS:
            return self._metrics.get(self.key(name))
        return self._host.get(name)

    def key(self, name: str) -> str:
        """Give a metric's key: of this instance where the metric has its label."""
        if (
            self._label
            and self._label in METRICS[name.partition("{")[0]].labels
            and "{" not in name
        ):
            return f"{name}{{{self._label}={self._instance}}}"
        return name


class CheckRuleEnv(RuleEnv):
    """The last answer of a check."""

    def __init__(
        self, check: CheckRecord, snapshot: Snapshot, measures: Measures, now: float
    ) -> None:
        super().__init__(f"check:{check.name}", snapshot, measures, now)
        self._check = check

    def value(self, name: str) -> Value:
        """Give a figure of the answer, or a word about the check."""
        check = self._check
        match name:
            case "check.latency":
                return check.latency
            case "check.name":
                return check.name
            case "check.kind":
                return check.kind
        head, _, rest = name.partition(".")
        if head == "phases":
            return check.phases.get(rest)
        return check.metrics.get(name, check.metrics.get(rest) if head == "perf" else None)


class FleetRuleEnv(RuleEnv):
    """No subject: only what `check()` and `service()` ask for."""

    def value(self, name: str) -> Value:  # noqa: ARG002 - there are no names here
        """Give nothing."""
        return None


def state_of(snapshot: Snapshot, function: str, name: str) -> Value:
    """Give the state of a check (`raid`, `shop/web-01`) or a service; unknown when nobody could look."""
    service = snapshot.services.get(name.partition("/")[0])
    record: CheckRecord | ServiceRecord | None = None
    if function == "check":
        record = snapshot.checks.get(name)
        if record is None and service is not None:
            record = next((check for check in service.checks if check.name == name), None)
    record = record or snapshot.services.get(name)
    if record is None:
        return None
    return UNKNOWN if record.state in _NOT_SEEN else str(record.state)
