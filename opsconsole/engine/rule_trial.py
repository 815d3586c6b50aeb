"""Plays a test of rules: the real evaluation over made-up samples, on a clock that only the test moves."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from opsconsole.alerting.evaluate import evaluate
from opsconsole.alerting.memory import Memory
from opsconsole.alerting.past import Measures
from opsconsole.alerting.rules import Rules
from opsconsole.config.rule_fixture import Expected, Fixture, Moment, Played
from opsconsole.config.units import show_duration
from opsconsole.model.alert import Alert
from opsconsole.model.snapshot import CheckRecord, HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import HostState, Reach, ServiceState
from opsconsole.state.tracks import Tracks

BEGIN = 1_800_000_000.0
"""Our time at which every test begins: 2027-01-15 08:00 UTC."""


def play(test: Fixture, rules: Rules) -> tuple[str, ...]:
    """Play one test; gives a sentence for each moment that was not as expected."""
    stage = _Stage(test, rules)
    wrong: list[str] = []
    for moment in test.moments:
        stage.play_to(moment.at)
        wrong += (
            f"{moment.mark}: at {show_duration(moment.at)}: {w}"
            for w in _differ(moment, stage.firing())
        )
    return tuple(wrong)


class _Stage:
    def __init__(self, test: Fixture, rules: Rules) -> None:
        self._test = test
        self._rules = rules
        self._tracks = Tracks()
        self._tracks.watch(rules.windows, rules.functions)
        self._measures = Measures(self._tracks)
        self._memory = Memory()
        self._next = 0
        every = test.interval
        self._shown = Snapshot(
            now=BEGIN,
            hosts={
                name: HostRecord(name=name, labels=played.labels, every=every, timeout=every / 2)
                for name, played in test.hosts.items()
            },
        )
        self._alerts: Mapping[str, Alert] = {}

    def play_to(self, at: float) -> None:
        """Play every step up to a time, and look once more at that time itself."""
        while self._next * self._test.interval <= at:
            now = BEGIN + self._next * self._test.interval
            self._step(self._next, now)
            self._evaluate(now)
            self._next += 1
        self._evaluate(BEGIN + at)

    def firing(self) -> list[Alert]:
        """Give what fires or recovers now."""
        return [alert for alert in self._alerts.values() if alert.is_firing]

    def _evaluate(self, now: float) -> None:
        self._shown = structs.replace(self._shown, now=now)
        self._memory, self._alerts = evaluate(
            self._shown, self._memory, self._rules, now, self._measures
        )

    def _step(self, step: int, now: float) -> None:
        hosts, test = dict(self._shown.hosts), self._test
        for name, played in test.hosts.items():
            hosts[name] = self._host(hosts[name], played, step, now)
        checks = {name: self._check(name, p, step, now) for name, p in test.checks.items()}
        services = {name: self._service(name, p, step, now) for name, p in test.services.items()}
        self._shown = structs.replace(self._shown, hosts=hosts, checks=checks, services=services)

    def _host(self, record: HostRecord, played: Played, step: int, now: float) -> HostRecord:
        reach = Reach(_word(played, step, "up"))
        if reach is not Reach.UP:
            return structs.replace(
                record, tried=now, reach=reach, failed=True, fails=record.fails + 1,
                state=HostState.UNKNOWN,
            )  # fmt: skip
        metrics = _metrics(played, step)
        units = [key[len("unit.failed{unit=") : -1] for key, value in metrics.items()
                 if key.startswith("unit.failed{") and value]  # fmt: skip
        if any(key.startswith("unit.failed{") for key in played.series):
            metrics = {k: v for k, v in metrics.items() if not k.startswith("unit.failed{")}
            metrics["units.failed"] = float(len(units))
        self._tracks.put(f"host:{record.name}", now, metrics)
        return structs.replace(
            record, at=now, tried=now, reach=reach, failed=False, fails=0, state=HostState.OK,
            metrics=metrics, facts={"units.failed": ", ".join(units)},
        )  # fmt: skip

    def _check(self, name: str, played: Played, step: int, now: float) -> CheckRecord:
        state, metrics = ServiceState(_word(played, step, "up")), _metrics(played, step)
        self._tracks.put(f"check:{name}", now, metrics)
        return CheckRecord(
            name=name, kind="http", target="", state=state, at=now, tried=now,
            every=self._test.interval, latency=metrics.get("check.latency"), metrics=metrics,
            failed=state is ServiceState.UNKNOWN,
        )  # fmt: skip

    def _service(self, name: str, played: Played, step: int, now: float) -> ServiceRecord:
        check = self._check(name, played, step, now)
        return ServiceRecord(
            name=name, state=check.state, at=now, every=self._test.interval, checks=(check,)
        )


def _word(played: Played, step: int, usual: str) -> str:
    if not played.words:
        return usual
    return played.words[min(step, len(played.words) - 1)]


def _metrics(played: Played, step: int) -> dict[str, float]:
    return {
        key: value
        for key, values in played.series.items()
        if step < len(values) and (value := values[step]) is not None
    }


def _differ(moment: Moment, alerts: Iterable[Alert]) -> Iterator[str]:
    """Say what is missing and what is there that should not be."""
    left = [alert for alert in alerts if moment.alert in ("", alert.name)]
    for expected in moment.alerts:
        found = next((alert for alert in left if _is(expected, alert)), None)
        if found is not None:
            left.remove(found)
            continue
        near = next((alert for alert in left if alert.name == expected.alert), None)
        seen = f"it is {_words(near)}" if near is not None else "it does not fire"
        yield f"expected {_wanted(expected)}, and {seen}"
    for alert in left:
        if not any(expected.alert == alert.name for expected in moment.alerts):
            yield f"{_words(alert)} is not expected"


def _is(expected: Expected, alert: Alert) -> bool:
    said = {"on": alert.on, "severity": str(alert.severity), "state": str(alert.state)}
    return (
        expected.alert == alert.name
        and all(getattr(expected, name) in ("", value) for name, value in said.items())
        and expected.labels.items() <= alert.labels.items()
        and expected.summary in (None, alert.summary)
    )


def _wanted(expected: Expected) -> str:
    words = (
        expected.alert,
        expected.on,
        expected.severity,
        expected.state,
        *_pairs(expected.labels),
    )
    return " ".join(filter(None, words)) + (f" {expected.summary!r}" if expected.summary else "")


def _words(alert: Alert) -> str:
    own = {k: v for k, v in alert.labels.items() if k not in ("alertname", "host")}
    words = (alert.name, alert.on, str(alert.severity), str(alert.state), *_pairs(own))
    return " ".join(words) + f" {alert.summary!r}"


def _pairs(labels: Mapping[str, str]) -> Iterator[str]:
    return (f"{key}={value}" for key, value in labels.items())
