"""The keys of `services:` and `checks:`."""

from typing import Final

from msgspec.structs import replace

from opsconsole.config import kinds
from opsconsole.config.document import CheckEntry, ServiceEntry
from opsconsole.config.expressions import assertion, check_assertions
from opsconsole.config.fields import Field, Kind, Values, list_of, map_of, record_of, table
from opsconsole.config.hosts import DEPENDS_ON, INTERVAL, LABELS_FIELD, TIMEOUT, selector
from opsconsole.config.loader import Node, Scalar, Seq
from opsconsole.config.objectives import SLO
from opsconsole.config.problems import Problems

CHECK_KINDS: Final = ("http", "tcp", "tls", "exec")
_ASSERTIONS: Final = list_of(assertion(), or_one=True)
_COUNT: Final = kinds.integer(1, 100)


def _command() -> Kind[tuple[str, ...]]:
    words = list_of(kinds.text(4000), or_one=True)

    def read(node: Node, problems: Problems) -> tuple[str, ...] | None:
        argv = words.read(node, problems)
        if isinstance(node, Scalar) and argv and any(c in argv[0] for c in " \t\"'$|;&<>`"):
            problems.add(
                node.mark, "a command is a list of words, no shell reads it: [check_disk, -w, 10%]"
            )
            return None
        if isinstance(node, Seq) and not argv:
            problems.add(node.mark, "a command needs at least one word")
            return None
        return argv

    return Kind(read, words.schema)


def _header_value() -> Kind[str]:
    plain = kinds.text()

    def read(node: Node, problems: Problems) -> str | None:
        value = plain.read(node, problems)
        if value is not None and value.startswith("secret:") and not value[7:].strip():
            problems.add(node.mark, "secret: needs the name of an entry in `secrets:`")
            return None
        return value

    return Kind(read, plain.schema)


HEADER_MAP: Final = map_of(kinds.header, _header_value())
_SECRET_HEADERS: Final = frozenset(
    {"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"}
)

HTTP = Field("http", kinds.url, "URL to GET.")
TCP = Field("tcp", kinds.endpoint, "host:port that must accept a connection.")
TLS = Field("tls", kinds.endpoint, "host:port whose certificate is looked at.")
EXEC = Field("exec", _command(), "A Nagios plugin or alike, as a list of words.")
VIA = Field("via", kinds.name, "Host to run `exec` on; without it the machine of the engine.")
EVERY = Field("every", INTERVAL, "Interval between checks: 30s.")
TIMEOUT_FIELD = Field("timeout", TIMEOUT, "Longest wait for an answer; never more than `every`.")
FAILS = Field("fails", _COUNT, "Failures in a row before it counts.")
PASSES = Field("passes", _COUNT, "Good answers in a row before it is over.")
RETRY = Field("retry", INTERVAL, "Interval while it fails and does not count yet.")
MUST = Field("must", _ASSERTIONS, "What must hold, else it is down: [status == 200].")
SHOULD = Field("should", _ASSERTIONS, "What should hold, else it is degraded: [latency < 500ms].")
METHOD = Field("method", kinds.choice(("GET", "HEAD", "POST", "OPTIONS")), "HTTP method.")
HEADERS = Field("headers", HEADER_MAP, "Headers to send; secrets as `secret:NAME`.")
CA = Field("ca", kinds.path(), "PEM file of the authority to trust instead of the system's.")
ON = Field("on", selector, "The hosts: {role: web}, web-*, or a list of names.")
CHECK_NAME = Field("name", kinds.name, "Name of the check.")
_ONE_CHECK: Final = (
    HTTP, TCP, TLS, EXEC, VIA, EVERY, TIMEOUT_FIELD, FAILS, PASSES, RETRY, MUST, SHOULD, METHOD, HEADERS, CA,
)  # fmt: skip
_HINTS: Final = {
    "interval": "the word is every",
    "url": "the word is http",
    "assert": "the words are must and should",
}
CHECK: Final = table("a check", CHECK_NAME, *_ONE_CHECK, DEPENDS_ON, hints=_HINTS)
HOST_CHECK: Final = table("a check", CHECK_NAME, *_ONE_CHECK, DEPENDS_ON, ON, hints=_HINTS)


