"""Who may run what: the rules of a policy file, what is asked of them, and what they say."""

from collections.abc import Mapping

from msgspec import Struct

from opsconsole.model.states import Confirm, Effect


class Person(Struct, frozen=True):
    """Who asks, as the kernel knows them; the name is for people, the numbers tell persons apart."""

    name: str
    """The audit login's name when set, else the account's."""
    uid: int = -1
    """The account at the other end of the socket; -1: nobody's, the engine itself asks."""
    login: int | None = None
    """The audit login uid, which survives su and sudo; None: not set, or the kernel has none."""


class Span(Struct, frozen=True):
    """A time that comes again and again."""

    cron: str
    """When it begins, five fields."""
    seconds: float
    zone: str = "UTC"


class Rule(Struct, frozen=True):
    """One rule of a policy. What is not said matches everything."""

    name: str
    then: str
    """allow, deny, need_peer, force_confirm or force_rollout."""
    actions: tuple[str, ...] = ()
    """Globs of action ids."""
    effects: tuple[Effect, ...] = (Effect.WRITE, Effect.DESTRUCTIVE)
    groups: tuple[str, ...] = ()
    """Unix groups, one of which the person is in."""
    except_groups: tuple[str, ...] = ()
    """Unix groups, none of which the person is in."""
    targets: str = ""
    """A filter over hosts. A rule that allows must cover all that is touched; any other, one of them."""
    during: tuple[Span, ...] = ()
    outside: tuple[Span, ...] = ()
    because: str = ""
    by: tuple[str, ...] = ()
    """need_peer: unix groups, one of which the second person is in."""
    level: Confirm | None = None
    """force_confirm: at least so."""
    rollout: Mapping[str, str] = {}
    """force_rollout: at least so strict, by the words of a person's own wishes."""


class Policy(Struct, frozen=True):
    """All rules in force. The empty one allows everything."""

    rules: tuple[Rule, ...] = ()
    closed: bool = False
    """True: a change that no rule allows is denied."""
    broken: str = ""
    """Why the rules cannot be known; changes are denied then."""
    glass: tuple[str, ...] | None = None
    """Groups that may go ahead without a second person; None: everybody may, empty: nobody."""
    approvers: str = ""
    """The group whose members may come to the engine from accounts of their own."""
    folder: str = ""
    """Where the socket for them is; empty: there is none."""
    authorizers: tuple[str, ...] = ()
    """Plugins' authorizers, all of which are asked."""
    files: tuple[str, ...] = ()
    """Where the rules stand."""
    version: str = ""
    """A hash of what was read; empty: no file."""
    parts: tuple["Policy", ...] = ()
    """Each file's own, where several hold: what one of them allows says nothing for another."""


class Asking(Struct, frozen=True):
    """What is to be decided: one plan of one person."""

    action: str
    effect: Effect
    person: Person
    at: float
    targets: tuple[str, ...]
    hosts: tuple[str, ...]
    """Hosts that it touches."""
    params: Mapping[str, str] = {}
    """As typed; a secret's value is replaced by its name."""


class Ruling(Struct, frozen=True):
    """What the policy says of a plan. Equal rulings are equal records."""

    denied: str = ""
    """Why it may not be; empty: it may."""
    peer: str = ""
    """Why a second person has to agree; empty: nobody has to."""
    by: tuple[tuple[str, ...], ...] = ()
    """Of each of these sets of groups the second person is in one."""
    glass: bool = True
    """True: in an emergency it may go ahead without."""
    level: Confirm | None = None
    """It is confirmed at least so."""
    rollout: tuple[Mapping[str, str], ...] = ()
    """It goes over its targets at least so strictly."""
    says: tuple[str, ...] = ()
    """Every rule that had a say, for the plan."""
    version: str = ""
    """Of the policy."""


class Approval(Struct, frozen=True):
    """How a run that needed a second person came by one, or did not."""

    state: str
    """waiting, approved, denied, expired, withdrawn, void, or glass: it went ahead without."""
    why: str
    """Why one was needed."""
    until: float = 0.0
    """Until when it waits."""
    by: str = ""
    """Who decided."""
    at: float = 0.0
    reason: str = ""
    """In their words; of `glass` the reason that was typed."""
