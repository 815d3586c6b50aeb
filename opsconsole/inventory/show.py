"""The effective configuration, as `config show` prints it: everything unfolded, defaults filled in."""

from collections.abc import Mapping
from typing import Final

import msgspec

from opsconsole.config.units import show_duration
from opsconsole.config.writer import Plain, dump
from opsconsole.model.inventory import AlertSource, Check, Host, Inventory, Service, Settings

_HIDDEN: Final = "***"
_TIMES: Final = ("every", "timeout", "retry", "hold")


def show(inventory: Inventory) -> str:
    """Write an inventory as YAML; header values that are no references are hidden."""
    document: dict[str, Plain] = {
        **_settings(inventory.settings),
        "hosts": [_host(host) for host in inventory.hosts],
        "services": [_service(service) for service in inventory.services],
        "checks": [_check(check) for check in inventory.checks],
        "alert_sources": [_source(source) for source in inventory.sources],
    }
    head = "".join(
        f"# {line}\n" for line in (*map("read {}".format, inventory.files), *inventory.warnings)
    )
    return head + dump(
        {key: value for key, value in document.items() if value not in ([], {}, "", None)}
    )


def _said(record: msgspec.Struct, *without: str) -> dict[str, Plain]:
    """Give what differs from nothing, with times as people write them."""
    found: dict[str, Plain] = {}
    for name, value in msgspec.to_builtins(record).items():
        if name not in without and value not in (None, "", [], {}, ()):
            found[name] = show_duration(value) if name in _TIMES else value
    return found


def _host(host: Host) -> Plain:
    return _said(host, "source")


def _check(check: Check) -> dict[str, Plain]:
    name = check.name.rpartition("/")[2] if "/" in check.name else ""
    named: dict[str, Plain] = {"name": name} if name else {}
    asked: Plain = list(check.argv) if check.kind == "exec" else check.target
    if check.kind == "heartbeat":
        asked = show_duration(check.span)
    on: dict[str, Plain] = {"on": [check.host]} if check.host else {}
    hidden = [name for kind, name in (("http", "method"), ("dns", "record")) if check.kind != kind]
    hidden += ["name", "headers", "kind", "target", "argv", "service", "host", "span", "params"]
    said = _said(check, *hidden)
    told: dict[str, Plain] = {"with": dict(check.params)} if check.params else {}
    return {**named, check.kind: asked, **told, **said, **on, **_headers(check.headers)}


def _service(service: Service) -> Plain:
    on: dict[str, Plain] = {"on": list(service.hosts)} if service.hosts else {}
    return {
        **_said(service, "checks", "hosts"),
        **on,
        "checks": [_check(c) for c in service.checks],
    }


def _source(source: AlertSource) -> Plain:
    said = _said(source, "headers", "host_labels", "service_labels", "user", "password")
    if source.user:
        said["basic"] = {"user": source.user, "password": source.password}
    if source.kind == "plugin":
        said["plugin"] = source.urls[0].removeprefix("plugin:")
        said.pop("urls", None)
    target: Plain = {"host": list(source.host_labels), "service": list(source.service_labels)}
    return {**said, "target": target, **_headers(source.headers)}


def _headers(headers: Mapping[str, str]) -> dict[str, Plain]:
    shown = {
        name: value if value.startswith("secret:") else _HIDDEN for name, value in headers.items()
    }
    return {"headers": shown} if shown else {}


def _settings(settings: Settings) -> dict[str, Plain]:
    linger = "forever" if settings.linger is None else show_duration(settings.linger)
    rules: dict[str, Plain] = {}
    for name, rule in settings.rules.items():
        said = _said(rule)
        rules[name] = {("for" if key == "hold" else key): value for key, value in said.items()}
    return {
        "version": 1,
        "environment": settings.environment,
        "locked": settings.locked,
        "engine": {
            "linger": linger,
            "keepalive": show_duration(settings.keepalive),
            "handshakes": settings.handshakes,
            "handshakes_per_jump": settings.handshakes_per_jump,
            "journal_to_syslog": settings.journal_to_syslog,
        },
        "theme": settings.theme,
        "themes": list(settings.themes),
        "plugins": list(settings.plugins),
        "ack_within": show_duration(settings.ack_within),
        "rules": rules,
        "keymap": dict(settings.keymap),
        "secrets": dict(settings.secrets),
    }
