"""The effective configuration, as `config show` prints it: everything unfolded, defaults filled in."""

from collections.abc import Mapping
from typing import Final

import msgspec

from opsconsole.config.units import show_duration
from opsconsole.config.writer import Plain, dump
from opsconsole.model.inventory import AlertSource, Check, Host, Inventory, Service, Settings

_HIDDEN: Final = "***"


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


def _said(
    record: msgspec.Struct, *, times: tuple[str, ...], without: tuple[str, ...] = ()
) -> dict[str, Plain]:
    """Give what differs from nothing, with times as people write them."""
    found: dict[str, Plain] = {}
    for name, value in msgspec.to_builtins(record).items():
        if name not in without and value not in (None, "", [], {}):
            found[name] = show_duration(value) if name in times else value
    return found


def _host(host: Host) -> Plain:
    return _said(host, times=("every", "timeout"))


def _check(check: Check) -> dict[str, Plain]:
    said = _said(
        check,
        times=("every", "timeout", "retry"),
        without=("headers", "kind", "target", "argv", "service"),
    )
    asked: Plain = list(check.argv) if check.kind == "exec" else check.target
    return {"name": check.name, check.kind: asked, **said, **_headers(check.headers)}


def _service(service: Service) -> Plain:
    said = _said(service, times=(), without=("checks",))
    return {**said, "checks": [_check(check) for check in service.checks]}


def _source(source: AlertSource) -> Plain:
    said = _said(
        source, times=("every", "timeout"), without=("headers", "host_labels", "service_labels")
    )
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
        said = _said(rule, times=("hold",))
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
