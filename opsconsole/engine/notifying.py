"""Tells people who do not look what happened to fires, by each notifier's filter and limit; never waits."""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Mapping
from typing import Final

from msgspec.structs import replace

from opsconsole.alerting.telling import (
    BLIND,
    Occasion,
    Pace,
    admit,
    digest,
    hold,
    loud,
    occasions,
)
from opsconsole.clock import Clock
from opsconsole.engine.run_telling import GLASS, message_of, run_occasions
from opsconsole.engine.senders import Message, Senders
from opsconsole.errors import RefusedError
from opsconsole.model.alert import Alert
from opsconsole.model.event import Event
from opsconsole.model.inventory import Inventory
from opsconsole.model.oncall import Notifier, NotifierState
from opsconsole.model.run import Run
from opsconsole.model.snapshot import Banner
from opsconsole.query.contexts import ALERTS
from opsconsole.query.environments import alert_env
from opsconsole.query.filter_line import Filter, compile_filter
from opsconsole.state.store import Store

LOOK: Final = 1.0
QUEUE: Final = 100
"""Messages that wait for a slow notifier; more than that are dropped, and said."""

log = logging.getLogger(__name__)


class _Way:
    """One notifier, with what it still has to say."""

    def __init__(self, notifier: Notifier) -> None:
        self.notifier = notifier
        self.filter: Filter = compile_filter(notifier.when, ALERTS)
        self.queue: deque[Message] = deque()
        self.pace = Pace()
        self.state = NotifierState(notifier.name, notifier.kind)
        self.task: asyncio.Task[None] | None = None

    def wants(self, one: Occasion, now: float) -> bool:
        if one.kind not in self.notifier.on:
            return False
        return one.alert.name == BLIND or self.filter.matches(alert_env(one.alert, now))


