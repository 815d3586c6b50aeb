"""An action in any language: what its process wishes is done through the same door as everybody's."""

from collections.abc import Mapping
from typing import Final

from opsconsole.actions.api import Alert, Outcome, Service
from opsconsole.actions.conversation import converse
from opsconsole.actions.params import Values
from opsconsole.actions.program import Program
from opsconsole.actions.protocol import (
    Answer,
    Call,
    Invoke,
    LogLine,
    OutcomeLine,
    Progress,
    ProtocolError,
    Serve,
    Tell,
)
from opsconsole.actions.served_commands import ServedCommands
from opsconsole.actions.served_files import ServedFiles
from opsconsole.actions.served_knowledge import ServedKnowledge
from opsconsole.actions.settlement import Settlement, Slots
from opsconsole.actions.steps import Door, Target
from opsconsole.model.action import ActionSpec
from opsconsole.model.text import clean

_ID: Final = 1
_GOOD: Final = ("changed", "unchanged", "done")
_STATES: Final = (*_GOOD, "failed", "cannot-tell")
"""done: judge by what was written; cannot-tell: the plan ends at the call that `from` names."""


class ExecutableImpl:
    """Starts the process for one target, and serves it."""

    def __init__(self, program: Program, spec: ActionSpec, *, has_rollback: bool = False) -> None:
        self._program = program
        self._spec = spec
        self.has_rollback = has_rollback

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Run it."""
        return await self._invoke(door, target, values, "plan" if door.planning else "run")

    async def rollback(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Start it again to take back what it did."""
        return await self._invoke(door, target, values, "rollback")

    async def _invoke(
        self, door: Door, target: Target, values: Values, mode: str
    ) -> Outcome | None:
        desk = Desk(door, values)
        invoke = Invoke(
            _ID,
            self._spec.id,
            mode,
            describe(target),
            {name: parsed.value for name, parsed in values.items()},
            door.run_id,
            int(self._spec.timeout * 1000),
            alert=_told_alert(door.alert),
            targets=tuple(door.targets),
            now=door.now,
        )
        line = await converse(self._program, invoke, desk.serve, desk.hear)
        return desk.close(line)


def describe(target: Target) -> Mapping[str, object]:
    """Say what a plugin is told of its target."""
    found: dict[str, object] = {"name": target.name, "labels": target.labels}
    if isinstance(target, Service):
        return {**found, "kind": "service", "hosts": [host.name for host in target.hosts]}
    return {**found, "kind": "host", "address": target.address, "facts": target.facts}


def _told_alert(alert: Alert | None) -> Mapping[str, object]:
    if alert is None:
        return {}
    return {
        "name": alert.name,
        "severity": str(alert.severity),
        "on": alert.on,
        "since": alert.since,
        "summary": alert.summary,
        "labels": alert.labels,
        "annotations": alert.annotations,
    }


class Desk:
    """Serves one process's calls, and judges its outcome by what it asked for."""

    def __init__(self, door: Door, values: Values) -> None:
        self._door = door
        self._settled = Settlement()
        slots = Slots(values)
        commands = ServedCommands(door, slots, self._settled)
        self._http = commands.http
        self._calls: Mapping[str, Serve] = {
            **commands.calls,
            **ServedFiles(door, slots, self._settled).calls,
            **ServedKnowledge(door, slots, self._settled).calls,
        }

    async def serve(self, call: Call, tell: Tell) -> Answer:
        """Answer a call."""
        found = self._http if call.m.startswith("http.") else self._calls.get(call.m)
        if found is None:
            raise ProtocolError(f"called {clean(call.m, 60)!r}, which there is not")
        if (
            self._settled.failed is not None
        ):  # as in Python, where nothing runs after what was raised
            return {"state": "refused", "reason": clean(str(self._settled.failed), 400)}
        return await found(call, tell)

    def hear(self, line: Progress | LogLine) -> None:
        """Pass a line on to people."""
        if isinstance(line, Progress):
            self._door.progress(line.done, line.total, clean(line.note, 400))
        elif line.level in ("warning", "error"):
            self._door.log.warning(clean(line.text, 4_000))
        else:
            self._door.log.info(clean(line.text, 4_000))

    def close(self, line: OutcomeLine) -> Outcome | None:
        """Make the outcome of the last line; a call that failed and that nobody expected to is the truth.

        Raises:
            OpsConsoleError: What that call ended in.
            ProtocolError: There is no such outcome.
        """
        if line.state not in _STATES:
            raise ProtocolError(
                f"an outcome is {', '.join(_STATES)}, not {clean(line.state, 40)!r}"
            )
        settled = self._settled
        if settled.failed is not None and line.state in _GOOD:
            raise settled.failed
        if line.state == "failed" and line.shows in settled.errors:
            raise settled.errors[line.shows]
        if line.state == "cannot-tell":
            self._look_at(line.shows)
        if self._door.planning and settled.planned:
            return None
        shown = settled.answers.get(line.shows)
        if shown is not None:
            self._door.table([[text] for text in shown.lines])
        return None if line.state == "done" else Outcome(line.state, clean(line.summary, 400))

    def _look_at(self, call: str | int) -> None:
        """Look at an answer that was only planned: that ends the plan, as it does in Python."""
        if call not in self._settled.answers:
            raise ProtocolError("cannot-tell names no call of a plan in from")
        _ = self._settled.answers[call].code
