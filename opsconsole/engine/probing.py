"""What runs may ask for beside hosts: checks at once, and the certificate an endpoint shows."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from opsconsole.actions.ctx import Certificate
from opsconsole.clock import Clock
from opsconsole.collect.asker import Asker
from opsconsole.model.sample import CheckResult
from opsconsole.model.snapshot import Snapshot
from opsconsole.model.states import ServiceState

_CHECKS_WITHIN: Final = 15.0
_TLS_WITHIN: Final = 10.0


class LiveChecks:
    """Runs the checks of a target now and waits for their results as they come in."""

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        poll_now: Callable[[Sequence[str]], None],
        clock: Clock,
    ) -> None:
        self._snapshot = snapshot
        self._poll_now = poll_now
        self._clock = clock
        self._waiting: dict[str, list[asyncio.Future[CheckResult]]] = {}

    def take(self, result: CheckResult) -> None:
        """Take a result on its way to the store."""
        for future in self._waiting.pop(result.check, ()):
            if not future.done():
                future.set_result(result)

    async def run(self, ref: str) -> Sequence[CheckResult]:
        """Run every check of a reference; one that does not answer in time is unknown."""
        loop = asyncio.get_running_loop()
        waited = {name: loop.create_future() for name in checks_of(self._snapshot(), ref)}
        for name, future in waited.items():
            self._waiting.setdefault(name, []).append(future)
        if waited:
            self._poll_now((ref,))
            await asyncio.wait(waited.values(), timeout=_CHECKS_WITHIN)
        return [self._result(name, future) for name, future in waited.items()]

    def _result(self, name: str, future: "asyncio.Future[CheckResult]") -> CheckResult:
        if future.done():
            return future.result()
        future.cancel()
        late = f"no result within {_CHECKS_WITHIN:g} s"
        return CheckResult(name, self._clock.now(), _CHECKS_WITHIN, ServiceState.UNKNOWN, late)


def checks_of(shown: Snapshot, ref: str) -> tuple[str, ...]:
    """Name the checks of a host or service; a host's services' checks are its own too."""
    kind, _, name = ref.partition(":")
    if kind == "service":
        service = shown.services.get(name)
        return tuple(check.name for check in service.checks) if service else ()
    own = tuple(key for key, check in shown.checks.items() if check.host == name)
    carried = tuple(
        check.name
        for service in shown.services.values()
        if name in service.hosts
        for check in service.checks
    )
    return own + carried


async def certificate(web: Asker, address: str, port: int, server_name: str) -> Certificate:
    """Look at the certificate an endpoint shows for a name; failure is a certificate with a reason."""
    shown = f"[{address}]" if ":" in address else address
    seen = await web.probe_tls(f"{shown}:{port}", timeout=_TLS_WITHIN, name=server_name or None)
    return Certificate(
        address,
        port,
        server_name,
        not_after=seen.cert_expires_at or 0.0,
        trusted=seen.fault is None,
        reason=seen.reason,
    )
