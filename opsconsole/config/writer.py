"""Plain data written as YAML that `loader` reads back as the same."""

from collections.abc import Mapping, Sequence

import yaml

Plain = str | int | float | bool | None | Sequence["Plain"] | Mapping[str, "Plain"]


def dump(data: Plain) -> str:
    """Write plain data as YAML, keys in the order given; short lists and mappings on one line."""
    text: str = yaml.dump(
        data,
        Dumper=yaml.CSafeDumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=110,
    )
    return text
