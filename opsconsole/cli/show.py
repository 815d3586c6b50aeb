"""How verbs print: JSON documents of one shape, and plain columns."""

from collections.abc import Iterable, Sequence

import msgspec


def print_json(document: object) -> None:
    """Print one JSON document, indented."""
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


def print_columns(rows: Iterable[Sequence[str]], head: Sequence[str] = ()) -> None:
    """Print rows in columns as wide as their widest cell; the last one is not padded."""
    table = [tuple(row) for row in ((head, *rows) if head else rows)]
    if not table:
        return
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join(cells).rstrip())
