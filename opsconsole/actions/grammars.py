"""The grammar of every parameter type: text as typed becomes the text of one argv slot, and a value."""

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from opsconsole.actions.argv import has_control
from opsconsole.config.units import (
    parse_bytes,
    parse_duration,
    parse_quantity,
    parse_ratio,
)
from opsconsole.model.action import ParamSpec

Value = str | int | float | bool | tuple[str, ...]

STR_LIMIT: Final = 256
TEXT_LIMIT: Final = 64 * 1024

UNIT: Final = re.compile(
    r"[A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]{0,199}\.(service|socket|timer|target|mount)"
)
_UNIT_KINDS: Final = (".service", ".socket", ".timer", ".target", ".mount")
_HOSTNAME: Final = re.compile(
    r"(?=.{1,253}\.?$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*\.?"
)
_BOOLS: Final[Mapping[str, bool]] = {"true": True, "false": False, "yes": True, "no": False}
_URL: Final = re.compile(r"https?://[!-~]{1,2000}")


class World(Struct, frozen=True):
    """What exists now, for types that name something."""

    hosts: Collection[str] = ()
    services: Collection[str] = ()
    alerts: Collection[str] = ()
    now: float = 0.0
    secrets: Collection[str] = ()
    """Names of the configuration's `secrets:`."""


class Parsed(Struct, frozen=True):
    """One good value: how it goes into an argv slot, and what Python code gets."""

    text: str
    value: Value


Grammar = Callable[[ParamSpec, str, World], Parsed]


def _same(text: str) -> Parsed:
    return Parsed(text, text)


def _printable(text: str, limit: int) -> None:
    if len(text) > limit:
        raise ValueError(f"is longer than {limit} characters")
    if has_control(text):
        raise ValueError("holds a control character")


def _str(spec: ParamSpec, text: str, _: World) -> Parsed:
    _printable(text, STR_LIMIT)
    if spec.pattern is not None and not re.fullmatch(spec.pattern, text):
        raise ValueError(f"does not match {spec.pattern}")
    return _same(text)


def _text(_spec: ParamSpec, text: str, _: World) -> Parsed:
    if len(text) > TEXT_LIMIT or "\0" in text:
        raise ValueError(f"holds a NUL or is longer than {TEXT_LIMIT} characters")
    return _same(text)


def _ranged(spec: ParamSpec, value: float, text: str) -> Parsed:
    if spec.min is not None and value < spec.min:
        raise ValueError(f"is less than {spec.min:g}")
    if spec.max is not None and value > spec.max:
        raise ValueError(f"is more than {spec.max:g}")
    return Parsed(text, value)


def _int(spec: ParamSpec, text: str, _: World) -> Parsed:
    if not re.fullmatch(r"[-+]?[0-9]{1,18}", text):
        raise ValueError("is not a whole number")
    return _ranged(spec, int(text), str(int(text)))


def _float(spec: ParamSpec, text: str, _: World) -> Parsed:
    if not re.fullmatch(r"[-+]?[0-9]{1,18}(\.[0-9]{1,9})?", text):
        raise ValueError("is not a number")
    return _ranged(spec, float(text), f"{float(text):g}")


def _bool(_spec: ParamSpec, text: str, _: World) -> Parsed:
    if text.lower() not in _BOOLS:
        raise ValueError("is neither true nor false")
    value = _BOOLS[text.lower()]
    return Parsed(str(value).lower(), value)


def _percent(spec: ParamSpec, text: str, _: World) -> Parsed:
    value = parse_ratio(text)
    return _ranged(spec, value, f"{value:g}")


def _duration(spec: ParamSpec, text: str, _: World) -> Parsed:
    value = parse_duration(text)
    return _ranged(spec, value, f"{value:.3f}".rstrip("0").rstrip("."))


def _bytes(spec: ParamSpec, text: str, _: World) -> Parsed:
    value = int(parse_bytes(text))
    return _ranged(spec, value, str(value))


def _when(_spec: ParamSpec, text: str, world: World) -> Parsed:
    if text == "now":
        at = world.now
    elif text.endswith(" ago"):
        at = world.now - parse_duration(text.removesuffix(" ago"))
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("looks like now, 10m ago or 2026-01-31T22:30Z") from None
        at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return Parsed(str(int(at)), at)


def _enum(spec: ParamSpec, text: str, _: World) -> Parsed:
    _printable(text, STR_LIMIT)
    if spec.choices and text not in spec.choices:
        raise ValueError(f"is none of {', '.join(spec.choices)}")
    return _same(text)


