"""The keys of one check, in `services:` and in `checks:`."""

from typing import Final

from opsconsole.config import kinds
from opsconsole.config.check_targets import RECORDS, TARGETS, Asked
from opsconsole.config.credentials import CA, CERT, HEADERS, KEY, check_credentials
from opsconsole.config.document import CheckEntry
from opsconsole.config.expressions import assertion, check_assertions
from opsconsole.config.fields import Field, Values, list_of, map_of, record_of, table
from opsconsole.config.hosts import DEPENDS_ON, INTERVAL, TIMEOUT, selector
from opsconsole.config.objectives import SLO
from opsconsole.config.problems import Problems

CHECK_KINDS: Final = tuple(field.name for field in TARGETS)
_ASSERTIONS: Final = list_of(assertion(), or_one=True)
_COUNT: Final = kinds.integer(1, 100)


VIA = Field("via", kinds.name, "Host to ask from, over SSH; without it the machine of the engine.")
EVERY = Field("every", INTERVAL, "Interval between checks: 30s.")
TIMEOUT_FIELD = Field("timeout", TIMEOUT, "Longest wait for an answer; never more than `every`.")
FAILS = Field("fails", _COUNT, "Failures in a row before it counts.")
PASSES = Field("passes", _COUNT, "Good answers in a row before it is over.")
RETRY = Field("retry", INTERVAL, "Interval while it fails and does not count yet.")
MUST = Field("must", _ASSERTIONS, "What must hold, else it is down: [status == 200].")
SHOULD = Field("should", _ASSERTIONS, "What should hold, else it is degraded: [latency < 500ms].")
METHOD = Field("method", kinds.choice(("GET", "HEAD", "POST", "OPTIONS")), "HTTP method.")
ON = Field("on", selector, "The hosts: {role: web}, web-*, or a list of names.")
CHECK_NAME = Field("name", kinds.name, "Name of the check.")
SERVER = Field("server", kinds.server, "dns: the name server to ask; without it the system's.")
RECORD = Field("record", kinds.choice(RECORDS), "dns: the type to ask for: A.")
SOURCE = Field("source", kinds.name, "prom: the alert source of kind prometheus that answers.")
WITH = Field("with", map_of(kinds.name, kinds.text()), "plugin: its parameters, as typed.")
ONE_CHECK: Final = (
    *TARGETS, VIA, EVERY, TIMEOUT_FIELD, FAILS, PASSES, RETRY, MUST, SHOULD, METHOD, HEADERS, CA, CERT, KEY,
    SERVER, RECORD, SOURCE, WITH,
)  # fmt: skip
_ONLY: Final[tuple[tuple[Field[object], tuple[str, ...]], ...]] = (
    (METHOD, ("http",)), (HEADERS, ("http",)), (CA, ("http", "tls")), (CERT, ("http",)),
    (KEY, ("http",)), (SERVER, ("dns",)), (RECORD, ("dns",)), (SOURCE, ("prom",)),
    (WITH, ("plugin",)),
    (VIA, ("http", "tcp", "tls", "dns", "icmp", "ssh", "exec")),
)  # fmt: skip
"""Keys that mean something for some kinds only."""
HINTS: Final = {
    "interval": "the word is every",
    "url": "the word is http",
    "assert": "the words are must and should",
}
CHECK: Final = table("a check", CHECK_NAME, *ONE_CHECK, DEPENDS_ON, hints=HINTS)
RUNBOOK = Field("runbook", kinds.action, "Id of the action to offer first: core.unit-restart.")
RUNBOOK_URL = Field("runbook_url", kinds.url, "Where the runbook can be read.")
HOST_CHECK: Final = table(
    "a check", CHECK_NAME, *ONE_CHECK, DEPENDS_ON, ON, RUNBOOK, RUNBOOK_URL, SLO, hints=HINTS
)


def _one_kind(values: Values, problems: Problems) -> Asked | None:
    """Find the one key that names a check's kind, and what it asks."""
    said = [field for field in TARGETS if field in values]
    if len(said) != 1:
        listed = " and ".join(field.name for field in said)
        what = f"has {listed}; split it" if said else f"needs one of {', '.join(CHECK_KINDS)}"
        problems.add(values.mark, f"a check {what}")
        return None
    return values.get(said[0])


def read_check(values: Values, problems: Problems) -> CheckEntry | None:
    """Make one check of its keys; None after telling what is wrong with it."""
    asked = _one_kind(values, problems)
    _sensible(values, problems)
    if asked is None:
        return None
    for field in (MUST, SHOULD):
        check_assertions(asked.kind, values.node(field), problems)
    return CheckEntry(
        mark=values.mark,
        name=values.get(CHECK_NAME),
        kind=asked.kind,
        target=asked.target,
        argv=asked.argv,
        span=asked.span,
        via=values.get(VIA),
        every=values.get(EVERY),
        timeout=values.get(TIMEOUT_FIELD),
        fails=values.get(FAILS),
        passes=values.get(PASSES),
        retry=values.get(RETRY),
        must=values.value(MUST, ()),
        should=values.value(SHOULD, ()),
        method=values.value(METHOD, "GET"),
        headers=values.value(HEADERS, {}),
        ca=values.get(CA),
        cert=values.get(CERT),
        key=values.get(KEY),
        server=values.value(SERVER, ""),
        record=values.value(RECORD, "A"),
        source=values.value(SOURCE, ""),
        params=values.value(WITH, {}),
        depends_on=values.value(DEPENDS_ON, ()),
        on=values.get(ON),
        runbook=values.get(RUNBOOK),
        runbook_url=values.get(RUNBOOK_URL),
        objective=values.get(SLO),
    )


def _sensible(values: Values, problems: Problems) -> None:
    every, timeout = values.get(EVERY), values.get(TIMEOUT_FIELD)
    if every is not None and timeout is not None and timeout > every:
        problems.add(values.place(TIMEOUT_FIELD), "timeout is longer than every")
    kind = next((field.name for field in TARGETS if field in values), "")
    for field, goes_with in _ONLY:
        if kind and field in values and kind not in goes_with:
            problems.add(values.place(field), f"{field.name} is for {', '.join(goes_with)} checks")
    for field in (CA, CERT, KEY):
        if field in values and VIA in values:
            what = "a file of this machine, which `via:` cannot read"
            problems.add(values.place(field), f"{field.name} is {what}")
    check_credentials(values, problems)


def _read_host_check(values: Values, problems: Problems) -> CheckEntry | None:
    if CHECK_NAME not in values:
        problems.add(values.mark, "a check needs `name:`")
    for field in (RUNBOOK, RUNBOOK_URL, SLO):
        if field in values and ON in values:
            problems.add(values.place(field), f"{field.name} is for checks that stand alone")
    return read_check(values, problems)


service_checks: Final = list_of(record_of(CHECK, read_check))
host_checks: Final = list_of(record_of(HOST_CHECK, _read_host_check))
