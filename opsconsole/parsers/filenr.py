"""/proc/sys/fs/file-nr (proc_sys_fs(5)): open files of the whole machine."""

from collections.abc import Mapping
from typing import Final

from opsconsole.parsers.reading import reads, whole_numbers

_NO_LIMIT: Final = 10**12
"""Newer kernels say 2^63-1: a share of that means nothing."""


@reads("/proc/sys/fs/file-nr")
def parse_filenr(text: bytes) -> Mapping[str, float]:
    """Read the share of file handles in use; empty where there is no real limit.

    Raises:
        ParseError: It is not three numbers.
    """
    used, _free, most = whole_numbers(text.split())
    if not 0 < most <= _NO_LIMIT:
        return {}
    return {"fd.used_ratio": used / most}
