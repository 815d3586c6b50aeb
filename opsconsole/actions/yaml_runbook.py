"""Reads one YAML runbook into an action: specification, parameters, steps; all mistakes at once."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from opsconsole.actions.api import API
from opsconsole.actions.interpreter import RunbookImpl
from opsconsole.actions.reference import parse_template
from opsconsole.actions.runbook import Check, Put, Runbook, Until, Use
from opsconsole.actions.spec import SPEC_FIELDS, SpecError, make_spec
from opsconsole.actions.steps import Action, Reference
from opsconsole.actions.yaml_keys import Keys
from opsconsole.actions.yaml_params import read_param_specs
from opsconsole.actions.yaml_spec import read_told
from opsconsole.actions.yaml_steps import StepReader
from opsconsole.config.loader import Map, Node, Seq, read_text
from opsconsole.config.problems import Mark, Problems
from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.states import Effect

_KEYS: Final = ("api", "id", "params", "preflight", "steps", "rollback", "finally", *SPEC_FIELDS)
_LOCK_ROOTS: Final = ("params", "target", "service", "alert")


def read_runbook(
    text: str,
    file: str,
    plugin: str | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Action:
    """Read a runbook.

    Args:
        text: The file's content.
        file: What mistakes call it.
        plugin: The plugin it must belong to; None: the first half of its id decides.
        files: The plugin's `scripts/` and `files/`, by relative name.

    Raises:
        ConfigError: With every mistake, `file:line:col: what`.
    """
    problems = Problems()
    keys = Keys(read_text(text, file, problems), problems, "a runbook")
    problems.raise_if_any()
    keys.only(_KEYS)
    if keys.required("api") not in ("", str(API)):
        keys.wrong("api", f"this version reads api: {API}")
    params = read_param_specs(keys)
    reader = StepReader(
        problems,
        _effect(keys),
        {param.name: param.type for param in params},
        files or {},
        idempotent=keys.text("idempotent") == "true",
    )
    runbook = _runbook(keys, reader)
    _check_locks(keys, {param.name for param in params})
    content = _content(text, runbook)
    spec = _spec(keys, params, reader.needs, content, file)
    problems.raise_if_any()
    assert spec is not None
    spec = replace(spec, front="yaml")
    owner = spec.id.partition(".")[0]
    if plugin is not None and owner != plugin:
        keys.wrong("id", f"must begin with {plugin}.")
        problems.raise_if_any()
    return Action(spec, RunbookImpl(runbook), owner, uses=tuple(_references(runbook)))


def _runbook(keys: Keys, reader: StepReader) -> Runbook:
    if "steps" not in keys.given or _is_empty(keys.node("steps")):
        keys.problems.add(keys.mark, "steps: a runbook has at least one step")
    return Runbook(
        preflight=reader.read(keys.items("preflight"), effect=Effect.READ),
        steps=reader.read(keys.items("steps")),
        final=reader.read(keys.items("finally"), effect=Effect.READ),
        rollback=reader.read(keys.items("rollback"), is_undo=True),
    )


def _content(text: str, runbook: Runbook) -> bytes:
    """Everything the action is made of: the file, and the files it puts on hosts."""
    puts = (step.verb for step in runbook.all_steps if isinstance(step.verb, Put))
    return b"\0".join([text.encode(), *(put.content for put in puts)])


def _references(runbook: Runbook) -> Iterator[Reference]:
    reading = {step.id for step in (*runbook.preflight, *runbook.final)}
    for step in runbook.all_steps:
        verb = step.verb.look if isinstance(step.verb, Until) else step.verb
        if isinstance(verb, Use):
            names = {name: template.source for name, template in verb.params}
            reads = step.id in reading or step.effect is Effect.READ
            maybe = step.when is not None
            yield Reference(verb.action, verb.where, names, reads=reads, is_conditional=maybe)
        elif isinstance(verb, Check):
            names = {name: template.source for name, template in verb.params}
            maybe = step.when is not None
            yield Reference(
                verb.check, verb.where, names, reads=True, is_conditional=maybe, is_check=True
            )


def _check_locks(keys: Keys, params: set[str]) -> None:
    for lock in keys.words("locks") or ():
        try:
            refs = list(parse_template(lock).refs)
        except ValueError as error:
            keys.wrong("locks", str(error))
            continue
        for ref in refs:
            if ref.root not in _LOCK_ROOTS:
                keys.wrong("locks", f"{lock!r} may refer to {', '.join(_LOCK_ROOTS)} only")
            elif ref.root == "params" and ref.path not in params:
                keys.wrong("locks", f"there is no parameter {ref.path}")


def _is_empty(node: Node | None) -> bool:
    return isinstance(node, Seq) and not node.items


def _effect(keys: Keys) -> Effect:
    text = keys.text("effect")
    return Effect(text) if text in tuple(Effect) else Effect.WRITE


def _spec(
    keys: Keys, params: tuple[ParamSpec, ...], used: set[str], content: bytes, file: str
) -> ActionSpec | None:
    told = read_told(keys)
    needs = keys.words("needs") or ()
    for need in sorted(used - set(needs)):
        keys.problems.add(keys.mark_of("needs"), f"needs: {need} is used and not declared")
    try:
        return make_spec(keys.required("id"), told, params, source=file, content=content)
    except SpecError as error:
        keys.problems.add(_place(keys, error.field), str(error))
        return None


def _place(keys: Keys, field: str) -> Mark:
    """Find where a key stands, `rollout.canary.bake` below another; else the nearest above it."""
    first, *below = field.split(".")
    mark, node = keys.mark_of(first), keys.node(first)
    for name in below:
        if not isinstance(node, Map) or name not in node.entries:
            break
        mark, node = node.keys[name], node.entries[name]
    return mark
