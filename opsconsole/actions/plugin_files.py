"""What a plugin brings beside its actions: `scripts/` that run on hosts, and `files/` that are put there."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from opsconsole.actions.trust import TrustError, check_folder, read_trusted

FOLDERS: Final = ("scripts", "files")
LIMIT: Final = 8 << 20
"""Bytes of all of a plugin's files together."""


def read_files(plugin: Path, *, checked: bool) -> Mapping[str, bytes]:
    """Read them once, when the plugin is loaded: what was confirmed is what is sent.

    Args:
        plugin: The plugin's folder.
        checked: False for what came with the program.

    Returns:
        Content by relative name, `scripts/probe.sh`.

    Raises:
        TrustError: One is not ours, or they are too large.
    """
    found: dict[str, bytes] = {}
    for path in _walk(plugin, checked=checked):
        found[str(path.relative_to(plugin))] = read_trusted(path, checked=checked)
        if sum(map(len, found.values())) > LIMIT:
            raise TrustError(f"{plugin}: scripts/ and files/ hold more than {LIMIT >> 20} MiB")
    return found


def _walk(plugin: Path, *, checked: bool) -> Iterator[Path]:
    for name in FOLDERS:
        top = plugin / name
        for folder in [top, *sorted(top.rglob("*"))] if top.is_dir() else ():
            if not folder.is_dir():
                continue
            if checked:
                check_folder(folder)
            yield from sorted(each for each in folder.iterdir() if not each.is_dir())
