"""Where the collector's findings enter: the store takes them all, alerting also sees the sources."""

from collections.abc import Callable

from opsconsole.model.sample import CheckResult, Sample, SourceReading
from opsconsole.state.store import Store


class Intake:
    """The engine's `collect.sink.Sink`."""

    def __init__(
        self,
        store: Store,
        on_reading: Callable[[SourceReading], None],
        on_result: Callable[[CheckResult], None],
    ) -> None:
        self._store = store
        self._on_reading = on_reading
        self._on_result = on_result

    def put_sample(self, sample: Sample) -> None:
        """Take one reading of a host's tier."""
        self._store.put_sample(sample)

    def put_result(self, result: CheckResult) -> None:
        """Take one answer of a check."""
        self._store.put_result(result)
        self._on_result(result)

    def put_reading(self, reading: SourceReading) -> None:
        """Take one poll of an alert source; its alerts first, so that a feed that is up has them."""
        self._on_reading(reading)
        self._store.put_reading(reading)
