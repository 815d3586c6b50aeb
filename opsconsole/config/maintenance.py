"""`maintenance:`: agreed times in which trouble is expected."""

from datetime import UTC, datetime
from typing import Final

from opsconsole.config import kinds
from opsconsole.config.expressions import host_filter
from opsconsole.config.fields import Field, Kind, Values, list_of, record_of, table
from opsconsole.config.loader import Node, Scalar
from opsconsole.config.problems import Problems
from opsconsole.model.maintenance import Window
from opsconsole.query.calendars import problem_of

_MONTH: Final = 31 * 86_400.0


def _moment() -> Kind[float]:
    def read(node: Node, problems: Problems) -> float | None:
        text = node.text if isinstance(node, Scalar) else ""
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            problems.add(node.mark, f"{text[:40]!r} is no moment like 2026-11-22T22:00:00Z")
            return None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()

    return Kind(read, {"type": "string"})


moment: Final = _moment()

NAME = Field("name", kinds.text(60), "What is done: kernel patch.", required=True)
ON = Field(
    "on", host_filter(), "Which hosts, as the filter line says it: role:db rack:r1; * for all."
)
SERVICES = Field("services", list_of(kinds.name, or_one=True), "Which services.")
START = Field("start", moment, "When it begins: 2026-11-22T22:00:00Z (UTC where no zone is said).")
CRON = Field("cron", kinds.text(100), "Or again and again: 0 3 * * sun.")
ZONE = Field("timezone", kinds.text(60), "The zone of `cron`: Europe/Berlin; UTC if not said.")
LONG = Field("for", kinds.duration(60, _MONTH, "a time from 1m to 31d"), "How long.", required=True)
WINDOW: Final = table("a maintenance window", NAME, ON, SERVICES, START, CRON, ZONE, LONG)


def _read(values: Values, problems: Problems) -> Window | None:
    if (START in values) == (CRON in values):
        problems.add(values.mark, "a window has a `start:` or a `cron:`, one of them")
    if ON not in values and SERVICES not in values:
        problems.add(values.mark, "a window needs `on:` or `services:`")
    cron, zone = values.value(CRON, ""), values.value(ZONE, "UTC")
    if cron and (wrong := problem_of(cron, zone)):
        problems.add(values.place(CRON), wrong)
    name, seconds = values.get(NAME), values.get(LONG)
    if name is None or seconds is None:
        return None
    return Window(
        id=f"c:{name}",
        name=name,
        on=values.value(ON, ""),
        services=values.value(SERVICES, ()),
        seconds=seconds,
        starts=values.get(START),
        cron=cron,
        zone=zone,
    )


windows: Final = list_of(record_of(WINDOW, _read))
