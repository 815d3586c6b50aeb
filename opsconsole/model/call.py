"""What every call is."""

from msgspec import Struct


class Call(Struct, frozen=True, tag_field="method"):
    """What every call is: a tagged record."""
