"""Reads one YAML runbook into an action: specification, parameters, steps; all mistakes at once."""

from typing import Final

from opsconsole.actions.api import API
from opsconsole.actions.interpreter import RunbookImpl
from opsconsole.actions.runbook import Runbook
from opsconsole.actions.spec import SPEC_FIELDS, SpecError, make_spec
from opsconsole.actions.steps import Action
from opsconsole.actions.yaml_keys import Keys
from opsconsole.actions.yaml_params import read_param_specs
from opsconsole.actions.yaml_steps import StepReader
from opsconsole.config.loader import Node, Scalar, Seq, plain, read_text
from opsconsole.config.problems import Problems
from opsconsole.model.action import ActionSpec, ParamSpec
from opsconsole.model.states import Effect

_KEYS: Final = ("api", "id", "params", "preflight", "steps", "finally", *SPEC_FIELDS)
_LATER: Final = ("targets", "locks", "rollback", "notify")


def read_runbook(text: str, file: str, plugin: str | None = None) -> Action:
    """Read a runbook.

    Args:
        text: The file's content.
        file: What mistakes call it.
        plugin: The plugin it must belong to; None: the first half of its id decides.

    Raises:
        ConfigError: With every mistake, `file:line:col: what`.
    """
    problems = Problems()
    keys = Keys(read_text(text, file, problems), problems, "a runbook")
    problems.raise_if_any()
    keys.only(_KEYS, _LATER)
    if keys.required("api") not in ("", str(API)):
        keys.wrong("api", f"this version reads api: {API}")
    params = read_param_specs(keys)
    reader = StepReader(problems, _effect(keys), {param.name: param.type for param in params})
    runbook = Runbook(
        preflight=reader.read(keys.items("preflight"), effect=Effect.READ),
        steps=reader.read(keys.items("steps")),
        final=reader.read(keys.items("finally"), effect=Effect.READ),
    )
    if "steps" not in keys.given or _is_empty(keys.node("steps")):
        problems.add(keys.mark, "steps: a runbook has at least one step")
    spec = _spec(keys, params, reader.needs, text, file)
    problems.raise_if_any()
    assert spec is not None
    owner = spec.id.partition(".")[0]
    if plugin is not None and owner != plugin:
        keys.wrong("id", f"must begin with {plugin}.")
        problems.raise_if_any()
    return Action(spec, RunbookImpl(runbook), owner)


def _is_empty(node: Node | None) -> bool:
    return isinstance(node, Seq) and not node.items


def _effect(keys: Keys) -> Effect:
    text = keys.text("effect")
    return Effect(text) if text in tuple(Effect) else Effect.WRITE


def _spec(
    keys: Keys, params: tuple[ParamSpec, ...], used: set[str], text: str, file: str
) -> ActionSpec | None:
    told: dict[str, object] = {}
    for field in SPEC_FIELDS:
        node = keys.node(field)
        if node is not None:
            told[field] = _told(node, field)
    needs = keys.words("needs") or ()
    for need in sorted(used - set(needs)):
        keys.problems.add(keys.mark_of("needs"), f"needs: {need} is used and not declared")
    try:
        return make_spec(keys.required("id"), told, params, source=file, content=text.encode())
    except SpecError as error:
        keys.problems.add(keys.mark_of(error.field), str(error))
        return None


def _told(node: Node, field: str) -> object:
    """Numbers and truths keep their type; everything else is text as written (`keys: 8`, `timeout: 90s`)."""
    typed = field in ("idempotent", "max_parallel", "stop_on_failure", "max_targets")
    return node.text if isinstance(node, Scalar) and not typed else plain(node)
