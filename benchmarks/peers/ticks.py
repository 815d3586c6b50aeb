"""Counts a program's changes where the measurement can read it: a starved machine makes fewer."""

import os


class Ticks:
    """The count is the length of the file that `BENCHMARK_TICKS` names."""

    def __init__(self) -> None:
        path = os.environ.get("BENCHMARK_TICKS")
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if path else -1

    def count(self) -> None:
        """Count one."""
        if self._file >= 0:
            os.write(self._file, b".")
