"""The names of the built-in rules: what `rules:` may bend, and what alerting evaluates."""

from typing import Final

STARTER_RULES: Final = (
    "FsSpace", "FsInodes", "MemAvailable", "LoadPerCore", "ClockOffset", "CertExpiry",
    "HostUnreachable", "HostKeyChanged", "UnitFailed", "ServiceDown", "CheckDown",
    "SourceUnreachable", "Blind",
)  # fmt: skip
