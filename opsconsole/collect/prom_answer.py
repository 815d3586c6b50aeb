"""What Prometheus' HTTP API says to an instant query
(https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries).
"""

import math
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from opsconsole.model.text import LABEL_LIMIT, NAME_LIMIT, clean
from opsconsole.transport.http_answer import Endpoint, HttpAnswer

_MOST_SERIES: Final = 1000
_MOST_LABELS: Final = 64


class PromAnswer(Struct, frozen=True):
    """An instant query's result; `reason` says why there is none."""

    values: tuple[float, ...] = ()
    """One a series, in its order; NaN and infinities are left out."""
    labels: Mapping[str, str] = {}
    """Of the first series, cleaned."""
    took: float = 0.0
    reason: str = ""
    warning: str = ""
    """What the server warns of: a partial answer."""


class _Result(Struct):
    type: str = msgspec.field(name="resultType", default="")
    result: msgspec.Raw = msgspec.Raw(b"[]")


class _Reply(Struct):
    status: str = ""
    data: _Result = msgspec.field(default_factory=_Result)
    error: str = ""
    warnings: list[str] | None = None


class _Series(Struct):
    value: tuple[float, str]
    metric: dict[str, str] = msgspec.field(default_factory=dict)


def query_endpoint(endpoint: Endpoint, query: str) -> Endpoint:
    """Make the call for an instant query of a server's base URL: a POST, so that its length does not matter."""
    headers = {**endpoint.headers, "content-type": "application/x-www-form-urlencoded"}
    return msgspec.structs.replace(
        endpoint,
        url=f"{endpoint.url.rstrip('/')}/api/v1/query",
        method="POST",
        headers=headers,
        body=urlencode(
            {"query": query, "timeout": f"{max(1, round(endpoint.timeout * 1000))}ms"}
        ).encode(),
    )


def read_query(answer: HttpAnswer) -> PromAnswer:
    """Read the reply to an instant query; an error body says more than its status."""
    if answer.fault is not None:
        return PromAnswer(took=answer.took, reason=answer.reason)
    try:
        reply = msgspec.json.decode(answer.body, type=_Reply)
        if reply.status != "success":
            said = clean(reply.error, LABEL_LIMIT) or f"status {answer.status}"
            return PromAnswer(took=answer.took, reason=said)
        series = _series(reply.data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        said = f"status {answer.status}" if answer.status != 200 else "not Prometheus' JSON"
        return PromAnswer(took=answer.took, reason=f"bad reply: {said}")
    found = [(number, one.metric) for one in series if math.isfinite(number := _number(one))]
    return PromAnswer(
        values=tuple(number for number, _ in found),
        labels={
            clean(name, NAME_LIMIT): clean(value, LABEL_LIMIT)
            for name, value in list(found[0][1].items() if found else ())[:_MOST_LABELS]
        },
        took=answer.took,
        warning=clean("; ".join(reply.warnings or ()), LABEL_LIMIT),
    )


def _series(data: _Result) -> list[_Series]:
    if data.type in ("scalar", "string"):
        return [_Series(msgspec.json.decode(data.result, type=tuple[float, str]))]
    if data.type == "matrix":
        raise ValueError("a range vector has no one value")
    return msgspec.json.decode(data.result, type=list[_Series])[:_MOST_SERIES]


def _number(series: _Series) -> float:
    """Values are texts: `1.5`, `NaN`, `+Inf`."""
    return float(series.value[1])
