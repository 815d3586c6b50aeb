"""What is wrong or careless in a plugin's files, found by reading them; `file:line:col: what`."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.config.loader import Map, Node, Scalar, Seq, read_text
from opsconsole.config.problems import Mark, Problems

_UNQUOTED: Final = re.compile(
    r"""(?<!\\)\$(?:[1-9@*]|\{[1-9@*]\}|[A-Z_][A-Z0-9_]*|\{[A-Z_][A-Z0-9_]*\})"""
)
_EVAL: Final = re.compile(r"(?:^|[;&|\s(])eval\s")


class Finding(Struct, frozen=True):
    """One thing, where it stands, and whether it is a mistake or only careless."""

    place: str
    text: str
    severity: str = "warning"
    """error or warning."""

    def __str__(self) -> str:
        return f"{self.place}: {self.severity}: {self.text}"


def lint_runbook(text: str, file: str) -> Iterator[Finding]:
    """Read the scripts of a runbook as ShellCheck would: values in them must be quoted."""
    tree = read_text(text, file, Problems())
    for body in _scripts(tree):
        place = _place(body.mark)
        if "`" in body.text:
            yield Finding(place, "sh: a backtick; write $( )")
        if _EVAL.search(body.text):
            yield Finding(place, "sh: eval runs what a value says")
        if found := unquoted(body.text):
            yield Finding(place, f'sh: {found} is not quoted; write "{found}"')


def _scripts(node: Node | None) -> Iterator[Scalar]:
    match node:
        case Map():
            for key, value in node.entries.items():
                if key == "sh" and isinstance(value, Scalar):
                    yield value
                else:
                    yield from _scripts(value)
        case Seq():
            for item in node.items:
                yield from _scripts(item)


def _place(mark: Mark) -> str:
    return f"{mark.file}:{mark.line}:{mark.column}"


def unquoted(script: str) -> str:
    """Find the first expansion that stands outside double quotes; empty when there is none."""
    spans = _quoted_spans(script)
    for found in _UNQUOTED.finditer(script):
        if not any(start <= found.start() < end for start, end in spans):
            return found[0]
    return ""


def _quoted_spans(script: str) -> list[tuple[int, int]]:
    """Where the text stands in quotes, single or double; an escaped quote opens nothing."""
    return [match.span() for match in re.finditer(r"""'[^']*'|"(?:\\.|[^"\\])*\"""", script)]


def lint_python(path: Path, content: bytes, needs: frozenset[str]) -> Iterator[Finding]:
    """Find what a module uses and no action of it declares: sudo profiles, secrets, clients, this machine."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        yield Finding(f"{path}:{line}:1", f"is no Python: {error}", "error")
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for need in _needs_of(node):
                if need not in needs:
                    place = f"{path}:{node.lineno}:{node.col_offset + 1}"
                    yield Finding(place, f"uses {need}, which no action declares in needs", "error")


def _needs_of(call: ast.Call) -> Iterator[str]:
    """Tell what a call on ctx needs; `ctx` is known by its name, as in every example."""
    chain = _chain(call.func)
    if chain[:1] != ["ctx"]:
        return
    match chain[1:]:
        case ["ssh", *_]:
            yield "ssh"
        case ["local", *_]:
            yield "local"
        case ["http", client, _]:
            yield f"http:{client!s}"
        case ["secret"] if call.args and isinstance(call.args[0], ast.Constant):
            yield f"secret:{call.args[0].value!s}"
        case _:
            pass
    for keyword in call.keywords:
        if keyword.arg == "sudo" and isinstance(keyword.value, ast.Constant):
            yield f"sudo:{keyword.value.value!s}"


def _chain(node: ast.expr) -> list[str]:
    match node:
        case ast.Name():
            return [node.id]
        case ast.Attribute():
            return [*_chain(node.value), node.attr]
        case _:
            return [""]
