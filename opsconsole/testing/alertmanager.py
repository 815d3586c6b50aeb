"""An Alertmanager as its API v2 shows it: status and alerts, changed by the story, and silences, by people.

Shapes as Alertmanager 0.27 sends them; as with the real one only `updatedAt` and `endsAt` move between two
re-sends, once a minute, and a resolved alert is simply gone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec
from msgspec import Struct

from opsconsole.errors import QueryError
from opsconsole.model.alert import fingerprint
from opsconsole.query.matchers import matches, parse_matchers
from opsconsole.testing.http_server import Reply
from opsconsole.testing.silences import LIST, FakeSilences

_RESEND: Final = 60.0
_LIFE: Final = 240.0
_JSON: Final = "application/json"


class Fire(Struct, frozen=True):
    """One alert that the story lights."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    since: float


class FakeAlertmanager:
    """One cluster's alerts; every member answers from the same list."""

    def __init__(self, started: float) -> None:
        self._started = started
        self._fires: dict[str, Fire] = {}
        self.silences = FakeSilences()

    def light(self, fire: Fire) -> None:
        """Add or change an alert; its labels name it."""
        self._fires[fingerprint(fire.labels)] = fire

    def knows(self, labels: Mapping[str, str]) -> bool:
        """Tell whether an alert with these labels burns."""
        return fingerprint(labels) in self._fires

    def resolve(self, labels: Mapping[str, str]) -> None:
        """Take an alert away."""
        self._fires.pop(fingerprint(labels), None)

    def answer(self, target: str, now: float) -> Reply:
        """Answer one question."""
        path, query = urlsplit(target).path, urlsplit(target).query
        if path == "/api/v2/alerts":
            return self._alerts(parse_qs(query).get("filter", []), now)
        if path == "/api/v2/status":
            return _json(_status(self._started))
        if path == LIST:
            return self.silences.answer(now)
        if path in ("/-/ready", "/-/healthy"):
            return Reply(200, b"OK\n")
        return Reply(404, b"not found\n")

    def change(self, method: str, target: str, body: bytes, now: float) -> Reply:
        """Make, change or end a silence."""
        return self.silences.change(method, urlsplit(target).path, body, now)

    def _alerts(self, filters: Sequence[str], now: float) -> Reply:
        try:
            wanted = parse_matchers(" ".join(filters)) if filters else ()
        except QueryError as error:
            return Reply(400, msgspec.json.encode(f"bad matcher: {error.text}"), _JSON)
        found = [
            _alert(name, fire, self.silences.hiding(fire.labels, now), now)
            for name, fire in sorted(self._fires.items())
            if matches(wanted, fire.labels)
        ]
        return _json(found)


def _json(value: object) -> Reply:
    return Reply(200, msgspec.json.encode(value) + b"\n", _JSON)


def _status(started: float) -> object:
    peers = [{"name": f"01DEMO{n}", "address": f"192.0.2.{n}:9094"} for n in (1, 2)]
    return {
        "cluster": {"name": "01DEMO1", "peers": peers, "status": "ready"},
        "config": {"original": "route:\n  receiver: ops\nreceivers:\n- name: ops\n"},
        "uptime": _stamp(started),
        "versionInfo": {"version": "0.27.0", "branch": "HEAD", "goVersion": "go1.21.7", "revision": "demo",
                        "buildDate": "", "buildUser": ""},
    }  # fmt: skip


def _alert(print_: str, fire: Fire, silenced_by: Sequence[str], now: float) -> object:
    sent = fire.since + (now - fire.since) // _RESEND * _RESEND
    return {
        "annotations": dict(fire.annotations),
        "endsAt": _stamp(sent + _LIFE),
        "fingerprint": print_,
        "receivers": [{"name": "ops"}],
        "startsAt": _stamp(fire.since),
        "status": {
            "inhibitedBy": [],
            "mutedBy": [],
            "silencedBy": silenced_by,
            "state": "suppressed" if silenced_by else "active",
        },
        "updatedAt": _stamp(sent),
        "generatorURL": f"http://prometheus.example/graph?g0.expr={fire.labels['alertname']}",
        "labels": dict(fire.labels),
    }


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
