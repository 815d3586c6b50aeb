"""The first file of `opsconsole init`: what is there already, written down with comments."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.config.kinds import is_name
from opsconsole.inventory import ssh_config
from opsconsole.inventory.local import this_machine

AskHttp = Callable[[str], bool]
"""Told a URL, answers whether something there answers 200; bounded in time by whoever provides it."""

_ALERTMANAGER: Final = "http://localhost:9093"
_KNOWN_LIMIT: Final = 50
_KEYS: Final = ("id_ed25519", "id_ecdsa", "id_rsa")


class Draft(Struct, frozen=True):
    """A configuration text and what it was made from."""

    text: str
    found: tuple[str, ...] = ()
    """Sentences: `12 hosts in ~/.ssh/config`."""


def draft(home: Path, ask_http: AskHttp) -> Draft:
    """Look at ssh config, known_hosts and Alertmanager on localhost; write nothing."""
    found: list[str] = []
    parts = [
        _HEAD,
        _defaults(home),
        _ssh(home, found),
        _known(home, found),
        _SERVICES,
        _alertmanager(ask_http, found),
    ]
    return Draft("\n".join(part for part in parts if part), tuple(found))


_HEAD: Final = """\
# opsconsole: what to watch.  `opsconsole config check` reads this file and says what is wrong.
version: 1

# The name of this fleet, shown in the frame. With `prod`, changes are locked until `:unlock`.
# environment: prod
"""

_SERVICES: Final = """\
# Services, and how to ask them. `must` fails: down; `should` fails: degraded.
# services:
#   - name: shop-api
#     http: https://shop.example/health
#     every: 30s
#     must: [status == 200]
#     should: [latency < 500ms, cert.expires_in > 21d]
#     on: {role: web}
"""


def _defaults(home: Path) -> str:
    keys = [f"~/.ssh/{name}" for name in _KEYS if (home / ".ssh" / name).is_file()]
    identity = f"  identity: {keys[0]}\n" if keys else "  # identity: ~/.ssh/id_ed25519\n"
    return (
        "# What every host has that does not say otherwise.\n"
        f"defaults:\n  # user: ops\n  every: 10s\n{identity}  known_hosts: ~/.ssh/known_hosts\n"
    )


def _ssh(home: Path, found: list[str]) -> str:
    path = home / ".ssh" / "config"
    names = (
        [n for line in ssh_config.read(path, home).concrete() for n in line]
        if path.is_file()
        else []
    )
    if not names:
        return "# Hosts of other files:\n# inventory:\n#   - ssh_config: ~/.ssh/config\n#   - ansible: hosts.ini\n"
    found.append(f"{len(names)} hosts in ~/.ssh/config")
    shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
    head = f"# Every concrete Host of your OpenSSH configuration: {shown}\n"
    return f"{head}inventory:\n  - ssh_config: ~/.ssh/config\n"


def _known(home: Path, found: list[str]) -> str:
    """Propose hosts that were logged in to before, commented out: not all of them need watching."""
    try:
        text = (home / ".ssh" / "known_hosts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    names: dict[str, None] = {}
    hashed = 0
    for line in text.splitlines():
        first = line.split(" ")[0]
        hashed += first.startswith("|1|")
        names |= dict.fromkeys(
            n for n in first.split(",")[:1] if is_name(n) and not n.startswith("@")
        )
    if hashed:
        found.append(f"{hashed} hashed lines in ~/.ssh/known_hosts, which name nobody")
    head = "# Hosts, one by one or in ranges: web[01-20]. This very machine is asked without SSH.\n"
    own = f"hosts:\n  - {{name: {this_machine().name}, transport: local}}\n"
    if not names:
        return f"{head}{own}  # - name: web[01-20]\n  #   labels: {{role: web}}\n"
    found.append(f"{len(names)} hosts in ~/.ssh/known_hosts")
    lines = "".join(f"  # - {name}\n" for name in list(names)[:_KNOWN_LIMIT])
    return f"{head}{own}  # You logged in to these before; remove the `#` where one is to be watched.\n{lines}"


def _alertmanager(ask_http: AskHttp, found: list[str]) -> str:
    if ask_http(f"{_ALERTMANAGER}/api/v2/status"):
        found.append(f"an Alertmanager at {_ALERTMANAGER}")
        return f"alert_sources:\n  - {{name: main, kind: alertmanager, urls: [{_ALERTMANAGER}]}}\n"
    return (
        "# Alerts of Alertmanager; name every member of a cluster.\n# alert_sources:\n"
        "#   - {name: main, kind: alertmanager, urls: [http://am-1:9093, http://am-2:9093]}\n"
    )
