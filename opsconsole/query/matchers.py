"""Alertmanager's matchers: read as people type them, written so that every version understands them, tried.

Parsed here and sent in one form only, `name="escaped"`: what servers make of quotes and commas differs
between versions, and a filter they misread answers 200 with nothing.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from opsconsole.errors import QueryError
from opsconsole.model.silence import Matcher
from opsconsole.query.patterns import PatternError, check_regex, regex_matches

MATCHERS_LIMIT: Final = 20
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OP: Final = re.compile(r"=~|!~|!=|=")
_BARE: Final = re.compile(r"[^\s,{}\"]+")
_ESCAPED: Final = {"n": "\n", '"': '"', "\\": "\\"}
_UNESCAPED: Final = r"(?<!\\)(?:\\\\)*"
"""Before a backslash that means something: pairs of them are a backslash each."""
_NOT_RE2: Final = (
    (re.compile(_UNESCAPED + r"\\Z"), r"\Z is \z there"),
    (re.compile(r"\(\?(?:<?[=!]|>)"), "it has no look-around and no atomic groups"),
    (re.compile(_UNESCAPED + r"\\[1-9]|\(\?P="), "it has no back references"),
    (re.compile(r"[*+?}]\+"), "it has no possessive repeats"),
)


def parse_matchers(source: str) -> tuple[Matcher, ...]:
    """Read `alertname="HighLoad" instance=~"web-.*"`; commas and braces are allowed.

    Raises:
        QueryError: With the column (from 0) and a sentence.
    """
    at, found = 0, []
    while at < len(source):
        if source[at] in " \t,{}":
            at += 1
            continue
        matcher, at = _one(source, at)
        found.append(matcher)
        if len(found) > MATCHERS_LIMIT:
            raise QueryError(f"more than {MATCHERS_LIMIT} matchers", at, source)
    if not found:
        raise QueryError('nothing is matched; write alertname="..."', 0, source)
    return tuple(found)


def _one(source: str, at: int) -> tuple[Matcher, int]:
    name = _NAME.match(source, at)
    if name is None:
        raise QueryError("a label's name is expected here", at, source)
    op = _OP.match(source, name.end())
    if op is None:
        raise QueryError(f"= != =~ or !~ is expected after {name[0]}", name.end(), source)
    value, end = _value(source, op.end())
    matcher = Matcher(name[0], op[0], value)
    if problem := problem_of(matcher):
        raise QueryError(problem, op.end(), source)
    return matcher, end


def _value(source: str, at: int) -> tuple[str, int]:
    if not source.startswith('"', at):
        bare = _BARE.match(source, at)
        if bare is None:
            return "", at
        if bare[0].startswith("'"):
            raise QueryError('write values in "double quotes"', at, source)
        return bare[0], bare.end()
    text: list[str] = []
    position = at + 1
    while position < len(source):
        char = source[position]
        if char == '"':
            return "".join(text), position + 1
        if char == "\\" and source[position + 1 : position + 2] in _ESCAPED:
            position += 1
            char = _ESCAPED[source[position]]
        text.append(char)
        position += 1
    raise QueryError("the closing quote is missing", at, source)


def problem_of(matcher: Matcher) -> str:
    """Say why a pattern cannot be used: Alertmanager's patterns are RE2, ours must not run away."""
    if "~" not in matcher.op:
        return ""
    plain = matcher.value.replace("\\\\", "__")  # an escaped backslash escapes nothing
    for pattern, why in _NOT_RE2:
        if pattern.search(plain):
            return f"Alertmanager's patterns are RE2: {why}"
    try:
        check_regex(matcher.value)
    except PatternError as error:
        return str(error)
    return ""


def write_matcher(matcher: Matcher) -> str:
    """Write one as every server version reads it: `name="escaped"`."""
    value = matcher.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{matcher.name}{matcher.op}"{value}"'


def write_matchers(matchers: Iterable[Matcher]) -> str:
    """Write several, separated by spaces."""
    return " ".join(write_matcher(each) for each in matchers)


def matches(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Tell whether a label set meets all matchers, as Alertmanager does."""
    return all(_meets(each, labels.get(each.name, "")) for each in matchers)


def _meets(matcher: Matcher, value: str) -> bool:
    if matcher.op in ("=", "!="):
        return (value == matcher.value) is (matcher.op == "=")
    return regex_matches(value, matcher.value, anchored=True) is (matcher.op == "=~")


def faults_of(matchers: Sequence[Matcher]) -> tuple[str, ...]:
    """Say what is wrong with a set: it may match everything, or never anything."""
    found = []
    if not any(not _meets(each, "") for each in matchers):
        found.append(
            "at least one matcher must not match the empty text: it would silence everything"
        )
    wanted: dict[str, str] = {}
    for each in matchers:
        if each.op != "=":
            continue
        if each.name in wanted and wanted[each.name] != each.value:
            found.append(
                f"{each.name} cannot be {wanted[each.name]} and {each.value}: it never matches"
            )
        wanted[each.name] = each.value
    return tuple(found)
