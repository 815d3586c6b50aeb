"""What all widgets of a screen share: colours, signs and the clock."""

from opsconsole.clock import Clock
from opsconsole.ui.frames import Signs
from opsconsole.ui.palette import Palette


class Look:
    """Handed to every widget; a theme change swaps `palette`, and whoever swapped it repaints."""

    def __init__(self, palette: Palette, signs: Signs, clock: Clock) -> None:
        self.palette = palette
        self.signs = signs
        self.clock = clock
