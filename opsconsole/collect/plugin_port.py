"""What watching needs of plugins, as callables the engine hands in; a plugin's fault comes back as a reason."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from opsconsole.collect.answers import Shown
from opsconsole.collect.member import Member
from opsconsole.model.inventory import Check
from opsconsole.model.states import ServiceState

PREFIX = "plugin:"


async def _no_check(check: Check) -> Shown:
    return Shown(ServiceState.UNKNOWN, f"nobody brings the check {check.target}")


async def _no_alerts(source: str) -> Member:
    return Member(source, reason="nobody brings this alert source")


async def _no_secret(_name: str) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class PluginPort:
    """The engine's side of what plugins contribute to watching."""

    check: Callable[[Check], Awaitable[Shown]] = _no_check
    """Asks a plugin's check."""
    alerts: Callable[[str], Awaitable[Member]] = _no_alerts
    """Asks a plugin's alert source, by `plugin:<id>`, for all that fires."""
    secret: Callable[[str], Awaitable[str]] = _no_secret
    """Asks a plugin's secret provider, `<id>/<name>`; empty where it cannot be had."""


class PluginReader:
    """An alert source that a plugin brings, as a cluster of one member."""

    def __init__(self, port: PluginPort) -> None:
        self._port = port

    async def ask(self, url: str) -> Member:
        """Ask it; every failure is a Member with a reason."""
        return await self._port.alerts(url)
