"""`slo:` of a service: what was promised about it."""

from typing import Final

from opsconsole.config import kinds
from opsconsole.config.fields import Field, Values, record_of, table
from opsconsole.config.problems import Problems
from opsconsole.model.slo import Objective

_DAY: Final = 86_400.0
_USUAL: Final = Objective(0.99)

OBJECTIVE = Field(
    "objective", kinds.share(0.5, 0.99999), "The share of good answers: 99.9%.", required=True
)
PERIOD = Field(
    "period",
    kinds.duration(_DAY, 35 * _DAY, "a time from 1d to 35d"),
    "Over how long: 30d; history keeps 35d.",
)
LATENCY = Field(
    "latency",
    kinds.duration(0.001, 60.0, "a time from 1ms to 1m"),
    "A slower answer is bad, and so is a degraded one.",
)
_TABLE: Final = table("`slo:`", OBJECTIVE, PERIOD, LATENCY)


def _read(values: Values, _problems: Problems) -> Objective | None:
    share = values.get(OBJECTIVE)
    if share is None:
        return None
    return Objective(share, values.value(PERIOD, _USUAL.period), values.get(LATENCY))


SLO = Field("slo", record_of(_TABLE, _read), "What was promised about it: {objective: 99.9%}.")
