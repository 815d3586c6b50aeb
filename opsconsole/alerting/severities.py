"""What other systems call how bad it is, in our three words; their own word is kept beside it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from opsconsole.model.inventory import AlertSource
from opsconsole.model.states import Severity

_WORDS: Final[Mapping[Severity, tuple[str, ...]]] = {
    Severity.CRITICAL: (
        "critical", "crit", "page", "disaster", "emergency", "emerg", "fatal", "alert",
        "sev0", "sev1", "p0", "p1", "s1",
    ),
    Severity.WARNING: (
        "warning", "warn", "ticket", "high", "average", "minor", "medium", "sev2", "sev3", "p2",
        "p3", "s2", "s3",
    ),
    Severity.INFO: (
        "info", "information", "informational", "notice", "none", "debug", "low", "ok", "sev4",
        "sev5", "p4", "p5", "s4",
    ),
}  # fmt: skip
BUILT_IN: Final[Mapping[str, Severity]] = MappingProxyType(
    {word: severity for severity, words in _WORDS.items() for word in words}
)


def severity_of(labels: Mapping[str, str], source: AlertSource | None) -> tuple[Severity, str]:
    """Give our severity and the raw word; a word nobody knows is a warning, and shown as it is."""
    raw = labels.get(source.severity_label if source else "severity", "")
    own = source.severities if source else {}
    return own.get(raw) or BUILT_IN.get(raw.lower(), Severity.WARNING), raw
