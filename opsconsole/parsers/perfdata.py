"""Nagios plugin output (Monitoring Plugins Development Guidelines): a summary line and perfdata."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from opsconsole.model.text import LABEL_LIMIT, MESSAGE_LIMIT, NAME_LIMIT, clean
from opsconsole.parsers.reading import finite, reads

_ITEM: Final = re.compile(
    r"(?:'(?P<quoted>(?:[^']|''){1,128})'|(?P<bare>[^\s='\"]{1,128}))"
    r"=(?P<value>-?\d{1,30}(?:[.,]\d{1,30})?(?:[eE][-+]?\d{1,3})?|U)(?P<unit>[^\s;\d][^\s;]{0,9})?(?:;[^\s]{0,200})?"
)
_SCALE: Final = {
    "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "%": 0.01,
    "B": 1.0, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    "KiB": 1024.0, "MiB": 1024.0**2, "GiB": 1024.0**3, "TiB": 1024.0**4,
}  # fmt: skip
"""To base units; a unit that is not here (`c`, `°C`) leaves the number as it is."""
_MOST: Final = 200


class PluginOutput(NamedTuple):
    """What a plugin said."""

    summary: str
    """Its first line, without the perfdata."""
    detail: str
    """The further lines."""
    values: Mapping[str, float]
    """Label to value, in base units: seconds, bytes, ratio."""


@reads("plugin output")
def parse_plugin_output(text: bytes) -> PluginOutput:
    """Read a plugin's standard output; perfdata that cannot be read is skipped, as Nagios does.

    Raises:
        ParseError: Never in practice; kept so that every parser has the one way to fail.
    """
    first, _, rest = text.decode("utf-8", errors="replace").partition("\n")
    summary, _, perfdata = first.partition("|")
    detail, _, more = rest.partition("|")
    values = dict(_values(f"{perfdata} {more}"[: LABEL_LIMIT * 20]))
    return PluginOutput(
        clean(summary.strip(), LABEL_LIMIT),
        clean(detail.strip(), MESSAGE_LIMIT, multiline=True),
        values,
    )


def _values(perfdata: str) -> Iterator[tuple[str, float]]:
    for _, item in zip(range(_MOST), _ITEM.finditer(perfdata), strict=False):
        if item["value"] == "U":
            continue
        label = (item["quoted"] or item["bare"]).replace("''", "'")
        value = finite(item["value"].replace(",", ".").encode())
        yield clean(label, NAME_LIMIT), value * _SCALE.get(item["unit"] or "", 1.0)
