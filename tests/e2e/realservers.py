"""Debian's Alertmanager and Prometheus on loopback, for end-to-end tests; nothing stays behind."""

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from tests.realsshd import free_port, need

_RULES = """
groups:
  - name: test
    interval: 1s
    rules:
      - alert: AlwaysOn
        expr: vector(1)
        labels: {severity: critical, instance: "web001:9100"}
        annotations: {summary: "a rule of a real Prometheus"}
"""


class RealServer:
    """One server process with an HTTP port."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """What to run."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def start(self) -> None:
        """Run it, on the same port and data as before, and wait until it is ready."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        give_up = time.monotonic() + 30
        while not self._is_ready():
            if time.monotonic() > give_up or self._process.poll() is not None:
                raise AssertionError((self.folder / "log").read_text())
            time.sleep(0.05)  # another process has to come up

    def reload(self) -> None:
        """Let it read its files again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGHUP)

    def __exit__(self, *_args: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it; its port and data stay."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=2) as answer:
                return int(answer.status) == 200
        except (urllib.error.URLError, OSError):
            return False


_ALERTMANAGER = "route: {receiver: none}\nreceivers: [{name: none}]\n"


class RealAlertmanager(RealServer):
    """An Alertmanager without receivers: alone, or a peer of others.

    Args:
        folder: Its files.
        peers: Other members of its cluster; None: it is alone.
        config: Its configuration.
    """

    def __init__(
        self,
        folder: Path,
        peers: "Sequence[RealAlertmanager] | None" = None,
        config: str = _ALERTMANAGER,
    ) -> None:
        super().__init__(folder)
        self._peers = peers
        self._config = config
        self.gossip = f"127.0.0.1:{free_port()}"

    def _cluster(self) -> list[str]:
        if self._peers is None:
            return ["--cluster.listen-address="]
        return [
            f"--cluster.listen-address={self.gossip}",
            f"--cluster.advertise-address={self.gossip}",
            "--cluster.settle-timeout=1s", "--cluster.gossip-interval=50ms",
            "--cluster.pushpull-interval=1s", "--cluster.reconnect-interval=500ms",
            *(f"--cluster.peer={peer.gossip}" for peer in self._peers),
        ]  # fmt: skip

    def command(self) -> list[str]:
        """What to run."""
        program = need("prometheus-alertmanager", "prometheus-alertmanager")
        config = self.folder / "alertmanager.yml"
        config.write_text(self._config)
        return [
            program, f"--config.file={config}", f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}", *self._cluster(),
        ]  # fmt: skip

    def post(self, count: int) -> None:
        """Give it firing alerts on hosts web001, web002, ..."""
        starts = datetime.now(UTC).isoformat()
        alerts = [
            {
                "labels": {
                    "alertname": f"Test{n:04}", "instance": f"web{n % 200 + 1:03}:9100",
                    "severity": "warning",
                },
                "annotations": {"summary": f"alert {n}"},
                "startsAt": starts,
            }
            for n in range(count)
        ]  # fmt: skip
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts",
            data=json.dumps(alerts).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            assert answer.status == 200


class RealPrometheus(RealServer):
    """A Prometheus that fires into Alertmanagers.

    Args:
        folder: Its files.
        alertmanagers: Who is told.
        rules: Its rule file; the usual one has one rule that always fires.
        external: External labels, as YAML.
    """

    def __init__(
        self,
        folder: Path,
        *alertmanagers: RealAlertmanager,
        rules: str = _RULES,
        external: str = "{}",
    ) -> None:
        super().__init__(folder)
        self._alertmanagers = alertmanagers
        self._rules = rules
        self._external = external

    def use(self, rules: str) -> None:
        """Replace its rules while it runs."""
        self._rules = rules
        (self.folder / "rules.yml").write_text(rules)
        self.reload()

    def command(self) -> list[str]:
        """What to run."""
        program = need("prometheus", "prometheus")
        (self.folder / "rules.yml").write_text(self._rules)
        config = self.folder / "prometheus.yml"
        told = ", ".join(f"'127.0.0.1:{server.port}'" for server in self._alertmanagers)
        config.write_text(
            "global: {scrape_interval: 5s, evaluation_interval: 1s,"
            f" external_labels: {self._external}}}\n"
            "rule_files: [rules.yml]\n"
            "scrape_configs:\n"
            f"  - {{job_name: prometheus, static_configs: [{{targets: ['127.0.0.1:{self.port}']}}]}}\n"
            "alerting:\n"
            "  alert_relabel_configs: [{regex: replica, action: labeldrop}]\n"
            "  alertmanagers:\n"
            f"    - static_configs: [{{targets: [{told}]}}]\n"
        )
        return [
            program, f"--config.file={config}", f"--storage.tsdb.path={self.folder / 'data'}",
            "--rules.alert.resend-delay=1s",  # its first word goes out before it knows to whom
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]  # fmt: skip
