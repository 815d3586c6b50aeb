"""`on_call:`, `escalate:` and `notify:`: who is called, when it goes on to another, and by which way."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from opsconsole.config import kinds
from opsconsole.config.credentials import CA, HEADERS, check_credentials
from opsconsole.config.expressions import fire_filter
from opsconsole.config.fields import Field, Kind, Values, list_of, record_of, table
from opsconsole.config.loader import Node, Scalar
from opsconsole.config.problems import Problems
from opsconsole.model.oncall import EscalationStep, Notifier, Rotation, Schedule

_DAY: Final = 86_400.0
KINDS: Final = ("exec", "webhook", "apprise", "plugin")
OCCASIONS: Final = ("fired", "escalated", "resolved", "blind", "approval")

PEOPLE = Field("people", list_of(kinds.user), "Who takes turns, in their order.", required=True)
EVERY = Field(
    "every", kinds.duration(3600, 366 * _DAY, "a time from 1h to 366d"), "How long a turn is: 1w."
)
START = Field(
    "start", kinds.text(40), "When the first of them began: 2026-01-05T09:00:00.", required=True
)
ZONE = Field("timezone", kinds.text(60), "The zone of the hand-over's hour: Europe/Berlin.")
ROTATION: Final = table(
    "a rotation", PEOPLE, EVERY, START, ZONE, hints={"handover": "say it in start"}
)


def _read_rotation(values: Values, problems: Problems) -> Rotation | None:
    zone = values.value(ZONE, "UTC")
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.add(values.place(ZONE), f"{zone!r} is no time zone, such as Europe/Berlin")
        return None
    people, said = values.get(PEOPLE), values.get(START)
    if not people or said is None:
        return None
    try:
        start = datetime.fromisoformat(said)
    except ValueError:
        problems.add(values.place(START), f"{said!r} is no moment like 2026-01-05T09:00")
        return None
    at = (start if start.tzinfo else start.replace(tzinfo=ZoneInfo(zone))).timestamp()
    return Rotation(people, values.value(EVERY, 7 * _DAY), at, zone)


TURNS = Field("rotation", record_of(ROTATION, _read_rotation), "People who take turns.")
ICAL = Field(
    "ical", kinds.path(), "An iCalendar file with the shifts; it goes before the rotation."
)
SCHEDULE: Final = table("`on_call:`", TURNS, ICAL)


def _read_schedule(values: Values, problems: Problems) -> Schedule | None:
    if TURNS not in values and ICAL not in values:
        problems.add(values.mark, "on_call needs a `rotation:` or an `ical:` file")
        return None
    return Schedule(values.get(TURNS) or Rotation(), values.value(ICAL, ""))


AFTER = Field(
    "after",
    kinds.duration(10, _DAY, "a time from 10s to 1d"),
    "How long nobody had it.",
    required=True,
)
TO = Field("to", kinds.user, "primary, secondary, or a person.", required=True)
STEP: Final = table("an escalation", AFTER, TO)


def _read_step(values: Values, _problems: Problems) -> EscalationStep | None:
    after, to = values.get(AFTER), values.get(TO)
    return EscalationStep(after, to) if after is not None and to else None


def _address() -> Kind[str]:
    """Read an address, or where the whole of it is kept."""

    def read(node: Node, problems: Problems) -> str | None:
        text = node.text.strip() if isinstance(node, Scalar) else ""
        if text.startswith("secret:") and len(text) > len("secret:"):
            return text
        return kinds.url.read(node, problems)

    return Kind(read, {"type": "string"})


NAME = Field("name", kinds.name, "What it is called.", required=True)
KIND = Field("kind", kinds.choice(KINDS), "How it tells.", required=True)
RUN = Field("run", list_of(kinds.text(), or_one=True), "exec: the program and its arguments.")
URL = Field("url", _address(), "webhook, apprise: the address, or secret:NAME for all of it.")
PLUGIN = Field("plugin", kinds.action, "plugin: the notifier's id.")
WHEN = Field("when", fire_filter(), "Which fires: sev:critical role:db; * for all.")
ON = Field("on", list_of(kinds.choice(OCCASIONS), or_one=True), "What is told; all if not said.")
LIMIT = Field("limit", kinds.integer(1, 1000), "Messages in `per`; the rest comes as one digest.")
PER = Field("per", kinds.duration(10, _DAY, "a time from 10s to 1d"), "The span of `limit`.")
TIMEOUT = Field("timeout", kinds.duration(1, 60, "a time from 1s to 1m"), "Longest wait for it.")
NOTIFIER: Final = table(
    "a notifier", NAME, KIND, RUN, URL, HEADERS, CA, PLUGIN, WHEN, ON, LIMIT, PER, TIMEOUT,
    hints={"exec": "write kind: exec and run: [program, argument]", "every": "the words are limit and per"},
)  # fmt: skip
_NEEDS: Final = {"exec": RUN, "webhook": URL, "apprise": URL, "plugin": PLUGIN}


def _read_notifier(values: Values, problems: Problems) -> Notifier | None:
    check_credentials(values, problems)
    name, kind = values.get(NAME), values.get(KIND)
    if not name or not kind:
        return None
    if (needed := _NEEDS[kind]) not in values:
        problems.add(values.mark, f"a notifier of the kind {kind} needs `{needed.name}:`")
        return None
    usual = Notifier(name, kind)
    when = values.value(WHEN, usual.when)
    return Notifier(
        name=name,
        kind=kind,
        argv=values.value(RUN, ()),
        url=values.value(URL, ""),
        headers=values.value(HEADERS, {}),
        ca=values.get(CA),
        plugin=values.value(PLUGIN, ""),
        when="" if when == "*" else when,
        on=values.value(ON, usual.on),
        limit=values.value(LIMIT, usual.limit),
        per=values.value(PER, usual.per),
        timeout=values.value(TIMEOUT, usual.timeout),
    )


ON_CALL = Field("on_call", record_of(SCHEDULE, _read_schedule), "Who is on call.")
ESCALATE = Field(
    "escalate",
    list_of(record_of(STEP, _read_step)),
    "To whom a critical goes that nobody takes: [{after: 5m, to: primary}].",
)
NOTIFY = Field(
    "notify", list_of(record_of(NOTIFIER, _read_notifier)), "Ways of telling people of fires."
)
