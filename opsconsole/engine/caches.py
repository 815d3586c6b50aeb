"""What plugins keep between runs: one small JSON file each, in the engine's folder."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Final

import msgspec

from opsconsole.errors import ActionError
from opsconsole.model.text import clean

LIMIT: Final = 1 << 20
"""Bytes of one plugin's cache."""


class FileCaches:
    """Gives each plugin its own."""

    def __init__(self, folder: Path) -> None:
        """Set up; the folder is made at the first write, 0700."""
        self._folder = folder
        self._caches: dict[str, FileCache] = {}

    def of(self, plugin: str) -> "FileCache":
        """Give a plugin's cache."""
        if plugin not in self._caches:
            self._caches[plugin] = FileCache(self._folder / f"{plugin}.json")
        return self._caches[plugin]


class FileCache:
    """A mapping on disk; written whole, beside it and renamed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = asyncio.Lock()
        self._values: dict[str, object] | None = None

    async def get(self, key: str) -> object:
        """Give a value; None: there is none."""
        async with self._lock:
            return (await self._load()).get(key)

    async def put(self, key: str, value: object) -> None:
        """Keep a value; None forgets it. Raises ActionError when it is no JSON, or does not fit."""
        async with self._lock:
            values = dict(await self._load())
            values.pop(key, None)
            if value is not None:
                values[key] = value
            try:
                content = msgspec.json.encode(values, enc_hook=_plain)
                kept = msgspec.json.decode(content, type=dict[str, object])
            except (TypeError, ValueError, RecursionError) as error:
                raise ActionError("cache", f"{clean(key, 60)} is no JSON: {error}") from None
            if len(content) > LIMIT:
                raise ActionError("cache", f"a plugin keeps at most {LIMIT >> 20} MiB")
            await asyncio.to_thread(_write, self._path, content)
            self._values = kept

    async def _load(self) -> dict[str, object]:
        if self._values is None:
            self._values = await asyncio.to_thread(_read, self._path)
        return self._values


def _plain(value: object) -> str:
    """What a host said is text too."""
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _read(path: Path) -> dict[str, object]:
    """What cannot be read is forgotten: it is a cache."""
    try:
        if path.stat().st_size > LIMIT:
            return {}
        return msgspec.json.decode(path.read_bytes(), type=dict[str, object])
    except (OSError, msgspec.DecodeError):
        return {}


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with contextlib.closing(os.fdopen(handle, "wb")) as file:
            file.write(content)
        new.replace(path)
    except OSError as error:
        raise ActionError("cache", f"cannot be kept: {error.strerror}") from error
