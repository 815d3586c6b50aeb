"""nf_conntrack_count and nf_conntrack_max (kernel documentation, networking/nf_conntrack-sysctl)."""

from collections.abc import Mapping

from opsconsole.parsers.reading import reads, whole_numbers


@reads("nf_conntrack")
def parse_conntrack(text: bytes) -> Mapping[str, float]:
    """Read the count and the limit, each on its line, as the share used.

    Raises:
        ParseError: It is not two numbers, or the limit is zero.
    """
    count, most = whole_numbers(text.split())
    return {"conntrack.used_ratio": count / most}
