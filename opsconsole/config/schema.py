"""The JSON Schema of `opsconsole.yaml`, for editors; made from the tables that read the file."""

from opsconsole.config.fields import Schema
from opsconsole.config.reader import FILE


def schema() -> Schema:
    """Describe the whole file as JSON Schema 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "opsconsole.schema.json",
        "title": "opsconsole.yaml",
        **FILE.schema(),
    }
