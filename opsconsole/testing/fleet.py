"""The fake fleet: everything that the demo and the end-to-end tests run against, on loopback, in one folder."""

import asyncio
import contextlib
from pathlib import Path
from types import TracebackType
from typing import Final

import asyncssh
import msgspec

from opsconsole.clock import Clock, SystemClock
from opsconsole.testing import tools
from opsconsole.testing.alertmanager import FakeAlertmanager
from opsconsole.testing.balancer import Balancer
from opsconsole.testing.chatter import Chatter
from opsconsole.testing.configuration import configuration
from opsconsole.testing.http_server import HttpServer, Reply
from opsconsole.testing.machine import make_machine
from opsconsole.testing.old_files import leave_old_files
from opsconsole.testing.proc_text import moving, processes, slower, still
from opsconsole.testing.root import Root
from opsconsole.testing.roster import Actor, roster
from opsconsole.testing.services import OFFERS, Backend
from opsconsole.testing.spools import end_spooled
from opsconsole.testing.ssh_server import HostServer, Surroundings
from opsconsole.testing.story import Story
from opsconsole.testing.units import UnitState
from opsconsole.testing.world import FakeHost, Tell, World

_STEP: Final = 1.0
_BOOT: Final = 5.0
"""Seconds a reboot takes."""
_SLOWER_EVERY: Final = 6
"""Steps between two writes of what moves slowly; hosts take turns. The rest moves with each: a look at
processes compares two moments a second apart."""
_ALL_MOVE: Final = 100
"""Hosts up to which that is so; of more only every second one moves with a step."""
_SKEW: Final = 1.4
_END_WITHIN: Final = 5.0
"""Seconds for all commands to end when the fleet stops."""


