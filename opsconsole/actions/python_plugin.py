"""A plugin's Python: read and checked when it is found, run on first use, off the loop and within a budget."""

import asyncio
import contextlib
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.abc import InspectLoader
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

from opsconsole.actions.api import Declared, Plugin
from opsconsole.actions.contributing import Contributed
from opsconsole.errors import OpsConsoleError

IMPORT_BUDGET: Final = 2.0
"""Seconds."""

Contain = Callable[[Callable[[], None]], str]
"""Runs something and says what it raised, in a sentence: the loader's bulkhead."""


class PluginCodeError(OpsConsoleError):
    """A plugin's code cannot be used; the message says what it did."""


class _Source(InspectLoader):
    """Executes bytes that were read and checked, not a path that could change, and no bytecode cache."""

    def __init__(self, content: bytes, path: Path) -> None:
        self._content = content
        self._path = path

    def get_source(self, _fullname: str) -> str:
        return self._content.decode()

    def get_code(self, _fullname: str) -> CodeType:
        return self.source_to_code(self._content, str(self._path))  # tracebacks name the file


class Code:
    """What a plugin's Python declares."""

    def __init__(self) -> None:
        self.actions: dict[str, Declared] = {}
        self.others: dict[tuple[str, str], Contributed] = {}
        """By kind and name."""

    def take(self, plugin: Plugin) -> None:
        """Add what one module declares.

        Raises:
            PluginCodeError: Something is declared twice.
        """
        for declared in plugin.actions:
            if declared.name in self.actions:
                raise PluginCodeError(f"the action {declared.name} is declared twice")
            self.actions[declared.name] = declared
        for other in plugin.contributions:
            if (other.kind, other.name) in self.others:
                raise PluginCodeError(f"the {other.kind} {other.name} is declared twice")
            self.others[other.kind, other.name] = other


class PythonCode:
    """All of a plugin's Python; it is run once, in a thread of its own that may never come back."""

    def __init__(
        self, plugin: str, files: Sequence[tuple[Path, bytes]], module: str, contain: Contain
    ) -> None:
        """Set up.

        Args:
            plugin: The plugin's id.
            files: Its files as they were read and checked.
            module: An installed package's: imported instead of running the files. Else empty.
            contain: The bulkhead around running them.
        """
        self._plugin = plugin
        self._files = tuple(files)
        self._module = module
        self._contain = contain
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._done = threading.Event()
        self._waiting: list[Callable[[], None]] = []
        self._code = Code()
        self._error = ""

    @property
    def content(self) -> bytes:
        """All of its source, for digests."""
        return b"\0".join(content for _, content in self._files)

    @property
    def files(self) -> tuple[tuple[Path, bytes], ...]:
        """Its files as they were read."""
        return self._files

    @property
    def is_loaded(self) -> bool:
        """Tell whether it was run already."""
        return self._done.is_set()

    def load(self) -> Code:
        """Run it, unless that was done; waits for it at most its budget.

        Raises:
            PluginCodeError: It raised, or takes longer.
        """
        self._start(lambda: None)
        self._done.wait(IMPORT_BUDGET)
        return self._result()

    async def loaded(self) -> Code:
        """As `load`, without holding the loop up."""
        if self._done.is_set():
            return self._result()
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(ended.set)

        self._start(tell)
        with contextlib.suppress(TimeoutError):  # the result says so
            async with asyncio.timeout(IMPORT_BUDGET):
                await ended.wait()
        return self._result()

    def _start(self, tell: Callable[[], None]) -> None:
        with self._lock:
            if self._done.is_set():
                tell()
                return
            self._waiting.append(tell)
            if self._thread is None:
                name = f"import {self._plugin}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        self._error = self._contain(self._run)
        with self._lock:
            self._done.set()
            waiting = tuple(self._waiting)
        for tell in waiting:
            tell()

    def _result(self) -> Code:
        if not self._done.is_set():
            raise PluginCodeError(
                f"{self._plugin}: its import takes longer than {IMPORT_BUDGET:g} s"
            )
        if self._error:
            raise PluginCodeError(self._error)
        return self._code

    def _run(self) -> None:
        if self._module:
            self._code.take(_plugin_of(import_module(self._module), self._plugin, self._module))
            return
        for path, content in self._files:
            module = _execute(f"opsconsole_plugins.{self._plugin}.{path.stem}", path, content)
            self._code.take(_plugin_of(module, self._plugin, str(path)))


def _execute(name: str, path: Path, content: bytes) -> ModuleType:
    spec = ModuleSpec(name, _Source(content, path), origin=str(path))
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up here
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


def _plugin_of(module: ModuleType, plugin: str, place: str) -> Plugin:
    found = getattr(module, "plugin", None)
    if not isinstance(found, Plugin):
        raise PluginCodeError(f'{place}: has no `plugin = Plugin("{plugin}")`')
    if found.id != plugin:
        raise PluginCodeError(f"{place}: says Plugin({found.id!r}) in the plugin {plugin}")
    return found
