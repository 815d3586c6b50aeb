"""Text to tree: a Pratt parser for the one grammar.

    or < and < not < comparison < + - < * / < call, path, list, literal, ( )

A name the context does not know is an error, unless it is a keyword of the field it is compared with.
"""

from typing import Final

from opsconsole.errors import QueryError
from opsconsole.query.fields import Context, Field, Kind, did_you_mean
from opsconsole.query.functions import FUNCTIONS
from opsconsole.query.lexer import Token, TokenKind, tokens
from opsconsole.query.nodes import (
    Binary,
    Call,
    Expr,
    Items,
    JsonPath,
    Literal,
    Name,
    Pattern,
    Unary,
    Word,
)
from opsconsole.query.patterns import PatternError, check_regex

DEPTH_LIMIT: Final = 40
_CONSTANTS: Final = {"true": True, "false": False, "none": None, "null": None}
COMPARISONS: Final = frozenset(
    {"==", "!=", "<", "<=", ">", ">=", "=~", "!~", "in", "not in", "contains"}
)
_POWERS: Final = {"or": 10, "and": 20, "+": 50, "-": 50, "*": 60, "/": 60} | dict.fromkeys(
    COMPARISONS, 40
)
_NOT_POWER: Final = 30
_MINUS_POWER: Final = 70


def parse(source: str, context: Context) -> Expr:
    """Read an expression against the names and functions of a context.

    Raises:
        QueryError: With the column of the mistake, and what was perhaps meant.
    """
    return _Parser(source, context).read()


