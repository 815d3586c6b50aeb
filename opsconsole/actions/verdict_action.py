"""A plugin's checks and gates as reading actions: between batches, in a runbook, or by hand on a host."""

from collections.abc import Iterator

from msgspec.structs import replace

from opsconsole.actions.answers import read_verdict
from opsconsole.actions.api import Outcome
from opsconsole.actions.calling import work_of
from opsconsole.actions.params import Values
from opsconsole.actions.plugin_folder import Found
from opsconsole.actions.spec import make_spec
from opsconsole.actions.steps import Action, Door, Target
from opsconsole.errors import TransportError
from opsconsole.model.plugin import Contribution


class VerdictImpl:
    """Asks once: ok is unchanged, warning and critical are failed, unknown was not seen."""

    def __init__(self, spec: Contribution, found: Found) -> None:
        self._spec = spec
        self._found = found

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Ask.

        Raises:
            TransportError: It cannot tell: that is no verdict.
        """
        verdict = read_verdict(await work_of(self._spec, self._found, door, target, values)())
        if verdict.state == "unknown":
            raise TransportError(target.name, "silent", verdict.summary or "the check cannot tell")
        if verdict.state == "ok":
            return Outcome.unchanged(verdict.summary)
        return Outcome.failed(f"{verdict.state}: {verdict.summary}".removesuffix(": "))


def verdict_actions(found: Found) -> Iterator[Action]:
    """Make an action of each check and gate whose id no action of the plugin has."""
    taken = {action.spec.id for action in found.actions}
    for each in found.record.contributes:
        if each.kind in ("check", "gate") and each.id not in taken:
            yield _action(each, found)


def _action(each: Contribution, found: Found) -> Action:
    told = {
        "title": each.title or each.id,
        "scope": each.scope,
        "effect": "read",
        "idempotent": True,
        "doc": each.doc,
        "tags": (each.kind,),
        "needs": each.needs,
        "timeout": each.timeout,
        "match": each.match,
    }
    program = found.programs.get(f"{each.kind} {each.id}")
    code = found.code.content if found.code is not None else b""
    content = program.content if program is not None else code
    spec = make_spec(
        each.id,
        {key: value for key, value in told.items() if value is not None},
        each.params,
        source=found.record.source,
        content=content + repr(each.run).encode(),
    )
    front = "executable" if each.run else "python"
    return Action(replace(spec, front=front), VerdictImpl(each, found), each.plugin)
