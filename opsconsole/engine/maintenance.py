"""Maintenance over time: windows of the configuration and of people; the store is told who is covered."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from opsconsole.alerting.maintenance import span_of
from opsconsole.clock import Clock
from opsconsole.errors import QueryError, RefusedError
from opsconsole.model.alert_calls import CloseMaintenance, OpenMaintenance
from opsconsole.model.calls import AnyCall, Done
from opsconsole.model.event import Event
from opsconsole.model.inventory import Inventory
from opsconsole.model.maintenance import Window, WindowState
from opsconsole.model.snapshot import HostRecord
from opsconsole.model.text import LABEL_LIMIT, NAME_LIMIT, clean
from opsconsole.query.contexts import HOSTS
from opsconsole.query.environments import host_env
from opsconsole.query.filter_line import compile_filter
from opsconsole.rpc.peer import Peer
from opsconsole.state.history import History
from opsconsole.state.store import Store

KEPT: Final = "maintenance"
LONGEST: Final = 31 * 86_400.0
EVERY: Final = 5.0
_MOST: Final = 200


class Maintenance:
    """All windows of one engine."""

    def __init__(self, store: Store, history: History, clock: Clock, inventory: Inventory) -> None:
        self._store = store
        self._history = history
        self._clock = clock
        self._configured = inventory.settings.maintenance
        self._opened: tuple[Window, ...] = ()
        self._due = 0.0

    def follow(self, inventory: Inventory) -> None:
        """Use a newly read inventory."""
        self._configured = inventory.settings.maintenance
        self._due = 0.0

    def restore(self, kept: Mapping[str, bytes]) -> None:
        """Take up what people opened under an earlier engine."""
        try:
            self._opened = msgspec.msgpack.decode(kept.get(KEPT, b""), type=tuple[Window, ...])
        except msgspec.MsgspecError:
            self._opened = ()
        self._due = 0.0

    def tick(self, now: float) -> None:
        """Look every few seconds at who is covered."""
        if now < self._due:
            return
        self._due = now + EVERY
        self._store.put_windows(tuple(self._states(now)))

    def _states(self, now: float) -> Iterable[WindowState]:
        hosts = self._store.snapshot.hosts
        for window in (*self._configured, *self._opened):
            span = span_of(window, now)
            if span is None:
                continue
            is_on = span[0] <= now
            covered = _covered(window, hosts, now) if is_on else ()
            yield WindowState(window, is_on, *span, covered)

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: It covers nothing, has no end, or is not there.
        """
        match call:
            case OpenMaintenance():
                return await self._open(call, peer.actor)
            case CloseMaintenance():
                return await self._close(call.id, peer.actor)
        return None

    async def _open(self, call: OpenMaintenance, actor: str) -> Done:
        now = self._clock.now()
        name = clean(call.name.strip(), LABEL_LIMIT)
        if not name:
            raise RefusedError("param", "say what is done: it is shown on every host it covers")
        if not 0 < call.seconds <= LONGEST:
            raise RefusedError("param", "it must end: within 31 days, and after now")
        window = Window(
            id=self._free_id(), name=name, on=_checked(call.on), services=call.services,
            seconds=call.seconds, starts=now if call.starts is None else call.starts, actor=actor,
        )  # fmt: skip
        covered = _covered(window, self._store.snapshot.hosts, now)
        unknown = set(call.services) - self._store.snapshot.services.keys()
        if unknown:
            raise RefusedError("unknown-target", f"no service {clean(min(unknown), NAME_LIMIT)}")
        if not covered and not call.services:
            raise RefusedError("empty", "it covers no host and no service")
        await self._keep((*self._opened, window)[-_MOST:])
        where = f"{len(covered)} hosts" + (f", {', '.join(call.services)}" if call.services else "")
        self._tell(actor, f"{name} on {where} for {window.seconds / 60:g} min ({window.id})")
        return Done(f"maintenance {window.id}: {name} on {where}")

    async def _close(self, id: str, actor: str) -> Done:
        found = next((each for each in self._opened if each.id == id), None)
        if found is None:
            known = ", ".join(each.id for each in self._opened) or "nobody opened one"
            raise RefusedError("unknown-target", f"no maintenance {clean(id, NAME_LIMIT)}: {known}")
        await self._keep(tuple(each for each in self._opened if each.id != id))
        self._tell(actor, f"{found.name} ended ({found.id})")
        return Done(f"maintenance {found.id} ended")

    async def _keep(self, windows: tuple[Window, ...]) -> None:
        now = self._clock.now()
        self._opened = tuple(each for each in windows if span_of(each, now) is not None)
        self._due = 0.0
        self.tick(now)
        await self._history.keep(KEPT, msgspec.msgpack.encode(self._opened))

    def _free_id(self) -> str:
        taken = {each.id for each in self._opened}
        return next(f"m{n}" for n in range(1, _MOST + 2) if f"m{n}" not in taken)

    def _tell(self, actor: str, text: str) -> None:
        self._store.put_event(Event(0, self._clock.now(), actor, "maintenance", "", text))


def _checked(scope: str) -> str:
    text = clean(scope.strip(), LABEL_LIMIT)
    if text not in ("", "*"):
        try:
            compile_filter(text, HOSTS)
        except QueryError as error:
            raise RefusedError("param", f"on: {error}") from error
    return text


def _covered(window: Window, hosts: Mapping[str, HostRecord], now: float) -> tuple[str, ...]:
    if window.on in ("", "*"):
        return tuple(hosts) if window.on else ()
    try:
        line = compile_filter(window.on, HOSTS)
    except QueryError:  # kept by an engine that read it otherwise: what calls in vain is heard
        return ()
    return tuple(name for name, host in hosts.items() if line.matches(host_env(host, now)))
