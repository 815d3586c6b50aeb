"""A scripted Remote, a clock without waiting, and a snapshot to plan against."""

import asyncio
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from msgspec import Struct

from opsconsole.actions.registry import Registry
from opsconsole.actions.steps import HttpCall
from opsconsole.errors import TransportError
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Access, HostRecord, ServiceRecord, Snapshot
from opsconsole.model.states import HostState, Reach
from opsconsole.runs.ports import Ports
from opsconsole.transport.base import Answer, Command, Ending, OnDispatch, OnOutput
from opsconsole.transport.spool import PROBE


class FakeClock:
    """Time passes only when somebody sleeps."""

    def __init__(self, at: float = 1_700_000_000.0) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += max(0.0, seconds)
        await asyncio.sleep(0)


class Exit(Struct, frozen=True):
    code: int = 0
    stdout: str | bytes = ""
    stderr: str = ""


class Drop(Struct, frozen=True):
    """The connection goes: before the request was confirmed, or after."""

    after_dispatch: bool = True


class Hang(Struct, frozen=True):
    """Never answers."""


class End(Struct, frozen=True):
    """Any other ending."""

    ending: Ending
    signal: str = ""


Behaviour = Exit | Drop | Hang | End


class FakeRemote:
    """Answers by rules: (host glob, command glob) in the order they were given, newest first."""

    def __init__(self) -> None:
        self._rules: list[tuple[str, str, list[Behaviour]]] = []
        self.dispatched: list[tuple[str, str]] = []
        self.commands: list[Command] = []
        self.hanging = asyncio.Event()
        self.spools: dict[str, str] = {}
        """What a host's spool says when it is asked, in the spool's words: `rc 0 3`; nothing: it says nothing."""
        self.spool_says = "spool"
        """Whether hosts can keep anything: `spool`, or why not."""
        self.asked: list[tuple[str, Command]] = []
        """Questions to spools."""
        self.before: Callable[[str, str], None] = lambda _host, _line: None

    def on(self, line: str, *behaviours: Behaviour, host: str = "*") -> None:
        """Say what a command does, one behaviour a call, the last one for ever."""
        self._rules.insert(0, (host, line, list(behaviours)))

    async def run(
        self,
        host: Host,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        if command.script.startswith("umask 077"):
            return await self._ask_spool(host, command)
        if command == PROBE:
            return Answer(Ending.EXITED, 0, stdout=self.spool_says.encode())
        line = " ".join(command.argv) or f"sh: {command.script} {' '.join(command.args)}"
        self.before(host.name, line)
        behaviour = self._pick(host.name, line)
        if isinstance(behaviour, Drop) and not behaviour.after_dispatch:
            return Answer(Ending.UNREACHABLE, reach=Reach.REFUSED, reason="connection refused")
        await asyncio.sleep(0)
        if on_dispatch is not None:
            await on_dispatch()
        self.dispatched.append((host.name, line))
        self.commands.append(command)
        await asyncio.sleep(0)
        return await self._answer(behaviour, on_output)

    async def _ask_spool(self, host: Host, command: Command) -> Answer:
        self.asked.append((host.name, command))
        await asyncio.sleep(0)
        token, said = command.args[0], self.spools.get(host.name, "")
        lines = ["here boot-1", *said.splitlines()] if said else []
        stderr = "".join(f"\x1e{token} {line}\n" for line in lines).encode()
        return Answer(Ending.EXITED, 0, stderr=stderr)

    async def _answer(self, behaviour: Behaviour, on_output: OnOutput | None) -> Answer:
        match behaviour:
            case Hang():
                self.hanging.set()
                await asyncio.Event().wait()
                raise AssertionError("unreachable")
            case Drop():
                return Answer(Ending.LOST, reason="connection lost")
            case End():
                return Answer(behaviour.ending, signal=behaviour.signal, took=3.0)
            case Exit():
                out = behaviour.stdout
                stdout = out.encode() if isinstance(out, str) else out
                stderr = behaviour.stderr.encode()
                if on_output is not None:
                    if stdout:
                        on_output("out", stdout)
                    if stderr:
                        on_output("err", stderr)
                return Answer(Ending.EXITED, behaviour.code, stdout=stdout, stderr=stderr, took=0.1)

    def _pick(self, host: str, line: str) -> Behaviour:
        for on_host, pattern, behaviours in self._rules:
            if fnmatchcase(host, on_host) and fnmatchcase(line, pattern):
                return behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        return Exit()

    async def ask(
        self, host: Host, script: str, env: Mapping[str, str], *, timeout: float, max_output: int
    ) -> bytes:
        raise TransportError(host.name, "silent", "no loops here")

    async def scan(self, host: Host) -> HostKey:
        raise TransportError(host.name, "silent", "no keys here")

    def retry(self, host: Host) -> None: ...

    async def forget(self, host: Host) -> None: ...

    async def close(self) -> None: ...


def make_snapshot(
    *names: str,
    access: Access | None = None,
    services: Mapping[str, tuple[str, ...]] | None = None,
    hostname: str = "",
) -> Snapshot:
    """Hosts that are up, and services on them."""
    hosts = {
        name: HostRecord(
            name,
            address=f"192.0.2.{n + 1}",
            labels={"role": "web" if name.startswith("web") else "db"},
            state=HostState.OK,
            reach=Reach.UP,
            facts={"init": "systemd", "os": "Debian", "hostname": hostname},
        )
        for n, name in enumerate(names)
    }
    carried = {name: ServiceRecord(name, hosts=on) for name, on in (services or {}).items()}
    return Snapshot(now=1_700_000_000.0, hosts=hosts, services=carried, access=access or Access())


class FakeClients:
    """Named HTTP clients: `METHOD path` to behaviours, newest first; what is not said is 200 with `{}`."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.sent: list[str] = []
        self.keys: list[str] = []
        self._rules: list[tuple[str, Behaviour]] = []

    def on(self, pattern: str, behaviour: Behaviour) -> None:
        self._rules.insert(0, (pattern, behaviour))

    def why_not(self, client: str, method: str = "GET") -> str:
        return "" if client in self.names else f"no client {client} to {method} with"

    async def send(
        self,
        call: HttpCall,
        *,
        key: str,
        timeout: float,
        max_output: int,
        on_dispatch: OnDispatch | None = None,
    ) -> Answer:
        line = f"{call.method} {call.path}"
        behaviour = next(
            (each for glob, each in self._rules if fnmatchcase(line, glob)), Exit(200, "{}")
        )
        if isinstance(behaviour, Drop) and not behaviour.after_dispatch:
            return Answer(Ending.UNREACHABLE, reach=Reach.REFUSED, reason="connection refused")
        if on_dispatch is not None:
            await on_dispatch()
        self.sent.append(call.words)
        self.keys.append(key)
        await asyncio.sleep(0)
        if isinstance(behaviour, Exit):
            content = behaviour.stdout
            body = content.encode() if isinstance(content, str) else content
            return Answer(Ending.EXITED, behaviour.code, stdout=body[:max_output], took=timeout)
        return Answer(Ending.LOST, reason="connection lost")


class Engine:
    """What the engine's side of the ports sees."""

    def __init__(self, remote: FakeRemote, snapshot: Snapshot) -> None:
        self.remote = remote
        self.snapshot = snapshot
        self.access = snapshot.access
        self.published: list[Run] = []
        self.polled: list[str] = []
        self.glanced: list[str] = []
        self.troubles: list[str] = []
        self.addresses: dict[str, str] = {}
        self.clients = FakeClients()
        self.secrets: dict[str, str] = {}

    async def secret(self, name: str) -> str:
        return self.secrets[name]

    def host(self, name: str) -> Host | None:
        known = name in self.snapshot.hosts
        return Host(name, self.addresses.get(name, name)) if known else None

    def ports(self) -> Ports:
        return Ports(
            remote=self.remote,
            host=self.host,
            access=lambda: self.access,
            records=lambda: self.snapshot.hosts,
            snapshot=lambda: self.snapshot,
            publish=self.published.append,
            poll=self.polled.extend,
            glance=self.glanced.extend,
            trouble=self.troubles.append,
            clients=self.clients,
            secret=self.secret,
            secrets=lambda: self.secrets,
        )


def registry_of(*actions: object) -> Registry:
    return Registry(actions)  # type: ignore[arg-type]
