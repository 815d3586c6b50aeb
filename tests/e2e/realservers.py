"""Debian's Alertmanager and Prometheus on loopback, for end-to-end tests; nothing stays behind."""

import json
import subprocess
import time
import urllib.error
import urllib.request
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
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        give_up = time.monotonic() + 30
        while not self._is_ready():
            if time.monotonic() > give_up or self._process.poll() is not None:
                raise AssertionError((self.folder / "log").read_text())
            time.sleep(0.05)  # another process has to come up
        return self

    def __exit__(self, *_args: object) -> None:
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


class RealAlertmanager(RealServer):
    """A single Alertmanager without receivers."""

    def command(self) -> list[str]:
        """What to run."""
        program = need("prometheus-alertmanager", "prometheus-alertmanager")
        config = self.folder / "alertmanager.yml"
        config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        return [
            program, f"--config.file={config}", f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address=",
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
    """A Prometheus with one rule that always fires into an Alertmanager."""

    def __init__(self, folder: Path, alertmanager: RealAlertmanager) -> None:
        super().__init__(folder)
        self._alertmanager = alertmanager

    def command(self) -> list[str]:
        """What to run."""
        program = need("prometheus", "prometheus")
        (self.folder / "rules.yml").write_text(_RULES)
        config = self.folder / "prometheus.yml"
        config.write_text(
            "global: {scrape_interval: 5s, evaluation_interval: 1s}\n"
            "rule_files: [rules.yml]\n"
            "scrape_configs:\n"
            f"  - {{job_name: prometheus, static_configs: [{{targets: ['127.0.0.1:{self.port}']}}]}}\n"
            "alerting:\n  alertmanagers:\n"
            f"    - static_configs: [{{targets: ['127.0.0.1:{self._alertmanager.port}']}}]\n"
        )
        return [
            program, f"--config.file={config}", f"--storage.tsdb.path={self.folder / 'data'}",
            "--rules.alert.resend-delay=1s",  # its first word goes out before it knows to whom
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]  # fmt: skip