class Notifying:
    """All notifiers of one engine."""

    def __init__(self, store: Store, senders: Senders, clock: Clock, inventory: Inventory) -> None:
        self._store = store
        self._senders = senders
        self._clock = clock
        self._ways: dict[str, _Way] = {}
        self._seen: Mapping[str, Alert] = {}
        self._runs: Mapping[str, Run] = {}
        self._missing: set[tuple[str, str]] = set()
        """Actions and the notifiers that they name and nobody has: told once."""
        self._told: frozenset[str] = frozenset()
        self.follow(inventory)

    def follow(self, inventory: Inventory) -> None:
        """Use a newly read inventory; a notifier that is as it was keeps its state."""
        old = self._ways
        self._ways = {}
        for notifier in inventory.settings.notify:
            before = old.get(notifier.name)
            is_same = before is not None and before.notifier == notifier
            self._ways[notifier.name] = before if before and is_same else _Way(notifier)
        for name in old.keys() - self._ways.keys():
            self._store.drop_banner(f"notify {name}")

    async def run(self) -> None:
        """Look every second, until cancelled; what burns at the start was told of before."""
        self._seen = self._store.snapshot.alerts
        self._told = loud(self._seen)
        self._runs = self._store.snapshot.runs
        async with asyncio.TaskGroup() as group:
            while True:
                self.look()
                for way in self._ways.values():
                    if way.queue and (way.task is None or way.task.done()):
                        way.task = group.create_task(
                            self._deliver(way), name=f"notify {way.notifier.name}"
                        )
                await self._clock.sleep(LOOK)

    def look(self) -> None:
        """Put what happened since the last look into the notifiers' queues."""
        now, alerts = self._clock.now(), self._store.snapshot.alerts
        found, self._told = occasions(self._seen, alerts, self._told, now)
        self._seen = alerts
        for way in self._ways.values():
            for one in found:
                if way.wants(one, now):
                    self._offer(way, self._message(way, one, now), now)
            way.pace, many = digest(way.pace, way.notifier, now)
            if many is not None:
                title = f"and {many.count} more: {', '.join(many.named)}"
                self._queue(way, Message(kind="digest", at=now, title=title, count=many.count))
            way.state = replace(way.state, held=way.pace.held)
        self._look_at_runs(now)

    def _look_at_runs(self, now: float) -> None:
        """Tell of runs: those whom their action names, and of what needs a second person whoever wants it."""
        before, self._runs = self._runs, self._store.snapshot.runs
        if before is self._runs:
            return
        for one in run_occasions(before, self._runs):
            spec = self._store.snapshot.actions.get(one.run.action)
            named = () if spec is None else spec.notify
            message = message_of(one, now)
            for name, way in self._ways.items():
                if one.kind == GLASS:
                    self._queue(way, message)  # past every limit: everybody is told at once
                elif name in named or one.kind in way.notifier.on:
                    self._offer(way, message, now)
            self._miss(one.run.action, named)

    def _miss(self, action: str, named: Collection[str]) -> None:
        for name in set(named) - self._ways.keys():
            if (action, name) not in self._missing:
                self._missing.add((action, name))
                self._tell(f"{action} tells {name}, which is not under notify:", "warning")

    def states(self) -> tuple[NotifierState, ...]:
        """Say how each does."""
        return tuple(way.state for way in self._ways.values())

    async def test(self, name: str, actor: str) -> str:
        """Send a test message by one notifier; returns a sentence.

        Raises:
            RefusedError: There is none of this name, or it did not get through.
        """
        way = self._ways.get(name)
        if way is None:
            known = ", ".join(self._ways) or "the configuration has none under notify:"
            raise RefusedError("unknown-target", f"no notifier {name[:60]}: {known}")
        message = Message(
            kind="test",
            at=self._clock.now(),
            title=f"a test of the notifier {name}, sent by {actor}",
            severity="info",
        )
        await self._send(way, message)
        if way.state.reason:
            raise RefusedError("failed", f"{name}: {way.state.reason}")
        return f"{name} took the message"

    def _offer(self, way: _Way, message: Message, now: float) -> None:
        way.pace, may_go = admit(way.pace, way.notifier, now)
        if may_go:
            self._queue(way, message)
        else:
            way.pace = hold(way.pace, f"{message.kind} {message.name} on {_bare(message.on)}")

    def _queue(self, way: _Way, message: Message) -> None:
        if len(way.queue) >= QUEUE:
            way.state = replace(way.state, dropped=way.state.dropped + 1)
            return
        way.queue.append(message)

    def _message(self, way: _Way, one: Occasion, now: float) -> Message:
        alert, last = one.alert, one.alert.escalated[-1:]
        words = "RESOLVED" if one.kind == "resolved" else str(alert.severity).upper()
        who = last[0].who or last[0].to if last else ""
        tail = f" (escalated to {who})" if one.kind == "escalated" else ""
        return Message(
            kind=one.kind,
            at=now,
            title=f"{words} {alert.name} on {_bare(alert.on)}{tail}",
            text=alert.summary,
            severity=str(alert.severity),
            name=alert.name,
            on=alert.on,
            episode=alert.episode,
            since=alert.since,
            labels=alert.labels,
            runbook=alert.runbook or "",
            runbook_url=alert.runbook_url or "",
            to=who if one.kind == "escalated" else "",
            notifier=way.notifier.name,
        )

    async def _deliver(self, way: _Way) -> None:
        while way.queue:
            await self._send(way, way.queue.popleft())

    async def _send(self, way: _Way, message: Message) -> None:
        shown, name = self._store.snapshot, way.notifier.name
        whole = replace(
            message,
            notifier=name,
            environment=shown.access.environment,
            on_call=shown.on_call.primary,
            missed=way.state.failed + way.state.dropped,
        )
        reason = await self._senders.send(way.notifier, whole)
        if reason:
            self._failed(way, reason)
            return
        if way.state.reason:
            self._tell(f"{name} tells again", "ok")
        way.state = replace(
            way.state, sent=way.state.sent + 1, failed=0, dropped=0, reason="", at=self._clock.now()
        )
        self._store.drop_banner(f"notify {name}")

    def _failed(self, way: _Way, reason: str) -> None:
        name = way.notifier.name
        if not way.state.reason:
            log.warning("notifier %s: %s", name, reason)
            self._tell(f"{name} does not tell: {reason}", "warning")
        way.state = replace(way.state, failed=way.state.failed + 1, reason=reason)
        count = way.state.failed
        said = f"notifier {name} does not tell ({count} not delivered): {reason}"
        self._store.put_banner(Banner(f"notify {name}", said))

    def _tell(self, text: str, severity: str) -> None:
        self._store.put_event(Event(0, self._clock.now(), "engine", "notify", "", text, severity))


def _bare(reference: str) -> str:
    return reference.partition(":")[2] or reference
