"""The kinds of single values our files hold: names, quantities, paths, addresses, expressions."""

import ipaddress
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from opsconsole.config.fields import Kind, Schema, describe
from opsconsole.config.loader import Node, Scalar
from opsconsole.config.problems import Problems, did_you_mean
from opsconsole.config.units import parse_duration, parse_quantity, parse_ratio
from opsconsole.model.text import LABEL_LIMIT, clean

NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9._:-]{0,252}"
_NAME: Final = re.compile(NAME)
_NODE_SET: Final = re.compile(r"[A-Za-z0-9_\[][A-Za-z0-9._:\[\],-]{0,4000}")
_PATTERN: Final = re.compile(r"[A-Za-z0-9_*?\[][A-Za-z0-9._:\[\],*?-]{0,4000}")
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]{0,99}")
_LABEL: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]{0,99}")
_REFERENCE: Final = re.compile(rf"(host|service):{NAME}")
_ACTION: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,126}")
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_SECRET: Final = re.compile(
    r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|command:.+|plugin:[a-z][a-z0-9.-]+/.+)"
)
_ENDPOINT: Final = re.compile(
    rf"({NAME}|\[[0-9a-fA-F:.]+\]|\{{address\}}|\{{name\}}):([0-9]{{1,5}})"
)


def is_name(text: str) -> bool:
    """Tell whether a text may name a host, whatever it came from."""
    return _NAME.fullmatch(text) is not None


def _scalar(node: Node, problems: Problems, want: str) -> Scalar | None:
    if isinstance(node, Scalar) and node.value is not None:
        return node
    problems.add(node.mark, f"must be {want}, not {describe(node)}")
    return None


def matching(
    pattern: re.Pattern[str], want: str, check: Callable[[str], str] = lambda _: ""
) -> Kind[str]:
    """Text of a pattern; `check` adds what a pattern cannot say, as a sentence or nothing."""

    def read(node: Node, problems: Problems) -> str | None:
        found = _scalar(node, problems, want)
        if found is None:
            return None
        text = found.text.strip()
        if not pattern.fullmatch(text):
            problems.add(node.mark, f"{text[:60]!r} is not {want}")
            return None
        if wrong := check(text):
            problems.add(node.mark, wrong)
            return None
        return text

    return Kind(read, {"type": ["string", "integer"], "pattern": f"^{pattern.pattern}$"})


def _measured(
    parse: Callable[[str], float], low: float, high: float, want: str, schema: Schema
) -> Kind[float]:
    def read(node: Node, problems: Problems) -> float | None:
        found = _scalar(node, problems, want)
        if found is None:
            return None
        try:
            value = parse(found.text)
        except ValueError as error:
            problems.add(node.mark, f"{found.text[:40]!r}: {error}")
            return None
        if not low <= value <= high:
            problems.add(node.mark, f"{found.text[:40]} is out of range; it must be {want}")
            return None
        return value

    return Kind(read, schema)


def duration(low: float, high: float, want: str) -> Kind[float]:
    """A time with its unit, as seconds."""
    schema = {"type": ["string", "integer"], "pattern": r"^([0-9.]+(ms|[smhdw]))+$|^0$"}
    return _measured(parse_duration, low, high, want, schema)


def share(low: float, high: float) -> Kind[float]:
    """A share: 99.9% or 0.999."""
    schema = {"type": ["string", "number"], "pattern": r"^[0-9.]+%?$"}
    return _measured(parse_ratio, low, high, f"a share from {low:.0%} to {high:.3%}", schema)


def quantity() -> Kind[float]:
    """A limit in whatever unit the metric has: 10%, 2, 50ms, 5GiB."""
    return _measured(parse_quantity, -1e18, 1e18, "a limit", {"type": ["string", "number"]})


def integer(low: int, high: int) -> Kind[int]:
    """A whole number."""
    want = f"a whole number from {low} to {high}"

    def read(node: Node, problems: Problems) -> int | None:
        value = node.value if isinstance(node, Scalar) else None
        if type(value) is int and low <= value <= high:
            return value
        problems.add(node.mark, f"must be {want}, not {describe(node)}")
        return None

    return Kind(read, {"type": "integer", "minimum": low, "maximum": high})


def boolean() -> Kind[bool]:
    """`true` or `false` and nothing else."""

    def read(node: Node, problems: Problems) -> bool | None:
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node.value
        problems.add(node.mark, f"must be true or false, not {describe(node)}")
        return None

    return Kind(read, {"type": "boolean"})


