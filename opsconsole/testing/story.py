"""What happens to the fleet: a deployment, a disk that fills, a replica that lags, a host that goes silent.

Everything has a cause that the runbooks can find, and most of it ends when the right unit is restarted.
"""

from collections.abc import Callable, Mapping
from functools import partial
from random import Random
from typing import Final, NamedTuple

from msgspec.structs import replace

from opsconsole.testing.alertmanager import Fire
from opsconsole.testing.old_files import archived
from opsconsole.testing.root import iso
from opsconsole.testing.services import Backend
from opsconsole.testing.world import FakeHost, World

_CERTIFICATE_QUIET: Final = 172_800.0
_SILENCE_LASTS: Final = 240.0
_SILENCE_EVERY: Final = 900.0
_VERSION: Final = "2.14.0"
_LAG_LIMIT: Final = 60


class Beat(NamedTuple):
    """Something that happens once, so many seconds after the start."""

    at: float
    act: Callable[[World], None]


class Story:
    """Runs its beats in order and watches for what people mend."""

    def __init__(self, world: World, seed: int) -> None:
        rng = Random(f"story {seed}")  # noqa: S311  (a story, no secret)
        self._began = world.now
        self._cures: list[Callable[[World], bool]] = []
        self._lag_labels: Mapping[str, str] = {}
        self._beats = [
            Beat(0, self._load_on_some_web_hosts),
            Beat(0, self._remote_alerts),
            Beat(0, self._archiver_fails),
            Beat(1, self._report_fails),
            Beat(8, self._deploy),
            Beat(14, self._checkout_breaks),
            Beat(18, self._replica_lags),
            *(Beat(30 + n * _SILENCE_EVERY, self._one_goes_silent) for n in range(40)),
        ]
        self._beats = [beat._replace(at=beat.at * rng.uniform(0.9, 1.2)) for beat in self._beats]
        self._beats.sort(key=lambda beat: beat.at)

    def advance(self, world: World) -> None:
        """Let everything happen that is due."""
        while self._beats and world.now - self._began >= self._beats[0].at:
            self._beats.pop(0).act(world)
        self._cures = [is_over for is_over in self._cures if not is_over(world)]

    def _load_on_some_web_hosts(self, world: World) -> None:
        hosts = world.of_role("web")
        for host in hosts[2:11:2][:4] if len(hosts) > 4 else hosts[:1]:
            host.machine.load_factor = 6.6
            host.machine.loads = [2.3 * host.actor.cores] * 3
            world.log(host, "nginx[911]", "worker_connections are not enough, 2048 in use")

    def _remote_alerts(self, world: World) -> None:
        lit = world.alertmanager.light
        if world.of_role("mail"):
            lit(Fire(
                {"alertname": "QueueDepth", "severity": "warning", "service": "mailer", "team": "msg"},
                {"summary": "18.2k mails wait, limit 10k, +320/min", "runbook": "core.unit-restart"},
                world.now - 2_880,
            ))  # fmt: skip
        for host in world.of_role("edge")[:1]:
            lit(Fire(
                {
                    "alertname": "CertExpiry", "severity": "warning", "team": "edge",
                    "instance": f"{host.actor.name}:443",
                },
                {"summary": "www.example ends in 6d", "runbook_url": "https://runbooks.example/cert-renew"},
                world.now - 172_800,
            ))  # fmt: skip
            world.alertmanager.silences.make(
                {"alertname": "CertExpiry", "instance": f"{host.actor.name}:443"},
                "op2",
                "the new certificate is ordered",
                world.now + _CERTIFICATE_QUIET,
            )

    def _archiver_fails(self, world: World) -> None:
        """The cause of two fires: without its archiver a database keeps every log it ever wrote."""
        for host in world.of_role("db")[1:2] or world.of_role("db"):
            unit = "wal-archiver.service"
            disk = host.machine.disks[-1]
            disk.used, disk.growth = disk.size * 0.912, disk.size * 0.00016
            _fail(world, host, unit, "archive target is not reachable: connection refused")
            self._when_mended(host, unit, partial(self._archiver_works, host))
            self._make_room_for_what_is_deleted(host)

    def _make_room_for_what_is_deleted(self, host: FakeHost) -> None:
        left = archived(host.root.path)

        def is_over(_: World) -> bool:
            nonlocal left
            before, left = left, archived(host.root.path)
            host.machine.disks[-1].used -= (before - left) / 1024
            return left == 0

        self._cures.append(is_over)

    def _archiver_works(self, host: FakeHost, world: World) -> None:
        disk = host.machine.disks[-1]
        disk.growth = -disk.size * 0.012
        disk.used = min(disk.used, disk.size * 0.94)
        host.machine.is_stuck_on_disk = False
        world.log(host, "wal-archiver[2201]", "4182 segments archived, 1.9 TiB/h")
        self._cures.append(partial(self._lag_is_over, host))

    def _lag_is_over(self, host: FakeHost, world: World) -> bool:
        disk = host.machine.disks[-1]
        if disk.used > disk.size * 0.62:
            return False
        disk.growth = 0.0
        world.alertmanager.resolve(self._lag_labels)
        world.log(host, "postgresql[1201]", "recovery has caught up with the primary")
        return True

    def _report_fails(self, world: World) -> None:
        for host in world.of_role("batch")[:1]:
            host.root.mark_broken("nightly-report.service", broken=True)
            _fail(
                world,
                host,
                "nightly-report.service",
                "nightly.tpl: no field total_eur",
            )

    def _deploy(self, world: World) -> None:
        hosts = [host for host in world.of_role("web") if "checkout" in host.backends]
        for host in hosts:
            host.backends["checkout"].version = _VERSION
            world.log(host, "deploy[3301]", f"checkout {_VERSION} installed (build 8841, by ci)")
            stamp = iso(world.now)
            host.root.write({
                "opsc/dpkg.log": f"{stamp} upgrade checkout:amd64 2.13.2 {_VERSION}\n",
                "opsc/git.log": f"8841af2\t{stamp}\tcheckout {_VERSION}: new payment client\n",
            })  # fmt: skip
        if hosts:
            world.tell("deploy", f"checkout {_VERSION} to {len(hosts)} hosts", "service:checkout")

    def _checkout_breaks(self, world: World) -> None:
        hosts = [host for host in world.of_role("web") if "checkout" in host.backends]
        for host in hosts[1:4:2] or hosts[:1]:
            _fail(world, host, "checkout.service", f"panic: payment client {_VERSION}: nil token")
        for host in hosts[4:5]:
            backend = host.backends["checkout"]
            backend.slowness = 0.7
            world.log(host, "checkout[3412]", "slow: payment client retries, p95 4.1s")
            self._when_mended(host, "checkout.service", partial(_be_quick, backend))

    def _replica_lags(self, world: World) -> None:
        for host in world.of_role("db")[1:2] or world.of_role("db"):
            host.machine.is_stuck_on_disk = True
            self._lag_labels = {
                "alertname": "PgReplLag", "severity": "critical", "instance": f"{host.actor.name}:9187",
                "team": "db", "cluster": "main",
            }  # fmt: skip
            self._cures.append(partial(self._lag_grows, began=world.now))

    def _lag_grows(self, world: World, began: float) -> bool:
        """Tell of the lag anew each half minute; over when the alert was resolved."""
        elapsed = world.now - began
        lag = 60 + int(elapsed // 30 * 30 * 0.48) + 300
        fire = Fire(
            self._lag_labels,
            {
                "summary": f"lag {lag}s > {_LAG_LIMIT}s, rising 29s/min",
                "runbook": "core.unit-restart",
            },
            began - 30,
        )
        if elapsed > 2 and not world.alertmanager.knows(self._lag_labels):
            return True
        world.alertmanager.light(fire)
        return False

    def _one_goes_silent(self, world: World) -> None:
        candidates = [host for host in world.of_role("web") if "checkout" not in host.backends]
        if not candidates:
            return
        host = candidates[-1]
        world.silent.add(host.actor.name)
        until = world.now + _SILENCE_LASTS

        def is_over(world: World) -> bool:
            if world.now < until:
                return False
            world.silent.discard(host.actor.name)
            return True

        self._cures.append(is_over)

    def _when_mended(self, host: FakeHost, unit: str, then: Callable[[World], None]) -> None:
        """Do something once a unit runs that was started after now."""
        before = host.root.unit(unit)

        def is_over(world: World) -> bool:
            state = host.root.unit(unit)
            if not state.is_up or state.pid == before.pid:
                return False
            then(world)
            return True

        self._cures.append(is_over)


def _fail(world: World, host: FakeHost, unit: str, why: str) -> None:
    state = host.root.unit(unit)
    world.log(host, f"{unit.removesuffix('.service')}[{state.pid or 911}]", why)
    world.log(host, "systemd[1]", f"{unit}: Main process exited, code=exited, status=1/FAILURE")
    world.log(host, "systemd[1]", f"{unit}: Failed with result 'exit-code'.")
    host.root.set_unit(
        unit,
        replace(
            state,
            active="failed",
            sub="failed",
            pid=0,
            restarts=state.restarts + 5,
            since=int(world.now),
        ),
    )


def _be_quick(backend: Backend, _world: World) -> None:
    backend.slowness = 0.0
