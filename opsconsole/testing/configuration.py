"""The demo's own `opsconsole.yaml`: short intervals, so that fires are there within seconds."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from opsconsole.config.writer import Plain, dump
from opsconsole.testing.services import OFFERS
from opsconsole.testing.world import FakeHost

_HEAD = """\
# Written by `opsconsole demo`: a fleet of fake hosts on loopback. Everything here is thrown away with it.
"""

_WAITS: Final = {
    "FsSpace": "2s", "FsInodes": "2s", "MemAvailable": "4s", "LoadPerCore": "2s", "ClockOffset": "4s",
    "HostUnreachable": "6s", "UnitFailed": "1s",
}  # fmt: skip


def configuration(
    directory: Path,
    hosts: Sequence[FakeHost],
    urls: dict[tuple[str, str], str],
    alertmanagers: Sequence[str],
    balancer: str,
) -> str:
    """Write the file's text.

    Args:
        directory: The fleet's folder, where keys and known hosts are.
        hosts: All hosts, listening.
        urls: Service and host to where it answers.
        alertmanagers: Members of the one cluster.
        balancer: The load balancer's API.
    """
    document: dict[str, Plain] = {
        "version": 1,
        "environment": "prod",
        "ack_within": "1m",
        "engine": {"linger": "1m", "keepalive": "3s", "journal_to_syslog": False},
        "defaults": _defaults(directory),
        "hosts": [_host(host) for host in hosts],
        "services": [
            service
            for service in (_service(offer.name, hosts, urls) for offer in OFFERS)
            if service
        ],
        "alert_sources": [
            {
                "name": "main",
                "kind": "alertmanager",
                "urls": list(alertmanagers),
                "every": "3s",
                "timeout": "2s",
            }
        ],
        "http": {
            "lb": {"url": balancer, "methods": ["GET", "PUT"], "timeout": "5s"},
            "alertmanager": {"url": alertmanagers[0], "methods": ["GET", "POST"], "timeout": "5s"},
        },
        "rules": {name: {"for": wait} for name, wait in _WAITS.items()},
        **_people(directory),
    }
    return _HEAD + dump(document)


def _people(directory: Path) -> dict[str, Plain]:
    """Say who is on call, and how they are told: what the pager gets is kept in a file."""
    pager = [shutil.which("tee") or "/usr/bin/tee", "-a", str(directory / "pager.jsonl")]
    return {
        "on_call": {
            "rotation": {
                "people": ["op1", "op2", "op3"],
                "every": "1d",
                "start": "2026-01-05T09:00",
            }
        },
        "escalate": [{"after": "90s", "to": "primary"}, {"after": "4m", "to": "secondary"}],
        "notify": [{"name": "pager", "kind": "exec", "run": pager, "limit": 20}],
    }


def _defaults(directory: Path) -> Plain:
    return {
        "user": "op1",
        "every": "3s",
        "timeout": "3s",
        "identity": str(directory / "id_ed25519"),
        "known_hosts": str(directory / "known_hosts"),
        "ssh_config": str(directory / "ssh_config"),
    }


def _host(host: FakeHost) -> Plain:
    actor = host.actor
    labels: Plain = {"role": actor.role, "rack": actor.rack, "zone": f"eu-1{actor.zone}"}
    more: dict[str, Plain] = (
        {"depends_on": ["host:db-prod-01"]} if actor.role == "db" and actor.index > 1 else {}
    )
    return {
        "name": actor.name, "address": actor.address, "port": host.server.port, "labels": labels, **more,
    }  # fmt: skip


def _service(name: str, hosts: Sequence[FakeHost], urls: dict[tuple[str, str], str]) -> Plain:
    offer = next(offer for offer in OFFERS if offer.name == name)
    carriers = [host.actor.name for host in hosts if (name, host.actor.name) in urls]
    if not carriers:
        return None
    checks: list[Plain] = [
        _check(name, offer.kind, carrier, urls[name, carrier]) for carrier in carriers
    ]
    return {
        "name": name,
        "labels": {
            "unit": offer.unit,
            "lb_pool": name,
            "tier": "front" if offer.kind == "http" else "data",
        },
        "on": {"hosts": [host.actor.name for host in hosts if host.actor.role == offer.role]},
        "runbook": "core.unit-restart",
        "slo": {"objective": "99.5%", "period": "7d"},
        "checks": checks,
        **({"depends_on": ["service:postgres"]} if name in ("checkout", "search") else {}),
    }


def _check(name: str, kind: str, carrier: str, url: str) -> Plain:
    usual: dict[str, Plain] = {
        "name": carrier,
        "every": "4s",
        "timeout": "3s",
        "fails": 2,
        "retry": "1s",
    }
    if kind == "tcp":
        return {**usual, "tcp": url.removeprefix("http://")}
    return {
        **usual,
        "http": f"{url}/health",
        "must": ["status == 200", 'body.$.db == "up"'],
        "should": ["latency < 500ms" if name == "checkout" else "latency < 2s"],
    }
