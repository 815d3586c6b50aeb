"""JSONPath (RFC 9535) over a decoded document, by python-jsonpath."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, cast

from opsconsole.query.values import Value

if TYPE_CHECKING:
    import jsonpath

_FOUND_LIMIT = 1_000


def check(path: str) -> str:
    """Say what is wrong with a path; empty when nothing is."""
    from jsonpath.exceptions import JSONPathError

    try:
        _compiled(path)
    except JSONPathError as error:
        return str(error).partition("\n")[0]
    return ""


def find(path: str, document: Value) -> Sequence[Value]:
    """List what a path finds, at most a thousand values; nothing when it cannot be walked."""
    from jsonpath.exceptions import JSONPathError

    try:
        matches = islice(_compiled(path).finditer(document), _FOUND_LIMIT)  # type: ignore[arg-type]  # any document
        return cast(tuple[Value, ...], tuple(match.obj for match in matches))
    except (JSONPathError, RecursionError):
        return ()


@lru_cache(maxsize=256)
def _compiled(path: str) -> "jsonpath.JSONPath | jsonpath.CompoundJSONPath":
    import jsonpath  # 25 ms that an engine without such a check need not spend

    return jsonpath.compile(path)
