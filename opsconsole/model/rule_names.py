"""The names of the rules that are there without a line of configuration, for whoever checks what a file says."""

from typing import Final

RULE_NAMES: Final = (
    "FsSpace",
    "FsInodes",
    "MemAvailable",
    "LoadPerCore",
    "ClockOffset",
    "CertExpiry",
    "HostUnreachable",
    "HostKeyChanged",
    "UnitFailed",
    "ServiceDown",
    "CheckDown",
    "SourceUnreachable",
    "Blind",
)
