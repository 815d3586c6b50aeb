"""Parameters as typed become values that are safe in one argv slot, or a refusal that names each mistake."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from opsconsole.actions.argv import Given
from opsconsole.actions.grammars import GRAMMARS, Parsed, Value, World
from opsconsole.errors import RefusedError
from opsconsole.model.action import ParamSpec
from opsconsole.model.text import clean


class Values(Mapping[str, Parsed]):
    """Good values by parameter; one that was left out and has no default is not there."""

    def __init__(self, values: Mapping[str, Parsed], secrets: Collection[str] = ()) -> None:
        self._values = dict(values)
        self.secrets = frozenset(secrets)
        """Which of them are the names of secrets."""

    def __getitem__(self, name: str) -> Parsed:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def slot(self, name: str) -> Given:
        """Give a value as the text of one argv slot; empty when it was left out."""
        found = self._values.get(name)
        return Given(found.text if found else "")

    def value(self, name: str) -> Value | None:
        """Give a value as Python code gets it."""
        found = self._values.get(name)
        return None if found is None else found.value

    @property
    def texts(self) -> Mapping[str, str]:
        """All of it as text, for plans, journals and hashes."""
        return {name: parsed.text for name, parsed in sorted(self._values.items())}


def read_params(specs: Sequence[ParamSpec], typed: Mapping[str, str], world: World) -> Values:
    """Read what a person typed.

    Raises:
        RefusedError: `param`, with every mistake in one sentence each.
    """
    names = ", ".join(spec.name for spec in specs) or "none"
    wrong = [
        f"there is no parameter {clean(name, 60)}; there is {names}"
        for name in typed
        if not _has(specs, name)
    ]
    values: dict[str, Parsed] = {}
    for spec in specs:
        text = typed.get(spec.name) or spec.default
        if not text:
            if spec.required:
                wrong.append(f"{spec.name} is missing")
            continue
        try:
            values[spec.name] = read_value(spec, text, world)
        except ValueError as error:
            wrong.append(f"{spec.name}: {clean(text, 60)!r} {error}")
    if wrong:
        raise RefusedError("param", "; ".join(wrong))
    return Values(values, [spec.name for spec in specs if spec.type == "secret"])


def read_value(spec: ParamSpec, text: str, world: World) -> Parsed:
    """Read one parameter by its type's grammar, then by its choices.

    Raises:
        ValueError: With the end of a sentence that begins with the value.
    """
    parsed = GRAMMARS[spec.type](spec, text if spec.type == "text" else text.strip(), world)
    if spec.choices and spec.type != "multi" and parsed.text not in spec.choices:
        raise ValueError(f"is none of {', '.join(spec.choices)}")
    refused = next((glob for glob in spec.refuse if fnmatchcase(parsed.text, glob)), None)
    if refused is not None:
        raise ValueError(f"is refused: this action is not for {refused}")
    if not isinstance(parsed.value, str):
        return parsed
    return Parsed(parsed.text, Given(parsed.value))


def _has(specs: Sequence[ParamSpec], name: str) -> bool:
    return any(spec.name == name for spec in specs)
