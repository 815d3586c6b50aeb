"""What the engine says of itself: banners that stay while something is wrong, events for what happened once."""

import logging
from collections.abc import Callable

from opsconsole.clock import Clock
from opsconsole.engine.heart import Stall
from opsconsole.model.event import Event
from opsconsole.model.snapshot import Banner
from opsconsole.state.store import Store

log = logging.getLogger(__name__)


class Notices:
    """Puts them into the store, which is asked for when there is something to say."""

    def __init__(self, store: Callable[[], Store], clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def show(self, identity: str, text: str) -> None:
        """Show a sentence under an identity; an empty one takes it back."""
        self.put(identity, Banner(identity, text) if text else None)

    def put(self, identity: str, banner: Banner | None) -> None:
        """Show a banner, or take the one of this identity back."""
        if banner is None:
            self._store().drop_banner(identity)
        else:
            self._store().put_banner(banner)

    def configured(self, sentence: str) -> None:
        """Tell that another configuration is in force."""
        self._tell("config", sentence, "")

    def stalled(self, stall: Stall) -> None:
        """Tell that the loop stood still."""
        text = f"the engine stood still for {stall.took:.1f} s in {stall.where}"
        log.warning("%s", text)
        self._tell("engine", text, "warning")

    def slept(self, seconds: float) -> None:
        """Tell that the machine was suspended; every value is as old as it is."""
        text = f"this machine was suspended for {seconds:.0f} s: every value is looked at anew"
        self._store().tick(self._clock.now())
        self._tell("engine", text, "unknown")

    def _tell(self, kind: str, text: str, severity: str) -> None:
        self._store().put_event(Event(0, self._clock.now(), "engine", kind, "", text, severity))
