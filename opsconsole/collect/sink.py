"""The seam between those who look and those who remember: the store implements it, tests fake it."""

from typing import Protocol

from opsconsole.model.sample import CheckResult, Sample, SourceReading


class Sink(Protocol):
    """Takes what the probes bring; called on the engine's loop, never blocks, never raises."""

    def put_sample(self, sample: Sample) -> None:
        """Take one reading of a host's tier; `sample.target` is `host:<name>`."""
        ...

    def put_result(self, result: CheckResult) -> None:
        """Take one answer of a check; who counts them into hard states is behind the sink."""
        ...

    def put_reading(self, reading: SourceReading) -> None:
        """Take one poll of an alert source, all members merged."""
        ...
