"""What one console knows: its source, what the person set, and where they stand; no widget in it."""

import asyncio

from msgspec.structs import replace

from opsconsole.model.moment import Moment
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.filter_line import Filter
from opsconsole.ui.frames import ASCII
from opsconsole.ui.look import Look
from opsconsole.ui.places import Trail
from opsconsole.ui.prefs import DEFAULT, Layout, Prefs, Sort
from opsconsole.ui.source import Source
from opsconsole.view import glyphs
from opsconsole.view.options import ViewOptions

AWAY_FROM = 600.0
"""Seconds of absence from which it is told what happened meanwhile."""
SORTABLE = ("fires", "hosts", "services", "activity")


class Session:
    """Shared by the screens of one console; changed by commands, read by views."""

    def __init__(self, source: Source, look: Look, prefs: Prefs) -> None:
        self.source = source
        self.look = look
        self.prefs = prefs
        self.trail = Trail()
        self.hidden: frozenset[str] = frozenset()
        self.frozen: Snapshot | None = None
        """The snapshot the screen was stopped at (`p`) or put back to (`b`); None while it is live."""
        self.past: Moment | None = None
        """The board of before that is shown; None: none is."""
        self.aim: float | None = None
        """The time that was asked for last and is not shown yet; None: nothing is on its way."""
        self.rewinding = asyncio.Lock()
        self.returns = 0
        """How often somebody went back to now: what was asked for before that is not shown after it."""
        self.mouse = True
        self.left_at = prefs.left_at
        """Epoch seconds when this person's console last went; 0: never."""
        self._frozen_at = 0.0
        signs = glyphs.ASCII if look.signs is ASCII else glyphs.UNICODE
        self._base = ViewOptions(glyphs=signs)
        self._panes: dict[str, ViewOptions] = {}

    @property
    def snapshot(self) -> Snapshot:
        """What the screen shows: the newest, or the one it was stopped at."""
        return self.source.snapshot if self.frozen is None else self.frozen

    @property
    def now(self) -> float:
        """The time ages are counted to."""
        return self.source.now() if self.frozen is None else self._frozen_at

    @property
    def past_at(self) -> float | None:
        """The time of the board of before that is shown; None: none is."""
        return None if self.past is None else self.past.at

    @property
    def was_away(self) -> bool:
        """Tell whether this person's console was gone for long enough to be told what happened."""
        return bool(self.left_at) and self.source.now() - self.left_at > AWAY_FROM

    @property
    def layout_name(self) -> str:
        """Which layout is in force."""
        return self.prefs.layout

    def toggle_mouse(self) -> bool:
        """Take the mouse or leave it; tell whether it is ours now."""
        self.mouse = not self.mouse
        return self.mouse

    def prefer_theme(self, name: str) -> None:
        """Remember a theme."""
        self.prefs = replace(self.prefs, theme=name)

    def freeze(self) -> bool:
        """Stop the screen, or let it go on; tell whether it stands still now."""
        self._frozen_at = self.source.now()
        self.frozen = self.source.snapshot if self.frozen is None else None
        return self.frozen is not None

    def go_live(self) -> None:
        """Go back to now; what is on its way from before is not waited for."""
        self.frozen = self.past = self.aim = None
        self.returns += 1

    def rewind(self, moment: Moment) -> None:
        """Put the screen back to a board of before; what can be done is what can be done now."""
        live = self.source.snapshot
        self.past, self.aim, self._frozen_at = moment, None, moment.at
        self.frozen = replace(
            moment.board,
            engine=live.engine,
            actions=live.actions,
            plugins=live.plugins,
            access=replace(live.access, unlocks=(), freezes=()),
            ack_within=live.ack_within,
        )

    def options(self, pane: str) -> ViewOptions:
        """Give what is set on a pane."""
        return replace(self._panes.get(pane, self._base), me=self.source.actor)

    def set_filter(self, pane: str, wanted: Filter) -> None:
        """Narrow a pane."""
        self._panes[pane] = replace(self.options(pane), filter=wanted)

    def sort(self, pane: str, column: str) -> None:
        """Order a pane by a column; the same column again turns it round."""
        options = self.options(pane)
        inverted = not options.inverted if options.sort == column and column else False
        self._panes[pane] = replace(options, sort=column, inverted=inverted)

    def invert(self, pane: str) -> None:
        """Turn a pane's order round."""
        options = self.options(pane)
        self._panes[pane] = replace(options, inverted=not options.inverted)

    def toggle_faults(self, pane: str) -> None:
        """Show only what is in trouble, or everything."""
        options = self.options(pane)
        self._panes[pane] = replace(options, faults_only=not options.faults_only)

    def toggle_wide(self, pane: str) -> None:
        """Show more columns, or only the usual ones."""
        options = self.options(pane)
        self._panes[pane] = replace(options, wide=not options.wide)

    def toggle_group(self, pane: str, key: str) -> None:
        """Open or fold a group of rows."""
        options = self.options(pane)
        self._panes[pane] = replace(options, expanded=options.expanded ^ {key})

    def toggle_grouping(self, pane: str) -> None:
        """Fold equal rows into one, or show each for itself."""
        options = self.options(pane)
        self._panes[pane] = replace(options, grouped=not options.grouped)

    def set_time(self, word: str) -> None:
        """Show times in `utc`, `local` or `relative` everywhere."""
        self._base = replace(self._base, time=word)
        self._panes = {pane: replace(options, time=word) for pane, options in self._panes.items()}

    def layout(self, *, focused: str, grown: str) -> Layout:
        """Describe how everything stands now, to be remembered under a name."""
        sorts = {
            pane: Sort(o.sort, o.inverted)
            for pane, o in self._panes.items()
            if o.sort or o.inverted
        }
        main = self.options("hosts")
        return Layout(
            tuple(sorted(self.hidden)),
            focused,
            grown,
            sorts,
            faults=main.faults_only,
            wide=main.wide,
        )

    def restore(self, name: str) -> Layout:
        """Put a remembered layout in force; an unknown name is the plain one."""
        layout = self.prefs.layouts.get(name, Layout())
        self.prefs = replace(self.prefs, layout=name if name in self.prefs.layouts else DEFAULT)
        self.hidden = frozenset(layout.hidden)
        for pane in SORTABLE:
            sort = layout.sorts.get(pane, Sort())
            self._panes[pane] = replace(
                self.options(pane), sort=sort.column, inverted=sort.reverse,
                faults_only=layout.faults and pane != "fires", wide=layout.wide,
            )  # fmt: skip
        return layout

    def remember(self, name: str, layout: Layout) -> None:
        """Keep a layout under a name."""
        self.prefs = replace(self.prefs, layouts={**self.prefs.layouts, name: layout}, layout=name)
