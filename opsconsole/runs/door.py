"""What `ctx` is, whether it acts or only looks ahead: its doors, its words, and what the console knows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from opsconsole.actions.api import Certificate, Health, Host, PastRun, Service
from opsconsole.actions.aside import Aside
from opsconsole.actions.doors import Cache, Result
from opsconsole.actions.grammars import World
from opsconsole.actions.params import read_params
from opsconsole.actions.requires import CTX_FEATURES
from opsconsole.actions.secret import Secret
from opsconsole.actions.steps import Action, Request, Undo
from opsconsole.errors import ActionError, RefusedError
from opsconsole.model.action import ParamSpec
from opsconsole.model.event import Event
from opsconsole.model.run import Question
from opsconsole.model.snapshot import Snapshot, is_stale
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.runs.ports import Ports
from opsconsole.runs.sending import Say
from opsconsole.runs.stage import Stage
from opsconsole.runs.tables import lay_out
from opsconsole.runs.targets import given_alert, host_target

_STEP: Final = "action"
_ANSWER: Final = "answer"


class Speaker:
    """`ctx.log`, `ctx.progress`, `ctx.table`: lines that the engine's side says."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def info(self, text: str) -> None:
        """Say something."""
        self._say(_STEP, "run", text)

    def warning(self, text: str) -> None:
        """Say something that is not well."""
        self._say(_STEP, "run", f"! {text}")

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is."""
        self._say(_STEP, "run", f"{done}/{total} {note}".rstrip())

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Show rows in columns that line up."""
        for line in lay_out(rows, header):
            self._say(_STEP, "out", line)


class Round:
    """One tick of `ctx.until`."""

    def __init__(self, elapsed: float, note: Callable[[str], None]) -> None:
        self.elapsed = elapsed
        self._note = note

    def note(self, text: str) -> None:
        """Say where it stands."""
        self._note(text)


