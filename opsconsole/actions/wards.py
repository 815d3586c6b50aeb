"""Who of the plugins misbehaved, and who is not called any more: three faults in five minutes are enough."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Final

from opsconsole.actions.api import Outcome
from opsconsole.actions.params import Values
from opsconsole.actions.protocol import ProtocolError
from opsconsole.actions.python_plugin import PluginCodeError
from opsconsole.actions.steps import Door, Impl, Reversible, Target
from opsconsole.errors import ActionError, OpsConsoleError
from opsconsole.model.plugin import Fault
from opsconsole.model.text import MESSAGE_LIMIT, clean

FAULTS: Final = 3
WITHIN: Final = 300.0
"""Seconds."""
_KEPT: Final = 10
_BLAMED: Final = "raised by the plugin "
"""Begins the note that an error carries once it is counted."""


class QuarantineError(ActionError):
    """The plugin is not called any more until a person resumes it."""


class Wards:
    """Keeps each plugin's faults; told of one, tells whoever shows plugins."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Set up; `now` gives epoch seconds."""
        self._now = now
        self._faults: dict[str, deque[Fault]] = {}
        self._since: dict[str, float] = {}
        self.on_change: Callable[[str], None] = lambda _plugin: None
        """Told the id of a plugin whose faults or quarantine changed."""

    def fault(self, plugin: str, kind: str, where: str, text: str, stack: str = "") -> None:
        """Note that a plugin misbehaved; the third time in five minutes closes it."""
        found = Fault(
            self._now(), kind, where, clean(text, 400), clean(stack, MESSAGE_LIMIT, multiline=True)
        )
        faults = self._faults.setdefault(plugin, deque(maxlen=_KEPT))
        faults.append(found)
        lately = sum(1 for each in faults if found.at - each.at <= WITHIN)
        if lately >= FAULTS:
            self._since.setdefault(plugin, found.at)
        self.on_change(plugin)

    def why_closed(self, plugin: str) -> str:
        """Say why nothing of a plugin is called; empty while it is."""
        if plugin not in self._since:
            return ""
        last = self._faults[plugin][-1]
        return (
            f"plugin {plugin} is in quarantine after {FAULTS} faults"
            f" (opsconsole plugin resume {plugin}), the last: {last.text}"
        )

    def check(self, plugin: str) -> None:
        """Let a call through.

        Raises:
            QuarantineError: The plugin is closed.
        """
        if why := self.why_closed(plugin):
            raise QuarantineError("plugin", why)

    def resume(self, plugin: str) -> bool:
        """Call a plugin again; False: it was not closed."""
        was_closed = self._since.pop(plugin, None) is not None
        self._faults.pop(plugin, None)
        self.on_change(plugin)
        return was_closed

    def faults(self, plugin: str) -> tuple[Fault, ...]:
        """List its newest faults, oldest first."""
        return tuple(self._faults.get(plugin, ()))

    def since(self, plugin: str) -> float:
        """Tell since when it is closed; 0: it is not."""
        return self._since.get(plugin, 0.0)

    @property
    def closed(self) -> Mapping[str, float]:
        """Every closed plugin and since when."""
        return dict(self._since)


Run = Callable[[Door, Target, Values], Awaitable[Outcome | None]]


class WardedImpl:
    """An implementation whose faults are counted; what it raises goes on to the bulkhead."""

    def __init__(self, impl: Impl, plugin: str, action: str, wards: Wards) -> None:
        self._impl = impl
        self._plugin = plugin
        self._action = action
        self._wards = wards

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Run it, unless its plugin is closed."""
        return await self._watched(self._impl.run, door, target, values)

    @property
    def has_rollback(self) -> bool:
        """Tell whether the action has a way back of its own."""
        return isinstance(self._impl, Reversible) and self._impl.has_rollback

    async def rollback(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Take it back; a closed plugin does not, and says so."""
        assert isinstance(self._impl, Reversible)
        return await self._watched(self._impl.rollback, door, target, values)

    async def _watched(
        self, call: Run, door: Door, target: Target, values: Values
    ) -> Outcome | None:
        with _Watch(self._wards, self._plugin, self._action):
            return await call(door, target, values)


class _Watch:
    """Sees what an implementation raises on its way to the bulkhead, and counts it once: of actions that use one
    another, against the plugin that raised it."""

    def __init__(self, wards: Wards, plugin: str, action: str) -> None:
        self._wards = wards
        self._plugin = plugin
        self._action = action

    def __enter__(self) -> None:
        self._wards.check(self._plugin)

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        match error:
            case ProtocolError() | PluginCodeError():
                self._count(error, kind_of(error), str(error))
            case OpsConsoleError():
                return
            case Exception() | SystemExit():
                said = f"{type(error).__name__}: {error}"
                self._count(error, "error", said, stack_of(error))

    def _count(self, error: BaseException, kind: str, said: str, stack: str = "") -> None:
        if any(note.startswith(_BLAMED) for note in getattr(error, "__notes__", ())):
            return
        error.add_note(f"{_BLAMED}{self._plugin}: {self._action}")
        self._wards.fault(self._plugin, kind, self._action, said, stack)


def kind_of(error: OpsConsoleError) -> str:
    """Name the fault behind an error of ours: code that cannot be used, or words that are none."""
    return "import" if isinstance(error, PluginCodeError) else "protocol"


def stack_of(error: BaseException) -> str:
    """Show where an exception was raised, innermost last, at most eight places."""
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return "\n".join(places[-8:])
