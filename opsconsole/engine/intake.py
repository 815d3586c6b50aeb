"""Where findings enter: the store takes all, alerting the sources, its tracks what rules look back on."""

from collections.abc import Callable

from opsconsole.model.sample import CheckResult, Sample, SourceReading
from opsconsole.model.states import ServiceState
from opsconsole.state.store import Store
from opsconsole.state.tracks import Tracks


class Intake:
    """The engine's `collect.sink.Sink`."""

    def __init__(
        self,
        store: Store,
        on_reading: Callable[[SourceReading], None],
        on_result: Callable[[CheckResult], None],
        tracks: Tracks,
    ) -> None:
        self._store = store
        self._on_reading = on_reading
        self._on_result = on_result
        self._tracks = tracks

    def put_sample(self, sample: Sample) -> None:
        """Take one reading of a host's tier."""
        self._tracks.put(sample.target, sample.at, sample.metrics)
        self._store.put_sample(sample)

    def put_result(self, result: CheckResult) -> None:
        """Take one answer of a check."""
        if result.state is not ServiceState.UNKNOWN:
            figures = {**result.metrics, "check.latency": result.took}
            self._tracks.put(f"check:{result.check}", result.at, figures)
        self._store.put_result(result)
        self._on_result(result)

    def put_reading(self, reading: SourceReading) -> None:
        """Take one poll of an alert source; its alerts first, so that a feed that is up has them."""
        self._on_reading(reading)
        self._store.put_reading(reading)
