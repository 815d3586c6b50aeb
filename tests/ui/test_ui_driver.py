"""The driver where the terminal goes away under it."""

import contextlib
import os
import threading
from typing import IO, cast

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from opsconsole.ui.driver import Lasting

LIMIT = 20.0


def test_an_application_whose_terminal_is_gone_does_not_wait_for_it() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    gone = os.fdopen(writer, "w")
    thread = WriterThread(cast(IO[str], Lasting(gone)))
    thread.start()

    def paint() -> None:
        for _ in range(10 * MAX_QUEUED_WRITES):
            thread.write("x" * 10_000)
        thread.stop()

    painting = threading.Thread(target=paint, daemon=True)
    painting.start()
    painting.join(LIMIT)

    assert not painting.is_alive()
    with contextlib.suppress(BrokenPipeError):
        gone.close()