class _Parser:
    def __init__(self, source: str, context: Context) -> None:
        self._source = source
        self._context = context
        self._tokens = tokens(source)
        self._at = 0
        self._depth = 0

    def read(self) -> Expr:
        if self._peek().kind is TokenKind.END:
            raise QueryError("an empty expression", 0, self._source)
        tree = self._resolve(self._expression(0), None)
        token = self._peek()
        if token.kind is not TokenKind.END:
            raise self._error(f"{token.text!r} is not expected here", token.column)
        return tree

    def _expression(self, power: int) -> Expr:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise self._error(f"nested deeper than {DEPTH_LIMIT}", self._peek().column)
        left = self._prefix()
        while (operator := self._operator()) and _POWERS[operator] > power:
            left = self._infix(left, operator)
        self._depth -= 1
        return left

    def _operator(self) -> str:
        """Look at the operator that follows, two words of `not in` included."""
        token = self._peek()
        if token.text == "not" and self._peek(1).text == "in":
            return "not in"
        known = token.kind in (TokenKind.OPERATOR, TokenKind.NAME) and token.text in _POWERS
        return token.text if known else ""

    def _infix(self, left: Expr, operator: str) -> Expr:
        column = self._take().column
        if operator == "not in":
            self._take()
        if operator in COMPARISONS:
            return self._comparison(left, operator, column)
        right = self._expression(_POWERS[operator])
        return Binary(operator, self._resolve(left, None), self._resolve(right, None), column)

    def _comparison(self, left: Expr, operator: str, column: int) -> Expr:
        if operator in ("=~", "!~"):
            return Binary(operator, self._resolve(left, None), self._pattern(), column)
        right = self._expression(_POWERS[operator])
        if self._operator() in COMPARISONS:
            raise self._error("comparisons do not chain; join two with and", self._peek().column)
        left_field, right_field = self._field_of(left), self._field_of(right)
        return Binary(
            operator, self._resolve(left, right_field), self._resolve(right, left_field), column
        )

    def _pattern(self) -> Expr:
        token = self._take()
        if token.kind is not TokenKind.STRING:
            raise self._error('a pattern is wanted: "text" or /text/', token.column)
        source = str(token.value)
        try:
            check_regex(source)
        except PatternError as error:
            raise self._error(str(error), token.column) from error
        return Pattern(source, not token.text.startswith("/"), token.column)

    def _prefix(self) -> Expr:
        token = self._take()
        match token.kind:
            case TokenKind.NUMBER:
                return Literal(token.value, token.text, token.column)
            case TokenKind.STRING:
                return Literal(token.value, token.text, token.column)
            case TokenKind.JSON:
                return self._json(token)
            case TokenKind.NAME:
                return self._name(token)
            case TokenKind.OPERATOR if token.text in ("(", "[", "-"):
                return self._group(token)
        what = f"{token.text!r}" if token.text else "the end"
        raise self._error(f"{what} where a value is wanted", token.column)

    def _group(self, token: Token) -> Expr:
        if token.text == "-":
            operand = self._resolve(self._expression(_MINUS_POWER), None)
            return Unary("-", operand, token.column)
        closing = ")" if token.text == "(" else "]"
        items, comma = self._items(closing)
        if token.text == "(" and len(items) == 1 and not comma:
            return items[0]
        if token.text == "(" and not items:
            raise self._error("nothing between ( and )", token.column)
        return Items(tuple(items), token.column)

    def _items(self, closing: str) -> tuple[list[Expr], bool]:
        items: list[Expr] = []
        comma = False
        while self._peek().text != closing:
            items.append(self._expression(0))
            if self._peek().text != ",":
                break
            self._take()
            comma = True
        token = self._take()
        if token.text != closing or token.kind is not TokenKind.OPERATOR:
            raise self._error(f"{closing} missing", token.column)
        return items, comma

    def _name(self, token: Token) -> Expr:
        if token.text == "not":
            operand = self._resolve(self._expression(_NOT_POWER), None)
            return Unary("not", operand, token.column)
        if token.text in _CONSTANTS:
            return Literal(_CONSTANTS[token.text], token.text, token.column)
        if token.text in ("and", "or", "in", "contains"):
            raise self._error(f"{token.text!r} where a value is wanted", token.column)
        if self._peek().text == "(" and self._peek().kind is TokenKind.OPERATOR:
            return self._call(token)
        return _Bare(token.text, column=token.column)

    def _call(self, token: Token) -> Expr:
        function = FUNCTIONS.get(token.text)
        if function is None or token.text not in self._context.functions:
            hint = did_you_mean(token.text, self._context.functions)
            raise self._error(f"no function {token.text!r} here{hint}", token.column)
        self._take()
        arguments, _ = self._items(")")
        if not function.least <= len(arguments) <= function.most:
            raise self._error(f"{token.text} is written {function.usage}", token.column)
        resolved = tuple(self._resolve(each, None) for each in arguments)
        return Call(token.text, resolved, token.column)

    def _json(self, token: Token) -> Expr:
        if self._context.find(token.text) is None:
            raise self._unknown(token.text, token.column)
        path = str(token.value)
        singular = not (".." in path or "*" in path or ":" in path or "," in path)
        return JsonPath(token.text, path, singular, token.column)

    def _field_of(self, node: Expr) -> Field | None:
        if isinstance(node, Call):
            return FUNCTIONS[node.function].gives
        return self._context.find(node.name) if isinstance(node, _Bare) else None

    def _resolve(self, node: Expr, beside: Field | None) -> Expr:
        """Turn a bare name into a field, or into a keyword of the field it stands beside."""
        if isinstance(node, Items):
            return Items(tuple(self._resolve(each, beside) for each in node.items), node.column)
        if not isinstance(node, _Bare):
            return node
        word = keyword(node.name, beside)
        if word is not None:
            return Word(word, beside.words if beside else (), node.column)
        field = self._context.find(node.name)
        if field is None:
            raise self._unknown(node.name, node.column, beside)
        return Name(field.name, field.kind, node.column)

    def _unknown(self, name: str, column: int, beside: Field | None = None) -> QueryError:
        hint = self._context.suggest(name)
        if beside is not None and beside.words:
            hint = (
                did_you_mean(name, beside.words) or f"; {beside.name} is {' '.join(beside.words)}"
            )
        return self._error(f"unknown name {name!r}{hint}", column)

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def _take(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _error(self, text: str, column: int) -> QueryError:
        return QueryError(text, column, self._source)


class _Bare(Name, frozen=True):
    """A name not yet known to be a field or a keyword; never leaves the parser."""


def keyword(text: str, field: Field | None) -> str | None:
    """Read a keyword of a field's type, a synonym included; None when it is none."""
    if field is None or field.kind not in (Kind.WORD, Kind.FLAGS):
        return None
    wanted = field.synonyms.get(text.lower(), text)
    for word in field.words:
        if word.lower() == wanted.lower():
            return word
    return None
