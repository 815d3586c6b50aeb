"""The actions that are loaded, by id and by bare name."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from msgspec.structs import replace

from opsconsole.actions.linking import link
from opsconsole.actions.plugin_folder import Found
from opsconsole.actions.steps import Action
from opsconsole.errors import RefusedError
from opsconsole.model.action import ActionSpec
from opsconsole.model.plugin import Contribution, PluginRecord


class Registry:
    """Actions by id; frozen once loaded, replaced as a whole by a reload."""

    def __init__(
        self,
        actions: Iterable[Action] = (),
        plugins: Iterable[PluginRecord] = (),
        found: Mapping[str, Found] | None = None,
    ) -> None:
        self._actions, wrong = link({action.spec.id: action for action in actions})
        self._plugins = {plugin.id: _told(plugin, wrong) for plugin in plugins}
        self._found = found or {}

    @property
    def specs(self) -> Mapping[str, ActionSpec]:
        """Every action's specification, by id."""
        return {name: action.spec for name, action in sorted(self._actions.items())}

    @property
    def plugins(self) -> Mapping[str, PluginRecord]:
        """Every plugin found, loaded or not, by id."""
        return dict(self._plugins)

    @property
    def contributions(self) -> Mapping[tuple[str, str], Contribution]:
        """Everything beside actions that loaded plugins bring, by kind and id."""
        return {
            (each.kind, each.id): each
            for plugin in self._plugins.values()
            if not plugin.error
            for each in plugin.contributes
        }

    @property
    def wished(self) -> tuple[ActionSpec, ...]:
        """Every action as its plugin has it, before letters were taken away; most trusted first."""
        return tuple(action.spec for one in self._found.values() for action in one.actions)

    def found(self, plugin: str) -> Found | None:
        """Give what was loaded of a plugin: where its code and its programs are."""
        return self._found.get(plugin)

    def resolve(self, name: str) -> Action:
        """Find an action by its id, or by a bare name that only one plugin has.

        Raises:
            RefusedError: `unknown-action`: nobody has it, or several do.
        """
        return self._actions[find_id(name, self._actions)]


def _told(plugin: PluginRecord, wrong: Mapping[str, str]) -> PluginRecord:
    """Say in a plugin's row which of its actions use what they cannot use; the others stay."""
    lost = [name for name in plugin.actions if name in wrong]
    if not lost:
        return plugin
    said = "; ".join(wrong[name] for name in lost)
    left = tuple(name for name in plugin.actions if name not in wrong)
    return replace(plugin, actions=left, error="; ".join(filter(None, (plugin.error, said))))


def find_id(name: str, ids: Iterable[str], noun: str = "action") -> str:
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
    raise RefusedError("unknown-action", f"no {noun} {name}{_hint(name, known)}")


def _hint(name: str, known: Sequence[str]) -> str:
    if not known:
        return "; no plugin is loaded"
    bare = {each.partition(".")[2]: each for each in known}
    if near := get_close_matches(name.rpartition(".")[2], bare, 3):
        return f", did you mean {' or '.join(bare[each] for each in near)}?"
    near = [each for each in known if name.lower() in each] or list(known)
    more = ", ..." if len(near) > _MOST_NAMED else ""
    return f"; there is {', '.join(near[:_MOST_NAMED])}{more}"


_MOST_NAMED: Final = 5
