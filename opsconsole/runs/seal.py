"""A third log for the journals' head hashes: the machine's own syslog, which the engine's account cannot edit."""

import syslog


def to_syslog(text: str) -> None:
    """Send one line to the authentication log; a machine without syslog loses it silently (syslog(3))."""
    syslog.syslog(syslog.LOG_AUTHPRIV | syslog.LOG_NOTICE, f"opsconsole: {text}")
