"""`ctx` over the pipe of an isolated plugin: all of it that can be said in lines."""

import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from opsconsole.actions.api import Health, Host, PastRun
from opsconsole.actions.argv import Given
from opsconsole.actions.isolated import Pipe, Told
from opsconsole.actions.isolated_doors import PipeCache, PipeHttp, PipeLocal, PipeSsh, as_base64
from opsconsole.actions.requires import FEATURES
from opsconsole.actions.secret import Secret
from opsconsole.errors import ActionError

T = TypeVar("T")


class Log:
    """`ctx.log`."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def info(self, text: str) -> None:
        """Say something."""
        self._pipe.say(op="log", text=text)

    def warning(self, text: str) -> None:
        """Say something that is not well."""
        self._pipe.say(op="log", text=text, level="warning")


class Tick:
    """One round of `ctx.until`."""

    def __init__(self, elapsed: float, log: Log) -> None:
        self.elapsed = elapsed
        self.note = log.info


class PipeCtx:
    """`ctx`; what cannot be said over a process is told to be missing."""

    aside = None
    """It is a process already."""

    def __init__(self, pipe: Pipe, invoke: Told) -> None:
        self._pipe = pipe
        self._planning = invoke.get("mode") == "plan"
        self._began = time.monotonic()
        self._at = float(str(invoke.get("now", 0.0)))
        self.run_id = str(invoke.get("run", ""))
        self.targets = tuple(msgspec.convert(invoke.get("targets", ()), list[str]))
        self.alert = _alert(invoke)
        self.ssh, self.local, self.http = PipeSsh(pipe), PipeLocal(pipe), PipeHttp(pipe)
        self.cache = PipeCache(pipe)
        self.log = Log(pipe)
        self.features = frozenset(FEATURES)
        self.cancelled = False
        """Never seen here: a run that is interrupted ends the process."""

    def __getattr__(self, name: str) -> object:
        raise ActionError("ctx", f"ctx.{name} is not there over a process; isolation: inprocess")

    @property
    def now(self) -> float:
        """Epoch seconds of the engine."""
        return self._at + time.monotonic() - self._began

    @property
    def config(self) -> Mapping[str, object]:
        """The plugin's part of the configuration."""
        return msgspec.convert(self._pipe.call_now("config.get", {})["value"], dict[str, object])

    async def wait(self, seconds: float) -> None:
        """Do nothing for a while, by the engine's clock."""
        await self._pipe.call("wait", {"seconds": seconds})

    async def until(self, seconds: float, *, every: float = 2.0) -> AsyncIterator[Tick]:
        """Give a tick now and then every `every` seconds, until `seconds` have passed; one in a plan."""
        elapsed = 0.0
        while True:
            yield Tick(elapsed, self.log)
            if self._planning or elapsed >= seconds:
                return
            await self.wait(min(every, seconds - elapsed))
            elapsed += every

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is."""
        self._pipe.say(op="progress", id=1, done=done, total=total, note=note)

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Show rows in columns that line up."""
        cells = [[str(cell) for cell in row] for row in rows]
        self._pipe.call_now("table", {"rows": cells, "header": [*header]})

    async def artifact(self, name: str, content: bytes) -> None:
        """Keep a file with the run, 700 KiB at most."""
        await self._pipe.call("artifact", {"name": name, **as_base64(content)})

    async def ask(self, text: str, **told: object) -> str:
        """Ask a person for a value; see `actions.api.Ctx`."""
        return await self._asked("ask", {"text": text, **told})

    async def choose(self, text: str, choices: Sequence[str], *, timeout: float = 900.0) -> str:
        """Ask a person for one of some words."""
        return await self._asked(
            "choose", {"text": text, "choices": [*choices], "timeout": timeout}
        )

    async def _asked(self, method: str, p: Told) -> str:
        return Given(str((await self._pipe.call(method, p))[1]["value"]))

    async def confirm(self, text: str, *, timeout: float = 900.0) -> None:
        """Go on only when a person says yes."""
        await self._pipe.call("confirm", {"text": text, "timeout": timeout})

    def health(self, target: str = "") -> Health:
        """Tell what is known of a target now."""
        return self._about("health", {"target": target}, Health)

    def peers(self, target: str = "") -> Sequence[Host]:
        """List the other hosts of the same service."""
        return self._about("peers", {"target": target}, tuple[Host, ...])

    def history(self, action: str = "", target: str = "") -> Sequence[PastRun]:
        """List earlier runs of an action on a target."""
        p: Told = {"action": action, "target": target}
        return self._about("history", p, tuple[PastRun, ...])

    def _about(self, method: str, p: Told, kind: type[T]) -> T:
        return msgspec.convert(self._pipe.call_now(method, p)[method], kind)

    async def lock(self, key: str) -> None:
        """Take one more lock, before the first write."""
        await self._pipe.call("lock", {"key": key})

    @contextlib.asynccontextmanager
    async def critical(self, why: str) -> AsyncIterator[None]:
        """Hold an interrupt off while a write of this block is under way; between two it may come."""
        self.ssh.critical = why
        try:
            yield
        finally:
            self.ssh.critical = ""

    async def secret(self, name: str) -> Secret:
        """Fetch a declared secret."""
        told = (await self._pipe.call("secret.get", {"name": name}))[1]
        return Secret(name, str(told["value"]))


class ToldAlert(msgspec.Struct, frozen=True):
    """The fire the person stood on, as far as a process is told of it."""

    name: str
    severity: str
    on: str
    since: float
    summary: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


def _alert(invoke: Told) -> ToldAlert | None:
    told = invoke.get("alert")
    if not told:
        return None
    alert = msgspec.convert(told, ToldAlert)
    return msgspec.structs.replace(
        alert,
        name=Given(alert.name),
        summary=Given(alert.summary),
        labels={name: Given(value) for name, value in alert.labels.items()},
        annotations={name: Given(value) for name, value in alert.annotations.items()},
    )
