"""Serves what an executable asks people and the console: questions, health, history, locks, its cache."""

from collections.abc import Mapping
from typing import Final

import msgspec

from opsconsole.actions.grammars import GRAMMARS
from opsconsole.actions.protocol import Answer, Call, ProtocolError, Serve, Tell
from opsconsole.actions.secret import reveal
from opsconsole.actions.settlement import Settlement, Slots
from opsconsole.actions.steps import Door
from opsconsole.actions.wishes import (
    AboutWish,
    AskWish,
    KeyWish,
    SecretWish,
    TableWish,
    WaitWish,
    Wish,
    read_wish,
)
from opsconsole.model.text import clean

_WAIT_LIMIT: Final = 600.0


class ServedKnowledge:
    """What `calls` lists: people, health, history, locks, the cache, configuration, secrets, time, tables."""

    def __init__(self, door: Door, slots: Slots, settled: Settlement) -> None:
        self._door = door
        self._slots = slots
        self._settled = settled
        self.calls: Mapping[str, Serve] = {
            "ask": self._ask,
            "choose": self._ask,
            "confirm": self._confirm,
            "health": self._about,
            "peers": self._about,
            "history": self._about,
            "lock": self._lock,
            "cache.get": self._cache,
            "cache.put": self._cache,
            "config.get": self._config,
            "secret.get": self._secret,
            "wait": self._wait,
            "table": self._table,
        }

    async def _ask(self, call: Call, _: Tell) -> Answer:
        """Ask a person for a value; no, and no word in time, are bad ends. In a plan it ends there."""
        told = read_wish(call, AskWish)
        kind = "enum" if call.m == "choose" else told.type
        if kind not in GRAMMARS or kind == "secret":
            raise ProtocolError(f"ask: there is no type {clean(kind, 40)} that can be asked for")

        def said(text: str) -> Answer:
            self._slots.answered(call, text)
            return {"state": "done", "value": text}

        asked = self._door.ask(
            told.text, type=kind, choices=told.choices, default=told.default, timeout=told.timeout
        )
        return await self._settled.of(call, asked, said, may_fail=told.may_fail)

    async def _confirm(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, AskWish)
        asked = self._door.confirm(told.text, timeout=told.timeout)
        return await self._settled.of(call, asked, _done, may_fail=told.may_fail)

    async def _about(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, AboutWish)

        async def look() -> Answer:
            match call.m:
                case "health":
                    found: object = self._door.health(told.target)
                case "peers":
                    found = list(self._door.peers(told.target))
                case _:
                    found = list(self._door.history(told.action, told.target))
            return {"state": "done", call.m: msgspec.to_builtins(found, enc_hook=str)}

        return await self._settled.of(call, look(), dict, may_fail=told.may_fail)

    async def _lock(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, KeyWish)
        taken = self._door.lock(clean(told.key, 200))
        return await self._settled.of(call, taken, _done, may_fail=told.may_fail)

    async def _cache(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, KeyWish)
        if call.m == "cache.get":
            kept = self._door.cache.get(told.key)
            return await self._settled.of(
                call, kept, lambda value: {"state": "done", "value": value}, may_fail=told.may_fail
            )
        put = self._door.cache.put(told.key, told.value)
        return await self._settled.of(call, put, _done, may_fail=told.may_fail)

    async def _config(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, Wish)

        async def look() -> Answer:
            return {"state": "done", "value": dict(self._door.config)}

        return await self._settled.of(call, look(), dict, may_fail=told.may_fail)

    async def _secret(self, call: Call, _: Tell) -> Answer:
        """Hand a declared secret over, by the pipe and by nothing else."""
        told = read_wish(call, SecretWish)
        return {"state": "done", "value": reveal(await self._door.secret(told.name))}

    async def _wait(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, WaitWish)
        if not 0 <= told.seconds <= _WAIT_LIMIT:
            raise ProtocolError(f"wait takes seconds from 0 to {_WAIT_LIMIT:g}")
        await self._door.wait(told.seconds)
        return {"state": "done"}

    async def _table(self, call: Call, _: Tell) -> Answer:
        told = read_wish(call, TableWish)
        rows = [[clean(str(cell), 400) for cell in row] for row in told.rows]
        self._door.table(rows, told.header)
        return {"state": "done"}


def _done(_: object) -> Answer:
    return {"state": "done"}