def _one_kind(values: Values, problems: Problems) -> tuple[str, str, tuple[str, ...]] | None:
    """Find the one key that names a check's kind: kind, target, argv."""
    said = [field for field in (HTTP, TCP, TLS, EXEC) if field in values]
    if len(said) != 1:
        listed = " and ".join(field.name for field in said)
        what = f"has {listed}; split it" if said else f"needs one of {', '.join(CHECK_KINDS)}"
        problems.add(values.mark, f"a check {what}")
        return None
    if EXEC in values:
        argv = values.get(EXEC)
        return ("exec", "", argv) if argv else None
    target = values.get(HTTP) or values.get(TCP) or values.get(TLS)
    return (said[0].name, target, ()) if target else None


def _read_check(values: Values, problems: Problems) -> CheckEntry | None:
    found = _one_kind(values, problems)
    _sensible(values, problems)
    if found is None:
        return None
    kind, target, argv = found
    for field in (MUST, SHOULD):
        check_assertions(kind, values.node(field), problems)
    return CheckEntry(
        mark=values.mark,
        name=values.get(CHECK_NAME),
        kind=kind,
        target=target,
        argv=argv,
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
        depends_on=values.value(DEPENDS_ON, ()),
        on=values.get(ON),
    )


def _sensible(values: Values, problems: Problems) -> None:
    every, timeout = values.get(EVERY), values.get(TIMEOUT_FIELD)
    if every is not None and timeout is not None and timeout > every:
        problems.add(values.place(TIMEOUT_FIELD), "timeout is longer than every")
    if VIA in values and EXEC not in values:
        problems.add(
            values.place(VIA), "via is for exec checks; others ask from the machine of the engine"
        )
    if METHOD in values and HTTP not in values:
        problems.add(values.place(METHOD), "method is for http checks")
    headers_are_secret(values, problems)


def headers_are_secret(values: Values, problems: Problems) -> None:
    """Tell when a header that carries a credential has it in the file."""
    for name, value in (values.get(HEADERS) or {}).items():
        if name.lower() in _SECRET_HEADERS and "secret:" not in value:
            problems.add(
                values.place(HEADERS),
                f"{name} is a credential: write `secret:NAME` and name it under `secrets:`",
            )


def _read_host_check(values: Values, problems: Problems) -> CheckEntry | None:
    for field in (CHECK_NAME, ON):
        if field not in values:
            problems.add(values.mark, f"a check of hosts needs `{field.name}:`")
    return _read_check(values, problems)


_service_checks: Final = list_of(record_of(CHECK, _read_check))
host_checks: Final = list_of(record_of(HOST_CHECK, _read_host_check))

SERVICE_NAME = Field("name", kinds.name, "Name of the service.", required=True)
CHECKS = Field("checks", _service_checks, "Its checks, where it has several.")
RUNBOOK = Field("runbook", kinds.action, "Id of the action to offer first: core.unit-restart.")
RUNBOOK_URL = Field("runbook_url", kinds.url, "Where the runbook can be read.")
SERVICE: Final = table(
    "a service",
    SERVICE_NAME, *_ONE_CHECK, CHECKS, ON, LABELS_FIELD, DEPENDS_ON, RUNBOOK, RUNBOOK_URL, SLO,
    hints=_HINTS,
)  # fmt: skip


def _read_service(values: Values, problems: Problems) -> ServiceEntry | None:
    inline = [field.name for field in _ONE_CHECK if field in values]
    has_one = any(name in CHECK_KINDS for name in inline)
    found = list(values.get(CHECKS) or ())
    if has_one:
        one = _read_check(values, problems)
        found[:0] = [replace(one, name=None, on=None, depends_on=())] if one else []
    elif inline:
        problems.add(
            values.mark, f"{inline[0]} belongs to a check: add http, tcp, tls or exec beside it"
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
