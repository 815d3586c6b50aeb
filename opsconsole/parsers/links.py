"""/sys/class/net/* (kernel documentation, ABI sysfs-class-net): is the cable in, how fast, how steady."""

from collections.abc import Mapping
from typing import Final

from opsconsole.model.text import NAME_LIMIT, clean
from opsconsole.parsers.reading import reads

_MOST: Final = 96
"""Values kept: three of each of 32 devices."""
_MEGABIT: Final = 125_000.0
_WORDS: Final = {b"up": 1.0, b"down": 0.0}


@reads("/sys/class/net")
def parse_links(text: bytes) -> Mapping[str, float]:
    """Read `grep .` lines `<path>/<dev>/operstate:<word>`, and `speed` (Mbit/s) and `carrier_changes` alike.

    A state that is neither up nor down says nothing, nor does a speed that is not known (-1).

    Raises:
        ParseError: A line is not of that form.
    """
    metrics: dict[str, float] = {}
    for line in text.splitlines():
        path, colon, word = line.rpartition(b":")
        if not colon:
            raise ValueError("no value")
        *_, dev, name = path.split(b"/")
        label = f"{{dev={clean(dev, NAME_LIMIT)}}}"
        if len(metrics) >= _MOST:
            break
        if name == b"speed":
            speed = int(word)
            if 0 < speed < 10_000_000:
                metrics[f"net.speed{label}"] = speed * _MEGABIT
        elif name == b"carrier_changes":
            metrics[f"net.carrier_changes{label}"] = float(max(0, int(word)))
        elif word in _WORDS:
            metrics[f"net.link_up{label}"] = _WORDS[word]
    return metrics
