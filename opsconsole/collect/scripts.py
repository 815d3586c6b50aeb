"""The collector's shell scripts: constant texts, the same for every host, sent by the transport."""

from functools import cache
from importlib.resources import files
from typing import Final

TIERS: Final = ("fast", "slow", "lazy", "procs", "logs", "disks", "net")

_ROUND: Final = "while IFS= read -r n; do a=$(\n{body}\n); printf '%s\\n' \"$a\"; done\n"
"""One round a line of input: everything is collected in a variable and written once."""


@cache
def script(tier: str) -> str:
    """Give a tier's script; `fast` as a resident loop, the others for one run with the nonce as $1.

    Comments stay behind: they would travel to every host.
    """
    text = files("opsconsole.collect").joinpath("sh", f"{tier}.sh").read_text("utf-8")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return _ROUND.format(body=body) if tier == "fast" else body + "\n"
