"""Calls about who may change things now, and the keeper of that record."""

import asyncio
import logging
import threading
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.engine import access as rules
from opsconsole.errors import QueryError, RefusedError
from opsconsole.model.calls import (
    AnyCall,
    Done,
    FreezeChanges,
    LockChanges,
    ThawChanges,
    UnlockChanges,
)
from opsconsole.model.event import Event
from opsconsole.model.inventory import Settings
from opsconsole.model.snapshot import Access, Banner
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.query.contexts import HOSTS
from opsconsole.query.filter_line import compile_filter
from opsconsole.rpc.peer import Peer
from opsconsole.state.store import Store

log = logging.getLogger(__name__)

_BANNER: Final = "access"


class Gate:
    """Holds the engine's Access: changes it on calls, lets it expire, keeps it on disk."""

    def __init__(self, store: Store, path: Path, clock: Clock, *, read_only: bool) -> None:
        self._store = store
        self._path = path
        self._clock = clock
        self._read_only = read_only
        self._writing = threading.Lock()

    @property
    def access(self) -> Access:
        """What may be changed now."""
        return self._store.snapshot.access

    def open(self, settings: Settings) -> None:
        """Take up the environment's lock and what an earlier engine kept."""
        base = self._base(settings)
        try:
            kept = rules.load(self._path, base, self._clock.now())
        except ValueError as error:
            log.warning("unlocks and freezes were lost: %s", error)
            self._store.put_banner(Banner(_BANNER, f"freezes could not be read: {error}"))
            kept = rules.closed(base, self._clock.now())
        self._store.put_access(kept)

    def follow(self, settings: Settings) -> None:
        """Follow a reloaded configuration; unlocks and freezes stay."""
        now = self.access
        base = self._base(settings)
        self._store.put_access(replace(base, unlocks=now.unlocks, freezes=now.freezes))

    async def tick(self, now: float) -> None:
        """Let unlocks and freezes end."""
        before = self.access
        after = rules.expire(before, now)
        if after is before:
            return
        self._store.put_access(after)
        for ended in set(before.freezes) - set(after.freezes):
            self._tell("engine", "freeze", f"freeze {ended.id} of {ended.actor} ended")
        for over in set(before.unlocks) - set(after.unlocks):
            self._tell("engine", "unlock", f"unlock of {over.actor} ended")
        await self._save()

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: The call cannot be granted.
        """
        match call:
            case UnlockChanges():
                return await self._unlock(call, peer.actor)
            case LockChanges():
                await self._keep(rules.lock(self.access, peer.actor))
                self._tell(peer.actor, "unlock", "locked again")
                return Done("changes are off for you")
            case FreezeChanges():
                return await self._freeze(call, peer.actor)
            case ThawChanges():
                after, ended = rules.thaw(self.access, call.id)
                await self._keep(after)
                self._tell(peer.actor, "freeze", f"thawed {ended.id} of {ended.actor}")
                return Done(f"freeze {ended.id} ended")
        return None

    async def _unlock(self, call: UnlockChanges, actor: str) -> Done:
        now = self._clock.now()
        after = rules.unlock(self.access, actor, call.seconds, call.reason, now)
        await self._keep(after)
        minutes = f"{call.seconds / 60:g} min"
        self._tell(actor, "unlock", f"unlocked for {minutes}: {after.unlocks[-1].reason}")
        return Done(f"changes are on for {actor} for {minutes}")

    async def _freeze(self, call: FreezeChanges, actor: str) -> Done:
        if clean(call.scope, LABEL_LIMIT) != call.scope:
            raise RefusedError("param", "scope: it is too long, or holds what cannot be shown")
        if call.scope != "*":
            try:
                compile_filter(call.scope, HOSTS)
            except QueryError as error:
                raise RefusedError("param", f"scope: {error}") from error
        now = self._clock.now()
        after = rules.freeze(self.access, actor, call.seconds, call.reason, call.scope, now)
        await self._keep(after)
        laid = after.freezes[-1]
        self._tell(actor, "freeze", f"froze {laid.scope} ({laid.id}): {laid.reason}")
        return Done(f"freeze {laid.id} on {laid.scope}")

    async def _keep(self, access: Access) -> None:
        """It holds from now on; what is decided while the disk is waited for sees it."""
        self._store.put_access(access)
        await self._save()

    async def _save(self) -> None:
        try:
            await asyncio.to_thread(self._write)
        except OSError as error:
            text = f"unlocks and freezes end with the engine: {self._path}: {error.strerror}"
            self._store.put_banner(Banner(_BANNER, text))
        else:
            self._store.drop_banner(_BANNER)

    def _write(self) -> None:
        """Write what holds now, not what held when this was asked for: the last one to write is right."""
        with self._writing:
            rules.save(self._path, self.access)

    def _tell(self, actor: str, kind: str, text: str) -> None:
        self._store.put_event(Event(0, self._clock.now(), actor, kind, "", text))

    def _base(self, settings: Settings) -> Access:
        return Access(settings.environment, settings.locked, self._read_only)
