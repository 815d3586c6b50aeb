"""What the theme that was worn last says, kept as JSON beside the memory of the screen.

To import a YAML reader for sixteen lines takes longer than to draw the first frame. A theme's file that is
the same as it was then, by place, size and time of change, says the same.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

_SIZE_LIMIT = 64 * 1024


class _Memo(Struct, frozen=True):
    file: str
    changed: int
    """Nanoseconds since the epoch."""
    size: int
    content: Mapping[str, Any]


class ThemeMemo:
    """Reads theme files, and keeps the one that was read last."""

    def __init__(self, place: Path | None = None) -> None:
        self._place = place

    def read(self, file: Path) -> object:
        """Give a theme file's content, as the YAML in it says.

        Raises:
            ConfigError: It cannot be read, or is not good YAML.
        """
        try:
            found = file.stat()
            stamp = (str(file), found.st_mtime_ns, found.st_size)
        except OSError:
            return _parsed(file)
        known = self._known()
        if known is not None and (known.file, known.changed, known.size) == stamp:
            return known.content
        content = _parsed(file)
        if isinstance(content, Mapping):
            self._keep(_Memo(*stamp, content))
        return content

    def _known(self) -> _Memo | None:
        if self._place is None:
            return None
        try:
            return msgspec.json.decode(self._place.read_bytes()[:_SIZE_LIMIT], type=_Memo)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _keep(self, memo: _Memo) -> None:
        if self._place is None:
            return
        # It only saves time: where it cannot be kept, the file is read each time.
        with contextlib.suppress(OSError, TypeError):
            self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = self._place.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(memo))
            fresh.replace(self._place)


def _parsed(file: Path) -> object:
    from opsconsole.config.loader import load_yaml, plain

    return plain(load_yaml(file))
