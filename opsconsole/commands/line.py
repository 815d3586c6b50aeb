"""The `:` line: which command and which arguments a line means, and what could follow."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.actions.completing import param_choices, target_choices
from opsconsole.commands.command import Argument, Command
from opsconsole.commands.registry import COMMANDS
from opsconsole.errors import OpsConsoleError, QueryError
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.fields import did_you_mean
from opsconsole.query.lexer import TokenKind, tokens

_LIMIT: Final = 12
_LONGEST: Final = 30 * 86400.0
_DURATIONS: Final = ("15m", "30m", "1h", "2h")
_REST: Final = ("text", "filter", "order")
"""Kinds that take the rest of the line."""
_TZ: Final = ("utc", "local", "relative")

Values = Callable[[str], Iterable[str]]
"""Gives the values of an argument's kind that the screen knows (`theme`, `layout`, `column`)."""


class LineError(OpsConsoleError):
    """A `:` line that means nothing; the message is for the status line."""


class Invocation(Struct, frozen=True):
    """A command and its arguments by name, as typed; durations are seconds."""

    command: Command
    arguments: dict[str, str]
    seconds: float = 0.0
    """The value of an argument of kind duration."""


def read(line: str, commands: Sequence[Command] = COMMANDS) -> Invocation:
    """Read a line, with or without its colon.

    Raises:
        LineError: No such command, or an argument is missing or wrong.
    """
    name, _, rest = line.strip().removeprefix(":").strip().partition(" ")
    command = find(name, commands)
    if command is None:
        known = [word for each in commands if each.line for word in (each.line, *each.aliases)]
        raise LineError(f"no command :{name}{did_you_mean(name, known)}")
    return _bound(command, rest.strip())


def find(name: str, commands: Sequence[Command] = COMMANDS) -> Command | None:
    """Find a command by its name on the line, an alias, its id, or an unambiguous beginning."""
    for command in commands:
        if name and name in (command.line, command.id, *command.aliases):
            return command
    starting = [c for c in commands if name and c.line.startswith(name)]
    return starting[0] if len(starting) == 1 else None


def _bound(command: Command, rest: str) -> Invocation:
    values: dict[str, str] = {}
    seconds = 0.0
    for argument in command.arguments:
        value, rest = (rest, "") if argument.kind in _REST else _word(rest)
        if not value:
            if argument.required:
                raise LineError(f"{argument.name} missing: {command.usage}")
            continue
        if argument.kind == "duration":
            seconds = duration(value)
        values[argument.name] = value
    if rest:
        raise LineError(f"{rest!r} is too much: {command.usage}")
    return Invocation(command, values, seconds)


def _word(rest: str) -> tuple[str, str]:
    word, _, after = rest.partition(" ")
    return word, after.strip()


def duration(text: str) -> float:
    """Read a duration of the line, `15m` or `1h30m`, as seconds.

    Raises:
        LineError: It is none, or longer than 30 days.
    """
    try:
        read_tokens = tokens(text)
    except QueryError as error:
        raise LineError(f"{text!r} is no duration, such as 15m: {error.text}") from error
    token = read_tokens[0]
    if len(read_tokens) != 2 or token.kind is not TokenKind.NUMBER or text[-1:] not in "smhdw":
        raise LineError(f"{text!r} is no duration, such as 15m")
    seconds = float(token.value)
    if not 0 < seconds <= _LONGEST:
        raise LineError(f"{text} is not between a second and 30 days")
    return seconds


def complete(
    line: str,
    snapshot: Snapshot,
    values: Values = lambda _: (),
    commands: Sequence[Command] = COMMANDS,
) -> tuple[str, ...]:
    """Offer whole lines (without the colon) that could follow, best first."""
    body = line.removeprefix(":").lstrip()
    name, blank, rest = body.partition(" ")
    if not blank:
        return _ranked(name, [c.line for c in commands if c.line])
    command = find(name, commands)
    if command is None:
        return ()
    done, last = _split(rest)
    argument = _argument_at(command, len(done))
    if argument is None:
        return ()
    if argument.kind == "order":
        known = _order_values(done, last, snapshot)
        if not last:
            return tuple(" ".join([name, *done, word]) for word in known[:_LIMIT])
    else:
        known = values_of(argument, snapshot, values)
    head = " ".join([name, *done])
    return tuple(f"{head} {offer}" for offer in _ranked(last, known))


def _split(rest: str) -> tuple[list[str], str]:
    words = rest.split(" ")
    return [word for word in words[:-1] if word], words[-1]


def _argument_at(command: Command, place: int) -> Argument | None:
    if place >= len(command.arguments):
        last = command.arguments[-1] if command.arguments else None
        return last if last is not None and last.kind == "order" else None
    return command.arguments[place]


def _order_values(done: Sequence[str], last: str, snapshot: Snapshot) -> list[str]:
    """What may follow an action: names of targets, parameters not yet given, and their values."""
    named = done[0]
    specs = [s for id_, s in snapshot.actions.items() if named in (id_, id_.rpartition(".")[2])]
    if not specs:
        return []
    spec = specs[0]
    given = {word.partition("=")[0] for word in done[1:] if "=" in word}
    name, equals, _ = last.partition("=")
    if equals:
        values = [p for p in spec.params if p.name == name]
        return [f"{name}={value}" for p in values for value in param_choices(p, snapshot)]
    params = [f"{param.name}=" for param in spec.params if param.name not in given]
    targets = target_choices(snapshot, spec.scope) if spec.scope in ("host", "service") else []
    return [*params, *targets]


def values_of(argument: Argument, snapshot: Snapshot, values: Values) -> list[str]:
    """List the values an argument may take, from the snapshot or the screen."""
    source = _VALUES.get(argument.kind)
    return list(values(argument.kind)) if source is None else list(source(snapshot))


_VALUES: Final[Mapping[str, Callable[[Snapshot], Iterable[str]]]] = {
    "duration": lambda _: _DURATIONS,
    "tz": lambda _: _TZ,
    "pane": lambda s: [
        each.id for one in s.plugins.values() for each in one.contributes if each.kind == "pane"
    ],
    "name": lambda s: [*s.hosts, *s.services, *s.runs],
    "host": lambda s: s.hosts,
    "action": lambda s: s.actions,
    "run": lambda s: [id_ for id_, run in s.runs.items() if not run.state.is_over],
    "freeze": lambda s: [freeze.id for freeze in s.access.freezes],
    "person": lambda s: s.people,
}


def _ranked(typed: str, known: Iterable[str]) -> tuple[str, ...]:
    wanted = typed.lower()
    everything = sorted(dict.fromkeys(known))
    begin = [word for word in everything if word.lower().startswith(wanted) and word != typed]
    inside = [w for w in everything if wanted in w.lower() and w not in begin and w != typed]
    return tuple((begin + inside)[:_LIMIT])