class AnyDoor:
    """Everything of `ctx` that is the same in a run and in its plan."""

    planning = False

    def __init__(self, stage: Stage, ports: Ports, say: Say) -> None:
        self.stage = stage
        self.ports = ports
        self.log = Speaker(say)
        self.run_id = stage.run_id
        self.alert = None if stage.alert is None else given_alert(stage.alert)

    async def execute(self, request: Request) -> Result:
        """Run one request."""
        raise NotImplementedError

    async def inquire(self, question: Question) -> Mapping[str, str]:
        """Ask a person."""
        raise NotImplementedError

    async def push_undo(self, undo: Undo) -> None:
        """Keep how a step is taken back."""
        raise NotImplementedError

    @property
    def now(self) -> float:
        """Epoch seconds of the engine."""
        raise NotImplementedError

    @property
    def world(self) -> World:
        """What exists."""
        return self.stage.shared.world

    @property
    def action(self) -> Action:
        """The action this door is for."""
        return self.stage.action

    @property
    def aside(self) -> Aside | None:
        """Where plugins' Python runs."""
        return self.ports.aside

    async def events(self, since: float) -> Sequence[Event]:
        """Read what happened to the target since an epoch second."""
        if self.ports.events is None:
            return ()
        return await self.ports.events(self.stage.ref, since)

    async def tls(self, address: str, port: int, server_name: str) -> Certificate:
        """Fetch the certificate an endpoint shows for a name."""
        if self.ports.tls is None:
            raise ActionError("tls", "this engine cannot look at certificates")
        return await self.ports.tls(address, port, server_name)

    @property
    def service(self) -> Service | None:
        """The service a host is worked on for."""
        return self.stage.service

    @property
    def targets(self) -> Sequence[str]:
        """All that the run goes to."""
        return self.stage.targets

    @property
    def features(self) -> frozenset[str]:
        """What this engine can."""
        return CTX_FEATURES

    @property
    def config(self) -> Mapping[str, object]:
        """The plugin's part of the configuration."""
        return self.ports.plugin_config(self.action.plugin)

    @property
    def cache(self) -> Cache:
        """What the plugin keeps between runs."""
        return self.ports.cache(self.action.plugin)

    def named(self, request: Request) -> str:
        """Name a step as plans and journals have it."""
        return f"{self.stage.prefix}{request.step}"

    def progress(self, done: int, total: int, note: str = "") -> None:
        """Say how far it is."""
        self.log.progress(done, total, note)

    def table(self, rows: Sequence[Sequence[str]], header: Sequence[str] = ()) -> None:
        """Show rows in columns that line up."""
        self.log.table(rows, header)

    async def ask(
        self,
        text: str,
        *,
        type: str = "str",
        choices: Sequence[str] = (),
        default: str | None = None,
        timeout: float = 900.0,
    ) -> str:
        """Ask a person for a value of a parameter type."""
        spec = ParamSpec(
            _ANSWER, type, clean(text, LABEL_LIMIT), required=default is None, default=default,
            choices=tuple(choices),
        )  # fmt: skip
        question = Question("", "", clean(text, 400), (spec,), self.now + timeout)
        typed = await self.inquire(question)
        try:
            return read_params((spec,), typed, self.world)[_ANSWER].text
        except RefusedError as error:
            raise ActionError("ask", str(error)) from None

    async def choose(self, text: str, choices: Sequence[str], *, timeout: float = 900.0) -> str:
        """Ask a person for one of some words."""
        return await self.ask(text, type="enum", choices=choices, timeout=timeout)

    async def confirm(self, text: str, *, timeout: float = 900.0) -> None:
        """Go on only when a person says yes."""
        await self.inquire(Question("", "", clean(text, 400), (), self.now + timeout))

    async def secret(self, name: str) -> Secret:
        """Fetch a secret; masked from here on."""
        if f"secret:{name}" not in self.action.spec.needs:
            raise ActionError("secret", f"the action does not declare secret:{clean(name, 60)}")
        value = await self.ports.secret(name)
        self.stage.shared.redactor.add(value)
        return Secret(name, value)

    def health(self, target: str = "") -> Health:
        """Tell what is known of a target now."""
        ref = target or self.stage.ref
        kind, _, name = ref.partition(":")
        snapshot = self._snapshot()
        alerts = tuple(a.name for a in snapshot.alerts.values() if a.on == ref and a.is_firing)
        if kind == "host" and (host := snapshot.hosts.get(name)):
            fresh = not is_stale(host, snapshot.now)
            state = str(host.state) if fresh else "unknown"
            return Health(name, state, str(host.reach), fresh, alerts)
        if kind == "service" and (service := snapshot.services.get(name)):
            fresh = not is_stale(service, snapshot.now)
            return Health(name, str(service.state) if fresh else "unknown", "", fresh, alerts)
        raise ActionError("health", f"there is no {clean(ref, 80)}")

    def peers(self, target: str = "") -> Sequence[Host]:
        """List the other hosts of the same service, else of the same role."""
        snapshot = self._snapshot()
        name = (target or self.stage.ref).removeprefix("host:")
        mine = [s.hosts for s in snapshot.services.values() if name in s.hosts]
        names = {each for hosts in mine for each in hosts}
        if (
            not names
            and (record := snapshot.hosts.get(name))
            and (role := record.labels.get("role"))
        ):
            names = {n for n, r in snapshot.hosts.items() if r.labels.get("role") == role}
        return tuple(host_target(n, snapshot) for n in sorted(names - {name}))

    def history(self, action: str = "", target: str = "") -> Sequence[PastRun]:
        """List earlier runs of an action on a target, newest first."""
        wanted = action or self.action.spec.id
        name = (target or self.stage.ref).partition(":")[2]
        runs = sorted(self._snapshot().runs.values(), key=lambda run: run.at, reverse=True)
        return tuple(
            PastRun(run.id, run.at, run.actor, str(each.state), each.why)
            for run in runs
            if run.action == wanted and run.id != self.run_id
            for each in run.targets
            if each.name == name
        )

    def _snapshot(self) -> Snapshot:
        return self.ports.snapshot()
