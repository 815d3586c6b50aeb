"""An action as data: what a menu, a form, a plan and a policy need to know, whatever its front end."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from opsconsole.model.rollout import Rollout
from opsconsole.model.states import Confirm, Effect


def may_be_empty(default: str | None) -> bool:
    """Tell whether a default may come to nothing: there is none, or its last choice refers to something."""
    return default is None or "${" in default.rpartition("|")[2]


class ParamSpec(Struct, frozen=True):
    """One parameter of an action; its type picks widget, grammar and completion."""

    name: str
    type: str
    """str text int float bool percent duration bytes when enum multi host hosts service alert unit pid path
    hostname ip cidr port url secret."""
    title: str = ""
    help: str = ""
    required: bool = False
    default: str | None = None
    """As a person would type it; or one reference such as `${alert.labels.unit}` (actions.prefill)."""
    choices: tuple[str, ...] = ()
    choices_from: str | None = None
    """The id of a read action whose lines are the choices."""
    pattern: str | None = None
    min: float | None = None
    max: float | None = None
    under: tuple[str, ...] = ()
    """path: the roots it must lie under."""
    refuse: tuple[str, ...] = ()
    """Globs of values that are never accepted."""
    secret: bool = False


class ActionSpec(Struct, frozen=True):
    """One action; `digest` covers the specification and the implementation's content."""

    id: str
    """`<plugin>.<kebab-name>`."""
    title: str
    effect: Effect
    scope: str
    """host, service, alert, fleet or console."""
    arity: str = "many"
    doc: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    runbook_url: str = ""
    match: str | None = None
    """A predicate of the query language over host, service, alert, fleet, me, now."""
    idempotent: bool = False
    params: tuple[ParamSpec, ...] = ()
    needs: tuple[str, ...] = ()
    """ssh, sudo:<profile>, local, http:<client>, secret:<name>."""
    confirm: Confirm = Confirm.NONE
    max_parallel: int = 8
    stop_on_failure: bool = False
    """One bad target (failed, unknown, unreachable) and nothing new is dispatched."""
    max_targets: int | None = None
    timeout: float = 60.0
    """Seconds a target may take, all steps together."""
    keys: str = ""
    """The letter wished for in the runbook menu."""
    output: str = "fold"
    """fold, table or plain."""
    api: int = 1
    digest: str = ""
    source: str = ""
    """The file it came from."""
    rollout: Rollout | None = None
    """None: all targets at once within `max_parallel`; `stop_on_failure` then is the whole budget."""
    locks: tuple[str, ...] = ()
    """Lock keys beside the targets' own, with references (`service:${service.name}`)."""
    undo_policy: str = "if_healthy"
    """if_healthy, always or never."""
    front: str = "python"
    """python, yaml or executable: the front end it was written in."""
    targets: str = ""
    """`service.hosts`: an action on a service that goes over its hosts, one service a run."""
    maybe_locks: tuple[str, ...] = ()
    """Lock keys of steps with a `when`: taken where they have a value."""
    optional: tuple[str, ...] = ()
    """Needs that only steps with a `when` have: a plan is made without them, a run fails where it needs one."""
    notify: tuple[str, ...] = ()
    """Notifiers that are told of its end."""
    outage: float = 0.0
    """Seconds for which what a target carries does not answer while it works; 0: it goes on answering."""

    @property
    def works_on(self) -> str:
        """What its targets are, beside `scope`, which is what it is offered on."""
        return "host" if self.targets == "service.hosts" else self.scope


END_OF_PLAN: Final = "…"
"""Id of the step that is none: its note says why nothing is known behind it."""


class PlannedStep(Struct, frozen=True):
    """One thing a target would see: the exact argument list, after redaction."""

    id: str
    effect: Effect
    argv: tuple[str, ...]
    note: str = ""
    """`cannot tell: depends on the result of step show` where the plan has to stop."""
    shown: str = ""
    """For what is no command (`PUT lb /pools/web/members/web01`): its exact words; argv is empty then."""


class PlannedTarget(Struct, frozen=True):
    """What would happen on one target, or why nothing would."""

    name: str
    steps: tuple[PlannedStep, ...] = ()
    skip: str = ""
    """Not offered here, and why."""
    state: str = ""
    """The host's state and reach at plan time, for the blast radius."""


class Plan(Struct, frozen=True):
    """What a run would do, frozen: the targets cannot change after it was shown."""

    id: str
    action: str
    title: str
    effect: Effect
    params: Mapping[str, str]
    """As typed; a secret's value is replaced by its name."""
    targets: tuple[PlannedTarget, ...]
    confirm: Confirm
    expect: str
    """What must be typed back: the count, or the action's or target's name; empty for none and key."""
    max_parallel: int
    stop_on_failure: bool
    timeout: float
    hash: str
    """Over specification digest, parameters and targets; carried to approval and journal."""
    blast: str = ""
    """One sentence: `3 of 24 web hosts, services checkout, search`."""
    at: float = 0.0
    refusal: str = ""
    """Why it cannot be started now, empty when it can."""
    refused_as: str = ""
    """The refusal's code: locked, frozen, read-only or held."""
    rollout: Rollout | None = None
    batches: tuple[tuple[str, ...], ...] = ()
    """Targets by batch, frozen; the canary first. Empty: no rollout."""
    overshoot: int = 0
    """How many more than the budget can go bad at worst: what is in flight when it trips."""
    locks: tuple[str, ...] = ()
    """Every lock key the run will take."""
    held_by: str = ""
    """Who holds one of them now, in a sentence; empty: nobody."""
    peer: str = ""
    """Why a second person has to agree before it starts; empty: nobody has to."""
    policy: tuple[str, ...] = ()
    """Every rule of the policy that has a say here: `need_peer by two-for-databases: ...`."""
    spool: str = ""
    """Why a lost outcome cannot be settled later by the host itself (`resolver: none`); empty: it can."""
    outage: float = 0.0
    """As the action says it: seconds a target does not answer."""
