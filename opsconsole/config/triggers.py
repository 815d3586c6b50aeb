"""`triggers:`: runs that start by themselves; off unless there are some, and in shadow unless one says live."""

from typing import Final

from opsconsole.config import kinds
from opsconsole.config.fields import Field, Kind, Values, list_of, record_of, table
from opsconsole.config.problems import Problems
from opsconsole.model.trigger import Trigger

_DAY: Final = 86_400.0

NAME = Field("name", kinds.name, "What it is called in Activity and in the journal.", required=True)
ALERT = Field(
    "alert", kinds.text(100), "The fires it answers: a name, or a glob of names.", required=True
)
ACTION = Field(
    "action",
    kinds.name,
    "What it runs: idempotent, on one target, nothing that destroys.",
    required=True,
)
MODE = Field(
    "mode",
    kinds.choice(("shadow", "live", "off")),
    "shadow only tells what it would have done; live does it.",
)
AFTER = Field(
    "after",
    kinds.duration(0, _DAY, "a time up to 1d"),
    "How long a fire must burn with nobody on it.",
)
COOLDOWN = Field(
    "cooldown",
    kinds.duration(60, 30 * _DAY, "a time from 1m to 30d"),
    "Between two runs on the same target.",
)
PER_HOUR = Field("per_hour", kinds.integer(1, 6), "Runs of this rule within an hour at most.")
TRIGGER: Final = table("a trigger", NAME, ALERT, ACTION, MODE, AFTER, COOLDOWN, PER_HOUR)


def _read(values: Values, _: Problems) -> Trigger | None:
    usual = Trigger("", "", "")
    name, alert, action = values.get(NAME), values.get(ALERT), values.get(ACTION)
    if name is None or alert is None or action is None:
        return None
    return Trigger(
        name,
        alert,
        action,
        mode=values.value(MODE, usual.mode),
        after=values.value(AFTER, usual.after),
        cooldown=values.value(COOLDOWN, usual.cooldown),
        per_hour=values.value(PER_HOUR, usual.per_hour),
    )


triggers: Final[Kind[tuple[Trigger, ...]]] = list_of(record_of(TRIGGER, _read))