def choice(words: Collection[str]) -> Kind[str]:
    """One of a closed set of words."""
    listed = ", ".join(words)

    def read(node: Node, problems: Problems) -> str | None:
        found = _scalar(node, problems, f"one of {listed}")
        if found is None or found.text in words:
            return found.text if found else None
        near = did_you_mean(found.text, words)
        problems.add(node.mark, f"{found.text[:40]!r} is none of {listed}{near}")
        return None

    return Kind(read, {"enum": list(words)})


def path() -> Kind[str]:
    """A file, absolute after `~` and the folder of the configuration are applied."""

    def read(node: Node, problems: Problems) -> str | None:
        found = _scalar(node, problems, "a path")
        if found is None:
            return None
        if "\0" in found.text or not found.text:
            problems.add(node.mark, f"{found.text[:60]!r} is not a path")
            return None
        try:
            written = Path(found.text).expanduser()
        except RuntimeError as error:
            problems.add(node.mark, f"{found.text[:60]}: {error}")
            return None
        return str(Path(node.mark.file).parent.absolute() / written)

    return Kind(read, {"type": "string"})


def text(limit: int = LABEL_LIMIT) -> Kind[str]:
    """Free text, cleaned, one line."""

    def read(node: Node, problems: Problems) -> str | None:
        found = _scalar(node, problems, "text")
        return None if found is None else clean(found.text, limit)

    return Kind(read, {"type": ["string", "number", "boolean"]})


def _check_address(value: str) -> str:
    if ":" not in value or "[" in value:
        return ""
    try:
        ipaddress.ip_address(value.split("%", maxsplit=1)[0])
    except ValueError:
        return f"{value!r} is not an address; the port is a key of its own, `port:`"
    return ""


def _check_endpoint(value: str) -> str:
    port = int(value.rpartition(":")[2])
    return "" if 1 <= port <= 65535 else f"port {port} is out of range"


def _check_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        port_is_good = parts.port != 0
    except ValueError as error:
        return f"{value[:80]!r}: {error}"
    if parts.username or parts.password:
        return "no user or password in a URL: use `headers:` with a `secret:NAME` value"
    host_is_good = bool(parts.hostname) and not (parts.hostname or "-").startswith("-")
    return "" if host_is_good and port_is_good else f"{value[:80]!r} names no host"


name = matching(
    _NAME, "a name (letters, digits, `.`, `_`, `:`, `-`, not beginning with `-` or `.`)"
)
node_set = matching(_NODE_SET, "a host name or a range like web[01-20]")
host_pattern = matching(_PATTERN, "a host name, a range like web[01-20] or a pattern like web-*")
address = matching(
    re.compile(rf"{NAME}|[0-9a-fA-F:.]+(%[\w.-]+)?|{_NODE_SET.pattern}"),
    "a host name or IP address",
    _check_address,
)
user = matching(_USER, "a user name")
label = matching(_LABEL, "a label's name (letters, digits, `_`, `.`, `-`, `/`)")
reference = matching(_REFERENCE, "a reference like host:db-02 or service:checkout")
action = matching(_ACTION, "an action's id like core.unit-restart")
url = matching(
    re.compile(r"https?://[^\s\"<>\\^`{|}\x00-\x1f]{1,2000}"),
    "an http:// or https:// URL",
    _check_url,
)
endpoint = matching(_ENDPOINT, "host:port", _check_endpoint)
server = matching(
    re.compile(r"[A-Za-z0-9_.:\[\]-]{1,260}"), "a name server's address, with a port or without"
)
pinged = matching(
    re.compile(rf"{NAME}|[0-9a-fA-F:.]+|\{{address\}}|\{{name\}}"), "a host name or IP address"
)
url_path = matching(re.compile(r"/[A-Za-z0-9._~/-]{0,200}"), "a path like /alertmanager")
listener = matching(
    re.compile(r"(127\.0\.0\.1|\[::1\]|localhost):[0-9]{1,5}|/[^\x00]{1,100}"),
    "a loopback address with a port (127.0.0.1:9097) or the absolute path of a unix socket",
)
secret_name = matching(
    re.compile(rf"secret:{NAME}"), "secret:NAME, an entry of `secrets:`; never the secret itself"
)
header = matching(_HEADER, "a header's name")
secret = matching(
    _SECRET,
    "a reference env:NAME, file:PATH, command:PROGRAM ARG ... or plugin:ID/NAME, never the secret itself",
)
