"""What makes a process a background one: away from the terminal, niced, private, with its output in a log."""

import faulthandler
import os
import sys

from opsconsole.engine.place import Place

_NICE = 10


def detach(place: Place) -> None:
    """Leave the terminal: fork, new session, fork again; the callers' processes exit with 0.

    Output goes to the engine's log, the working folder becomes `/`.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR)
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(null)
    os.close(log)


def settle() -> None:
    """Make this process a good neighbour: low priority, private files, tracebacks of hard faults.

    Where the system knows batch work (Linux) it is that: waking up it takes the processor from nobody, a console
    that paints a key least of all, and does more in one go (sched(7)).
    """
    os.umask(0o077)
    os.nice(max(0, _NICE - os.nice(0)))
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    faulthandler.enable()