def _multi(spec: ParamSpec, text: str, world: World) -> Parsed:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    for word in words:
        _enum(spec, word, world)
    return Parsed(",".join(words), words)


def _existing(kind: str, known: Collection[str], text: str) -> str:
    name = text.removeprefix(f"{kind}:")
    if name not in known:
        raise ValueError(f"is no {kind} we know")
    return name


def _host(_spec: ParamSpec, text: str, world: World) -> Parsed:
    return _same(_existing("host", world.hosts, text))


def _hosts(_spec: ParamSpec, text: str, world: World) -> Parsed:
    names = tuple(
        _existing("host", world.hosts, word.strip()) for word in text.split(",") if word.strip()
    )
    return Parsed(",".join(names), names)


def _service(_spec: ParamSpec, text: str, world: World) -> Parsed:
    return _same(_existing("service", world.services, text))


def _alert(_spec: ParamSpec, text: str, world: World) -> Parsed:
    return _same(_existing("alert", world.alerts, text))


def _unit(_spec: ParamSpec, text: str, _: World) -> Parsed:
    """As systemctl has it: a name without its kind is a service."""
    name = text if text.endswith(_UNIT_KINDS) else f"{text}.service"
    if not text or not UNIT.fullmatch(name):
        raise ValueError("is no unit's name, such as nginx.service")
    return _same(name)


def _pid(spec: ParamSpec, text: str, _: World) -> Parsed:
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) <= 1:
        raise ValueError("is no process id above 1")
    return _ranged(spec, int(text), str(int(text)))


def check_path(text: str) -> str:
    """Read a path: absolute, printable, without `..`.

    Raises:
        ValueError: With the end of a sentence that begins with the path.
    """
    _printable(text, 4_096)
    path = PurePosixPath(text)
    if not path.is_absolute() or ".." in path.parts:
        raise ValueError("is no absolute path without ..")
    return str(path)


def _path(spec: ParamSpec, text: str, _: World) -> Parsed:
    path = PurePosixPath(check_path(text))
    if spec.under and not any(path.is_relative_to(root) for root in spec.under):
        raise ValueError(f"does not lie under {' or '.join(spec.under)}")
    return _same(str(path))


def _hostname(_spec: ParamSpec, text: str, _: World) -> Parsed:
    if not _HOSTNAME.fullmatch(text):
        raise ValueError("is no host name")
    return _same(text)


def _ip(_spec: ParamSpec, text: str, _: World) -> Parsed:
    if "%" in text:
        raise ValueError("is an address with a zone, which only its own machine understands")
    return _same(str(ipaddress.ip_address(text)))


def _cidr(_spec: ParamSpec, text: str, _: World) -> Parsed:
    return _same(str(ipaddress.ip_network(text)))


def _port(_spec: ParamSpec, text: str, _: World) -> Parsed:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65_535:
        raise ValueError("is no port, 1 to 65535")
    return Parsed(str(int(text)), int(text))


def _url(_spec: ParamSpec, text: str, _: World) -> Parsed:
    parts = urlsplit(text)
    if not _URL.fullmatch(text) or not parts.hostname or parts.port == 0:
        raise ValueError("is no http:// or https:// URL")
    if parts.username or parts.password:
        raise ValueError("carries a password, which would be seen by everybody")
    return _same(text)


def _secret(_spec: ParamSpec, text: str, world: World) -> Parsed:
    """A secret is given by its name, never by its value."""
    name = text.removeprefix("secret:")
    if name not in world.secrets:
        raise ValueError("is no name of the configuration's secrets")
    return _same(name)


GRAMMARS: Final[Mapping[str, Grammar]] = {
    "str": _str, "text": _text, "int": _int, "float": _float, "bool": _bool, "percent": _percent,
    "duration": _duration, "bytes": _bytes, "when": _when, "enum": _enum, "multi": _multi,
    "host": _host, "hosts": _hosts, "service": _service, "alert": _alert, "unit": _unit,
    "pid": _pid, "path": _path, "hostname": _hostname, "ip": _ip, "cidr": _cidr, "port": _port,
    "url": _url, "secret": _secret,
}  # fmt: skip


def read_limit(type: str, text: str) -> float:
    """Read a parameter's `min` or `max` in its own unit.

    Raises:
        ValueError: It is no such quantity.
    """
    match type:
        case "duration":
            return parse_duration(text)
        case "bytes":
            return parse_bytes(text)
        case _:
            return parse_quantity(text)
