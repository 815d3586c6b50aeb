"""The filter line's shorthand, compiled to the one grammar.

    word        fuzzy: part of a text, or an abbreviation of the name
    "exact"     the text as it stands           /re/       a regular expression
    !term       not                             a | b      or (a space is and)
    host:web-*  a field, by glob                load>4     a field, compared (`for>10m`, `sev>=warn`)
    is:stale    a flag                          owner:none, owner:me
    role:web    a label, where no field is called so
A line that reads as an expression (`load > 4 and state == critical`) is taken as one.
"""

import re
from collections.abc import Collection
from typing import Final

from msgspec import Struct

from opsconsole.errors import QueryError
from opsconsole.query.evaluator import holds
from opsconsole.query.fields import Context, Field, Kind, did_you_mean
from opsconsole.query.lexer import LENGTH_LIMIT, TokenKind, tokens
from opsconsole.query.nodes import Binary, Call, Expr, Literal, Name, Pattern, Unary, Word
from opsconsole.query.parser import keyword, parse
from opsconsole.query.patterns import PatternError, check_regex
from opsconsole.query.rendering import quoted
from opsconsole.query.values import Env

TERM_LIMIT: Final = 40
_FIELD: Final = re.compile(
    r"(?P<name>[A-Za-z_][\w.-]*(?:\{[^{}]*\})?)(?P<operator>:|==|=~|!~|!=|>=|<=|=|>|<)"
)
_EXPRESSION: Final = re.compile(
    r'(?:^|\s)(?:and|or|not|in|contains|==|!=|<=?|>=?|=~|!~)\s+[\w"\'(\[/-]'
)
_BARE: Final = re.compile(r"[^\s|]+")
_QUOTED: Final = re.compile(r'"([^"]*)"')
_SLASHED: Final = re.compile(r"/((?:[^/\\]|\\.)+)/(?=\s|\||$)")
_MEASURES: Final = {
    Kind.NUMBER: "a number",
    Kind.RATIO: "a share, such as 90%",
    Kind.SECONDS: "a time, such as 10m",
    Kind.BYTES: "a size, such as 2GiB",
}
_MIRRORED: Final = {"=": "==", ":": "=="}


class Filter(Struct, frozen=True):
    """A filter line, read; an empty one lets everything through."""

    source: str
    expr: Expr | None = None

    def matches(self, env: Env) -> bool:
        """Tell whether a record's environment passes; what cannot be told does not."""
        return self.expr is None or holds(self.expr, env) is True


def compile_filter(
    line: str,
    context: Context,
    labels: Collection[str] | None = None,
    *,
    typing: bool = False,
) -> Filter:
    """Read a filter line.

    Args:
        line: As typed.
        context: The fields of the table it filters.
        labels: Labels that exist, to catch mistyped fields; None: any unknown field is a label.
        typing: Somebody types on: a term that is not finished yet (`host:`) is left out. Else it is a
            mistake, for what is left would mean more than was meant, perhaps everything.

    Raises:
        QueryError: With the column, and what was perhaps meant.
    """
    if len(line) > LENGTH_LIMIT:
        raise QueryError(f"longer than {LENGTH_LIMIT} characters", LENGTH_LIMIT, line)
    if _EXPRESSION.search(line):
        return Filter(line, parse(line, context))
    return Filter(line, _Reader(line, context, labels, typing=typing).read())


