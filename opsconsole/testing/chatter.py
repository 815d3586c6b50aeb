"""What journals say when nothing is wrong, so that following a log shows something."""

from random import Random
from typing import Final

from opsconsole.testing.world import World

_LINES: Final = {
    "web": ("nginx[911]", "GET /basket 200 {n}ms"),
    "db": ("postgresql[1201]", "checkpoint complete: wrote {n} buffers"),
    "cache": ("redis[640]", "{n} changes in 300 seconds. Saving..."),
    "mail": ("mailer[702]", "batch of {n} messages handed over"),
    "search": ("search[811]", "merged {n} segments"),
    "batch": ("worker[933]", "job {n} done"),
    "auth": ("auth[655]", "{n} sessions renewed"),
}
_USUAL: Final = ("node-agent[512]", "{n} readings sent")


class Chatter:
    """One line at a time, from one host after the other."""

    def __init__(self, seed: int) -> None:
        self._rng = Random(f"chatter {seed}")  # noqa: S311  (small talk, no secret)

    def say(self, world: World) -> None:
        """Let one host log one line."""
        host = self._rng.choice(list(world.hosts.values()))
        source, text = _LINES.get(host.actor.role, _USUAL)
        world.log(host, source, text.format(n=self._rng.randrange(3, 900)))
