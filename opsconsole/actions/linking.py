"""Finds the actions that runbooks use, once all are loaded: locks, needs and effect are inherited upward.

So nothing is bypassed by naming it elsewhere; an action that uses itself, or one that is not there, is refused.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from opsconsole.actions.reference import parse_template
from opsconsole.actions.spec import confirm_floor
from opsconsole.actions.steps import Action, Reference
from opsconsole.config.problems import did_you_mean
from opsconsole.errors import OpsConsoleError
from opsconsole.model.action import ActionSpec
from opsconsole.model.states import Effect

_EFFECTS = tuple(Effect)
DEEPEST = 8
"""Actions within actions."""


class LinkError(OpsConsoleError):
    """An action names another that it cannot use; the message begins with the place."""


def link(actions: Mapping[str, Action]) -> tuple[dict[str, Action], dict[str, str]]:
    """Connect actions to those they use.

    Returns:
        The actions that hold together, and for each other one why it does not.
    """
    linker = _Linker(actions)
    good: dict[str, Action] = {}
    wrong: dict[str, str] = {}
    for name in actions:
        try:
            good[name] = linker.find(name)
        except LinkError as error:
            wrong[name] = str(error)
    return good, wrong


class _Linker:
    def __init__(self, actions: Mapping[str, Action]) -> None:
        self._actions = actions
        self._done: dict[str, Action] = {}
        self._path: list[str] = []

    def find(self, name: str) -> Action:
        """Give an action with all that it uses."""
        if name in self._done:
            return self._done[name]
        self._path.append(name)
        try:
            self._done[name] = self._linked(self._actions[name])
        finally:
            self._path.pop()
        return self._done[name]

    def _linked(self, action: Action) -> Action:
        used = dict(self._used(action))
        if not used:
            return action
        spec = _merged(action.spec, [each.spec for each in used.values()])
        always, maybe = _locks(action, used)
        spec = msgspec.structs.replace(
            spec, locks=always, maybe_locks=maybe, optional=_optional(action, used)
        )
        return replace(action, spec=spec, used=used)

    def _used(self, action: Action) -> Iterator[tuple[str, Action]]:
        for reference in action.uses:
            name = reference.action
            if reference.is_check and name not in self._actions:
                continue  # a built-in gate or a check of the inventory: asked for by name when it runs
            if name not in self._actions:
                near = did_you_mean(name, self._actions)
                raise LinkError(f"{reference.where}: there is no action {name}{near}")
            if name in self._path:
                circle = " uses ".join([*self._path[self._path.index(name) :], name])
                raise LinkError(f"{reference.where}: a circle: {circle}")
            if len(self._path) >= DEEPEST:
                raise LinkError(
                    f"{reference.where}: more than {DEEPEST} actions within one another"
                )
            found = self.find(name)
            _check_use(reference, found.spec, action.spec)
            yield name, found


def _check_use(reference: Reference, spec: ActionSpec, user: ActionSpec) -> None:
    if reference.reads and spec.effect is not Effect.READ:
        raise LinkError(f"{reference.where}: {spec.id} is no read, and only reads may stand here")
    names = {param.name for param in spec.params}
    for name in reference.params:
        if name not in names:
            near = did_you_mean(name, names)
            raise LinkError(f"{reference.where}: {spec.id} has no parameter {name}{near}")
    for param in spec.params:
        if param.required and param.default is None and param.name not in reference.params:
            raise LinkError(f"{reference.where}: {spec.id} needs the parameter {param.name}")
    if spec.works_on not in (user.scope, user.works_on, "fleet", "console"):
        raise LinkError(
            f"{reference.where}: {spec.id} is for a {spec.scope}, this is for a {user.works_on}"
        )


def _optional(action: Action, used: Mapping[str, Action]) -> tuple[str, ...]:
    """List the needs that only steps with a `when` have."""
    always = set(action.spec.needs)
    sometimes: dict[str, None] = {}
    for reference in action.uses:
        spec = used[reference.action].spec if reference.action in used else None
        if spec is None:
            continue
        if reference.is_conditional:
            sometimes |= dict.fromkeys(spec.needs)
        else:
            always |= set(spec.needs) - set(spec.optional)
            sometimes |= dict.fromkeys(spec.optional)
    return tuple(need for need in sometimes if need not in always)


def _locks(action: Action, used: Mapping[str, Action]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Inherit the locks of what is used, in the words of the user: always, and only where a `when` holds."""
    always = dict.fromkeys(action.spec.locks)
    maybe = dict.fromkeys(action.spec.maybe_locks)
    for reference in action.uses:
        spec = used[reference.action].spec if reference.action in used else None
        if spec is None:
            continue
        inherited = [_in_words_of(reference, lock, spec) for lock in spec.locks]
        (maybe if reference.is_conditional else always).update(dict.fromkeys(inherited))
        maybe |= dict.fromkeys(_in_words_of(reference, lock, spec) for lock in spec.maybe_locks)
    return tuple(always), tuple(lock for lock in maybe if lock not in always)


def _in_words_of(reference: Reference, lock: str, spec: ActionSpec) -> str:
    """Replace the used action's parameters by what it is given."""
    defaults = {param.name: param.default or "" for param in spec.params}
    parts = []
    for part in parse_template(lock).parts:
        if isinstance(part, str) or part.root != "params":
            parts.append(part if isinstance(part, str) else f"${{{part}}}")
        else:
            parts.append(reference.params.get(part.path) or defaults.get(part.path, ""))
    return "".join(parts)


def _merged(spec: ActionSpec, others: Sequence[ActionSpec]) -> ActionSpec:
    """Take the strongest effect and every need; the digest covers what is used."""
    effect = max((spec.effect, *(each.effect for each in others)), key=_EFFECTS.index)
    needs = dict.fromkeys([*spec.needs, *(need for each in others for need in each.needs)])
    digests = "".join([spec.digest, *(each.digest for each in others)])
    return msgspec.structs.replace(
        spec,
        effect=effect,
        confirm=confirm_floor(spec.confirm, effect),
        idempotent=spec.idempotent and all(each.idempotent for each in others),
        needs=tuple(needs),
        digest=hashlib.sha256(digests.encode()).hexdigest(),
    )
