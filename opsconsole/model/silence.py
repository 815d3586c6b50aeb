"""A silence as its Alertmanager keeps it, and what composing one would do."""

from msgspec import Struct


class Matcher(Struct, frozen=True):
    """One condition on a label; a label that is not there counts as the empty text."""

    name: str
    op: str
    """`=`, `!=`, `=~` or `!~`; patterns are anchored at both ends (RE2)."""
    value: str


class Silence(Struct, frozen=True):
    """One silence of one source."""

    id: str
    source: str
    """The alert source's name; a cluster's members share their silences."""
    matchers: tuple[Matcher, ...]
    starts: float
    ends: float
    """Epoch seconds."""
    author: str
    comment: str
    state: str = "active"
    """active, pending or expired."""


class SilenceDraft(Struct, frozen=True):
    """What a person is about to silence."""

    source: str
    """Empty: the only one there is."""
    matchers: tuple[Matcher, ...]
    seconds: float
    """How long, from now; an edited one ends so long after now, an extended one so much later."""
    comment: str
    id: str = ""
    """The silence that this one replaces; empty: a new one."""
    starts: float | None = None
    """Epoch seconds; None: now."""


class SilenceEffect(Struct, frozen=True):
    """What a draft would do: shown while it is typed, and confirmed by its hash."""

    draft: SilenceDraft
    hash: str
    """Over the draft and the set of what it hides; a later one that differs is asked again."""
    now: tuple[str, ...] = ()
    """Episodes that it would hide now."""
    critical: tuple[str, ...] = ()
    """Those of them that are critical."""
    day: int = 0
    """Episodes of the last 24 hours that it would have hidden."""
    overlaps: tuple[str, ...] = ()
    """Ids of active silences that hide some of the same."""
    server: int | None = None
    """What the source itself counts for these matchers; None: it was not asked."""
    warnings: tuple[str, ...] = ()
    """Sentences: matches nothing, hides criticals, never matches, hosts of other teams ..."""
    refusal: str = ""
    """Why it cannot be made; empty when it can."""
    expect: str = ""
    """What must be typed back; empty: nothing."""
    amtool: str = ""
    """The same as a command line."""
