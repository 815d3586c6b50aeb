"""The actions that are loaded, by id and by bare name."""

from collections.abc import Iterable, Mapping

from opsconsole.actions.steps import Action
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec, PluginRecord


class Registry:
    """Actions by id; frozen once loaded, replaced as a whole by a reload."""

    def __init__(
        self, actions: Iterable[Action] = (), plugins: Iterable[PluginRecord] = ()
    ) -> None:
        self._actions = {action.spec.id: action for action in actions}
        self._plugins = {plugin.id: plugin for plugin in plugins}

    @property
    def specs(self) -> Mapping[str, ActionSpec]:
        """Every action's specification, by id."""
        return {name: action.spec for name, action in sorted(self._actions.items())}

    @property
    def plugins(self) -> Mapping[str, PluginRecord]:
        """Every plugin found, loaded or not, by id."""
        return dict(self._plugins)

    def resolve(self, name: str) -> Action:
        """Find an action by its id, or by a bare name that only one plugin has.

        Raises:
            RefusedError: `unknown-action`: nobody has it, or several do.
        """
        return self._actions[find_id(name, self._actions)]


def find_id(name: str, ids: Iterable[str]) -> str:
    """Find the one id that a name means: the id itself, or the part behind its plugin.

    Raises:
        RefusedError: `unknown-action`.
    """
    known = sorted(ids)
    if name in known:
        return name
    found = [each for each in known if each.partition(".")[2] == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise RefusedError("unknown-action", f"{name} is ambiguous: {', '.join(found)}")
    near = [each for each in known if name.lower() in each] or known
    hint = f"; there is {', '.join(near[:5])}" if near else "; no plugin is loaded"
    raise RefusedError("unknown-action", f"no action {name}{hint}")
