"""The engine's log: one file, bounded, that never blocks, never raises and never holds a secret."""

import logging
import logging.handlers
import queue
import re
from pathlib import Path
from typing import Final

from opsconsole.model.text import clean

_SECRETS: Final = re.compile(
    r"(?i)(authorization:?\s*\S+\s+|x-api-key:?\s*|token=|password=|passwd=|://[^/@\s:]+:)[^\s@&]+"
)


def redact(text: str) -> str:
    """Blank out what looks like a credential: authorization headers, tokens in queries, URL user-info."""
    return _SECRETS.sub(r"\1***", text)


class _CleanFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return clean(redact(super().format(record)), 16_000, multiline=True)


class DroppingQueueHandler(logging.handlers.QueueHandler):
    """Hands records to a writer thread; when the disk is slow it drops and counts, and never waits."""

    dropped = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        """Put the record, or count it as dropped."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            self.dropped += 1


def log_to(
    path: Path, level: int = logging.INFO
) -> tuple[DroppingQueueHandler, logging.handlers.QueueListener]:
    """Send all logging to a rotated file (4 x 2 MiB) through a bounded queue.

    Returns:
        The handler, whose `dropped` counts lost records, and the listener to stop at the end.
    """
    file = logging.handlers.RotatingFileHandler(
        path, maxBytes=2 << 20, backupCount=3, encoding="utf-8", delay=True
    )
    file.setFormatter(_CleanFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    handler = DroppingQueueHandler(queue.Queue(10_000))
    listener = logging.handlers.QueueListener(handler.queue, file)
    listener.start()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    return handler, listener