class Fleet:
    """Simulated hosts, services and alerts; use as an async context manager.

    Args:
        directory: Everything is written below it, and only there.
        hosts: How many.
        seed: Same seed, same fleet and same story.
        story: False for a fleet where nothing ever happens.
        clock: Where time comes from.
        tell: Told what the story does that people would tell each other, beside `events.jsonl`.
    """

    def __init__(
        self,
        directory: Path,
        *,
        hosts: int = 40,
        seed: int = 7,
        story: bool = True,
        clock: Clock | None = None,
        tell: Tell | None = None,
    ) -> None:
        self.directory = directory.absolute()
        self.config = self.directory / "opsconsole.yaml"
        self._count = hosts
        self._seed = seed
        self._has_story = story
        self._clock = clock or SystemClock()
        self._also_tell = tell
        self._https: list[HttpServer] = []
        self._stack = contextlib.AsyncExitStack()
        self.balancer = Balancer(self._clock.now)
        self._booting: dict[str, float] = {}
        """Hosts that reboot, and when they are back."""
        self._urls: dict[tuple[str, str], str] = {}
        self.world = World({}, FakeAlertmanager(self._clock.now()), self._clock.now(), self._tell)

    async def __aenter__(self) -> "Fleet":
        """Start everything; the configuration is written when it listens."""
        self.directory.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._prepare)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._stop)
            await self._listen()
            task = asyncio.create_task(self._live(), name="fake fleet")
            stack.push_async_callback(_ended, task)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Stop everything; the folder stays."""
        await self._stack.aclose()

    def host(self, name: str) -> FakeHost:
        """Give a host by name."""
        return self.world.hosts[name]

    def _prepare(self) -> None:
        tools.install(self.directory / "bin")
        (self.directory / "ssh_config").write_text(
            "# nothing of the user's own configuration applies here\n"
        )
        key = asyncssh.generate_private_key("ssh-ed25519", comment="op1@demo")
        host_key = asyncssh.generate_private_key("ssh-ed25519", comment="demo")
        self._private("id_ed25519", key.export_private_key())
        self._private("host_key", host_key.export_private_key())
        (self.directory / "id_ed25519.pub").write_bytes(key.export_public_key())
        options = asyncssh.SSHServerConnectionOptions(
            server_host_keys=[host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(key.export_public_key().decode()),
            password_auth=False, kbdint_auth=False, gss_host=None, agent_forwarding=False, x11_forwarding=False,
            encoding=None, login_timeout=15,
        )  # fmt: skip
        now = self._clock.now()
        self.world.hosts = {
            actor.name: self._make(actor, options, now) for actor in roster(self._count)
        }
        for host in self.world.of_role("cache")[-1:] if self._has_story else ():
            tools.slow_clock(host.root.path / "bin", self.directory / "bin", _SKEW)

    def _private(self, name: str, content: bytes) -> None:
        path = self.directory / name
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)

    def _make(
        self, actor: Actor, options: asyncssh.SSHServerConnectionOptions, now: float
    ) -> FakeHost:
        root = Root(self.directory / "hosts" / actor.name)
        machine = make_machine(actor, self._seed, now)
        root.write(
            {
                **still(machine),
                **moving(machine, now),
                **slower(machine),
                "home/.hushlogin": "",
            }
        )
        leave_old_files(root.path, actor, now)
        for number, unit in enumerate(actor.units):
            root.set_unit(
                unit, UnitState("active", "running", 700 + number * 41, 0, int(machine.started))
            )
        root.log(
            now - 60,
            "systemd[1]",
            "Started cron.service - Regular background program processing daemon.",
        )
        path = f"{root.path / 'bin'}:{self.directory / 'bin'}"
        host = FakeHost(
            actor, machine, root, HostServer(Surroundings(actor.name, root.path, path), options)
        )
        host.backends = {
            offer.name: Backend(offer, machine, root)
            for offer in OFFERS
            if offer.role == actor.role and actor.index <= offer.most
        }
        return host

    async def _listen(self) -> None:
        hosts = list(self.world.hosts.values())
        for host in hosts:
            await host.server.start(host.actor.address)
            for name, backend in host.backends.items():
                server = HttpServer(backend.answer)
                await server.start(host.actor.address)
                self._https.append(server)
                self._urls[name, host.actor.name] = server.url
        for offer in OFFERS:
            carriers = [host.actor.name for host in hosts if offer.name in host.backends]
            self.balancer.fill(offer.name, carriers)
        balancer = HttpServer(self.balancer.answer, self.balancer.change)
        await balancer.start("127.0.0.1")
        self._https.append(balancer)
        members = [HttpServer(self._alerts, self._silence) for _ in range(2)]
        for member in members:
            await member.start("127.0.0.1")
        self._https += members
        host_key = (
            asyncssh.read_private_key(self.directory / "host_key")
            .export_public_key()
            .decode()
            .strip()
        )
        known = "".join(f"[{host.actor.address}]:{host.server.port} {host_key}\n" for host in hosts)
        (self.directory / "known_hosts").write_text(known)
        self.config.write_text(
            configuration(self.directory, hosts, self._urls, [m.url for m in members], balancer.url)
        )

    def _alerts(self, target: str) -> Reply:
        return self.world.alertmanager.answer(target, self._clock.now())

    def _silence(self, method: str, target: str, body: bytes) -> Reply:
        return self.world.alertmanager.change(method, target, body, self._clock.now())

    async def _live(self) -> None:
        story = Story(self.world, self._seed) if self._has_story else None
        chatter = Chatter(self._seed)
        step, before = 0, self._clock.now()
        while True:
            self.world.now = now = self._clock.now()
            if story is not None:
                story.advance(self.world)
            for number, host in enumerate(self.world.hosts.values()):
                host.machine.advance(max(0.0, now - before), now)
                if self._count <= _ALL_MOVE or (number + step) % 2 == 0:
                    host.root.write({**moving(host.machine, now), **processes(host.machine)})
                if (number + step) % _SLOWER_EVERY == 0:
                    host.root.write(slower(host.machine))
                    await asyncio.sleep(0)
            chatter.say(self.world)
            self._reboot(now)
            await self.world.settle()
            step, before = step + 1, now
            await self._clock.sleep(_STEP)

    def _reboot(self, now: float) -> None:
        """A host that was told to goes away, and comes back as another boot."""
        for name, host in self.world.hosts.items():
            mark = host.root.path / "opsc" / "reboot"
            if mark.exists():
                mark.unlink()
                host.machine.reboot(now)
                host.root.write({**still(host.machine), **moving(host.machine, now)})
                self._booting[name] = now + _BOOT
                self.world.silent.add(name)
            elif self._booting.get(name, now + 1) <= now:
                del self._booting[name]
                self.world.silent.discard(name)

    def _tell(self, kind: str, text: str, on: str) -> None:
        """Write what happened down for whoever shows it beside the fleet."""
        line = msgspec.json.encode({"at": self._clock.now(), "kind": kind, "text": text, "on": on})
        with (self.directory / "events.jsonl").open("ab") as file:
            file.write(line + b"\n")
        if self._also_tell is not None:
            self._also_tell(kind, text, on)

    async def _stop(self) -> None:
        for server in self._https:
            await server.stop()
        servers = [host.server for host in self.world.hosts.values()]
        for host_server in servers:
            host_server.stop()
        await asyncio.sleep(0)
        sessions = [task for host_server in servers for task in host_server.sessions]
        if sessions:
            await asyncio.wait(sessions, timeout=_END_WITHIN)
        for host in self.world.hosts.values():
            end_spooled(host.root.path / "home")


async def _ended(task: asyncio.Task[None]) -> None:
    """End a task and wait for it; what it broke on is raised here."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
