"""The keys of `services:`."""

from typing import Final

from msgspec.structs import replace

from opsconsole.config import kinds
from opsconsole.config.checks import (
    CHECK_KINDS,
    HINTS,
    ON,
    ONE_CHECK,
    RUNBOOK,
    RUNBOOK_URL,
    read_check,
    service_checks,
)
from opsconsole.config.document import ServiceEntry
from opsconsole.config.fields import Field, Values, list_of, record_of, table
from opsconsole.config.hosts import DEPENDS_ON, LABELS_FIELD
from opsconsole.config.objectives import SLO
from opsconsole.config.problems import Problems

SERVICE_NAME = Field("name", kinds.name, "Name of the service.", required=True)
CHECKS = Field("checks", service_checks, "Its checks, where it has several.")
SERVICE: Final = table(
    "a service",
    SERVICE_NAME, *ONE_CHECK, CHECKS, ON, LABELS_FIELD, DEPENDS_ON, RUNBOOK, RUNBOOK_URL,
    SLO,
    hints=HINTS,
)  # fmt: skip


def _read_service(values: Values, problems: Problems) -> ServiceEntry | None:
    inline = [field.name for field in ONE_CHECK if field in values]
    has_one = any(name in CHECK_KINDS for name in inline)
    found = list(values.get(CHECKS) or ())
    if has_one:
        one = read_check(values, problems)
        found[:0] = [replace(one, name=None, on=None, depends_on=())] if one else []
    elif inline:
        problems.add(
            values.mark, f"{inline[0]} belongs to a check: add one of {', '.join(CHECK_KINDS)}"
        )
    if not has_one and CHECKS not in values:
        problems.add(
            values.mark, f"a service needs a check: one of {', '.join(CHECK_KINDS)}, or `checks:`"
        )
    name = values.get(SERVICE_NAME)
    if name is None:
        return None
    return ServiceEntry(
        mark=values.place(SERVICE_NAME),
        name=name,
        checks=tuple(found),
        on=values.get(ON),
        labels=values.value(LABELS_FIELD, {}),
        depends_on=values.value(DEPENDS_ON, ()),
        runbook=values.get(RUNBOOK),
        runbook_url=values.get(RUNBOOK_URL),
        objective=values.get(SLO),
    )


services: Final = list_of(record_of(SERVICE, _read_service))
