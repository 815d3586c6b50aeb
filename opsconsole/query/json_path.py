"""JSONPath (RFC 9535) over a decoded document, by python-jsonpath."""

from collections.abc import Sequence
from functools import lru_cache

import jsonpath
from jsonpath.exceptions import JSONPathError

from opsconsole.query.values import Value

_FOUND_LIMIT = 1_000


def check(path: str) -> str:
    """Say what is wrong with a path; empty when nothing is."""
    try:
        _compiled(path)
    except JSONPathError as error:
        return str(error).partition("\n")[0]
    return ""


def find(path: str, document: Value) -> Sequence[Value]:
    """List what a path finds, at most a thousand values; nothing when it cannot be walked."""
    found: list[Value] = []
    try:
        for match in _compiled(path).finditer(document):  # type: ignore[arg-type]  # a decoded document
            found.append(match.obj)  # noqa: PERF401 - bounded, and the loop may raise half way
            if len(found) >= _FOUND_LIMIT:
                break
    except (JSONPathError, RecursionError):
        return ()
    return tuple(found)


@lru_cache(maxsize=256)
def _compiled(path: str) -> jsonpath.JSONPath | jsonpath.CompoundJSONPath:
    return jsonpath.compile(path)
