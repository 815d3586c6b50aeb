"""/sys/class/net/*/operstate (kernel documentation, ABI sysfs-class-net): is the cable in."""

from collections.abc import Mapping

from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.parsers.reading import reads

_MOST = 32


@reads("operstate")
def parse_links(text: bytes) -> Mapping[str, float]:
    """Read `grep .` lines `<path>/<dev>/operstate:<word>`: 1 for up, 0 for down; other words say nothing.

    Raises:
        ParseError: A line is not of that form.
    """
    metrics: dict[str, float] = {}
    for line in text.splitlines():
        path, colon, word = line.rpartition(b":")
        dev = path.split(b"/")[-2]
        if not colon:
            raise ValueError("no state")
        if word in (b"up", b"down") and len(metrics) < _MOST:
            metrics[f"net.link_up{{dev={clean(dev, NAME_LIMIT)}}}"] = float(word == b"up")
    return metrics
