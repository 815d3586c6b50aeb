"""Calls about hosts: look again, trust a key, show more."""

from collections.abc import Mapping

from msgspec import Struct

from opsconsole.clock import Clock
from opsconsole.collect.collector import Collector
from opsconsole.engine.outside import Keys
from opsconsole.errors import RefusedError
from opsconsole.model.calls import (
    AnyCall,
    AskHost,
    Done,
    PollNow,
    ScanHostKey,
    TrustHostKey,
)
from opsconsole.model.event import Event
from opsconsole.model.inventory import Host
from opsconsole.rpc.peer import Peer
from opsconsole.state.store import Store


class HostCalls:
    """Answers them with the collector and the transport."""

    def __init__(self, store: Store, collector: Collector, keys: Keys, clock: Clock) -> None:
        self.hosts: Mapping[str, Host] = {}
        """The inventory's hosts by name; the engine keeps it true."""
        self._store = store
        self._collector = collector
        self._keys = keys
        self._clock = clock

    async def answer(self, call: AnyCall, peer: Peer) -> Struct | None:
        """Answer a call of this topic; None for any other.

        Raises:
            RefusedError: No such target, or another key than the one a person saw.
            TransportError: The host cannot be reached for its key, or the file cannot be written.
        """
        match call:
            case PollNow():
                targets = tuple(self._ref(target) for target in call.targets)
                self._collector.poll_now(targets)
                return Done(f"polling {', '.join(targets) or 'everything'}")
            case ScanHostKey():
                return await self._keys.scan(self._host(call.host))
            case TrustHostKey():
                return await self._trust(call, peer.actor)
            case AskHost():
                host = self._host(call.host)
                return await self._collector.ask_host(host.name, call.what, call.lines)
        return None

    async def _trust(self, call: TrustHostKey, actor: str) -> Done:
        host = self._host(call.host)
        key = await self._keys.scan(host)
        if key.fingerprint != call.fingerprint:
            text = f"{host.name} now shows {key.fingerprint}, not {call.fingerprint}"
            raise RefusedError("match", text)
        file = await self._keys.trust(host, key, who=actor, replace=call.replace)
        self._keys.retry(host)
        self._collector.poll_now((host.ref,))
        told = f"trusts {key.kind} {key.fingerprint}"
        self._store.put_event(Event(0, self._clock.now(), actor, "host", host.ref, told))
        return Done(f"wrote the key of {host.name} to {file}")

    def _host(self, name: str) -> Host:
        found = self.hosts.get(name.removeprefix("host:"))
        if found is None:
            raise RefusedError("unknown-target", f"no host {name}")
        return found

    def _ref(self, target: str) -> str:
        shown = self._store.snapshot
        kind, colon, name = target.partition(":")
        tables: Mapping[str, Mapping[str, object]] = {
            "host": shown.hosts, "service": shown.services, "check": shown.checks, "feed": shown.feeds
        }  # fmt: skip
        if colon and name in tables.get(kind, {}):
            return target
        for word in tables if not colon else ():
            if target in tables[word]:
                return f"{word}:{target}"
        raise RefusedError("unknown-target", f"no target {target}")
