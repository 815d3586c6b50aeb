"""Load the SSH library without what it does for systems that have more than most.

While it is imported it looks for two shared libraries (liboqs, nettle) by `ctypes.util.find_library`, which starts
ldconfig, a compiler and a linker for each name that it does not find: a tenth of a second.
"""

import ctypes.util
import importlib
import os
from pathlib import Path
from typing import Final

_CACHE: Final = Path("/etc/ld.so.cache")
"""Names every shared library of the system, where the C library is glibc (ld.so(8))."""
_LIBRARY: Final = "asyncssh"


def load_ssh(cache: Path = _CACHE) -> None:
    """Import the SSH library; a library that the system's list does not name is not searched for.

    Where there is no list, or LD_LIBRARY_PATH names more folders, everything is as ever.
    """
    usual = ctypes.util.find_library
    listed = b"" if os.environ.get("LD_LIBRARY_PATH") else _read(cache)

    def find_listed(name: str) -> str | None:
        return usual(name) if f"lib{name}.so".encode() in listed else None

    if listed:
        ctypes.util.find_library = find_listed
    try:
        importlib.import_module(_LIBRARY)
    finally:
        ctypes.util.find_library = usual


def _read(cache: Path) -> bytes:
    try:
        return cache.read_bytes()
    except OSError:
        return b""