class _Reader:
    def __init__(
        self, line: str, context: Context, labels: Collection[str] | None, *, typing: bool
    ) -> None:
        self._line = line
        self._context = context
        self._labels = labels
        self._typing = typing
        self._at = 0

    def read(self) -> Expr | None:
        choices: list[Expr] = []
        demands: list[Expr] = []
        count = 0
        while (column := self._skip()) < len(self._line):
            count += 1
            if count > TERM_LIMIT:
                raise self._error(f"more than {TERM_LIMIT} terms", column)
            if self._line[column] == "|":
                self._at += 1
                choices += _joined("and", demands)
                demands = []
            elif (term := self._term()) is not None:
                demands.append(term)
        if choices and not demands:
            self._expect_more()
        choices += _joined("and", demands)
        return next(iter(_joined("or", choices)), None)

    def _expect_more(self) -> None:
        if not self._typing:
            raise self._error("the filter ends before its value", self._at)

    def _skip(self) -> int:
        while self._at < len(self._line) and self._line[self._at].isspace():
            self._at += 1
        return self._at

    def _term(self) -> Expr | None:
        column = self._at
        negated = False
        while self._line.startswith("!", self._at):
            negated = not negated
            self._at += 1
        inner = self._plain_term()
        if inner is None:
            self._expect_more()
        return Unary("not", inner, column) if negated and inner is not None else inner

    def _plain_term(self) -> Expr | None:
        column = self._at
        if found := self._match(_QUOTED):
            text = found.group(1)
            return Binary("contains", self._name("exact"), _text(text, column), column)
        if found := self._match(_SLASHED):
            return Binary("=~", self._name("exact"), self._pattern(found.group(1), column), column)
        if found := self._match(_FIELD):
            return self._field_term(found["name"], found["operator"], column)
        if found := self._match(_BARE):
            word = _text(found.group().lower().strip('"'), column)
            return Call("fuzzy", (self._name("name"), self._name("text"), word), column)
        return None

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._line, self._at)
        if found is not None:
            self._at = found.end()
        return found

    def _name(self, name: str) -> Name:
        return Name(name, Kind.TEXT, self._at)

    def _field_term(self, name: str, operator: str, column: int) -> Expr | None:
        at = self._at
        found = self._match(_QUOTED) or self._match(_BARE)
        if found is None:
            return None
        value = found.group(1) if found.re is _QUOTED else found.group()
        field = self._find(name, column)
        if operator in ("=~", "!~"):
            return Binary(operator, _as_name(field, column), self._pattern(value, at), column)
        if operator == ":" and "," in value and found.re is not _QUOTED:
            parts = [self._compare(field, ":", part, at) for part in value.split(",") if part]
            return next(iter(_joined("or", parts)), None)
        return self._compare(field, operator, value, at)

    def _find(self, name: str, column: int) -> Field:
        field = self._context.find(name)
        if field is not None:
            return field
        if self._labels is None or name in self._labels:
            return Field(f"labels.{name}")
        known = [*(n for n in self._context.fields if not n.endswith("*")), *self._labels]
        raise self._error(f"no field or label {name!r}{did_you_mean(name, known)}", column)

    def _compare(self, field: Field, operator: str, value: str, at: int) -> Expr:
        name = _as_name(field, at)
        if field.kind is Kind.FLAGS:
            return Binary("contains", name, self._word(field, value, at), at)
        symbol = _MIRRORED.get(operator, operator)
        if value in ("none", "—", "-"):
            return Binary(symbol, name, Literal(None, "none", at), at)
        if field.name == "owner" and value == "me":
            return Binary(symbol, name, Name("me", Kind.TEXT, at), at)
        if field.kind in _MEASURES:
            return Binary(symbol, name, self._measure(field, value, at), at)
        if field.kind is Kind.TRUTH:
            return Binary(symbol, name, Literal(value in ("true", "yes", "on"), value, at), at)
        if field.kind is Kind.WORD and not set(value) & set("*?"):
            return Binary(symbol, name, self._word(field, value, at), at)
        if operator in (":", "="):
            return Call("glob", (name, _text(value, at)), at)
        return Binary(symbol, name, _text(value, at), at)

    def _word(self, field: Field, value: str, at: int) -> Word:
        word = keyword(value, field)
        if word is None:
            hint = did_you_mean(value, field.words) or f"; {field.name} is {' '.join(field.words)}"
            raise self._error(f"{field.name} cannot be {value!r}{hint}", at)
        return Word(word, field.words, at)

    def _measure(self, field: Field, value: str, at: int) -> Literal:
        minus = value.startswith("-")
        try:
            read = tokens(value.removeprefix("-"))
        except QueryError as error:
            raise self._error(error.text, at) from error
        if len(read) != 2 or read[0].kind is not TokenKind.NUMBER:
            raise self._error(f"{field.name} is {_MEASURES[field.kind]}", at)
        number = float(read[0].value) * (-1 if minus else 1)
        if field.kind is Kind.RATIO and abs(number) > 1 and value[-1:].isdigit():
            # Nobody who types cpu>90 means ninety times the machine.
            return Literal(number / 100, f"{value}%", at)
        return Literal(number, value, at)

    def _pattern(self, source: str, at: int) -> Pattern:
        source = source.strip("/")
        try:
            check_regex(source)
        except PatternError as error:
            raise self._error(str(error), at) from error
        return Pattern(source, anchored=False, column=at)

    def _error(self, text: str, column: int) -> QueryError:
        return QueryError(text, column, self._line)


def _joined(operator: str, terms: list[Expr]) -> list[Expr]:
    """Join terms by an operator; a list of none or one."""
    if not terms:
        return []
    tree = terms[0]
    for term in terms[1:]:
        tree = Binary(operator, tree, term)
    return [tree]


def _as_name(field: Field, column: int) -> Name:
    return Name(field.name, field.kind, column)


def _text(value: str, column: int) -> Literal:
    return Literal(value, quoted(value), column)
