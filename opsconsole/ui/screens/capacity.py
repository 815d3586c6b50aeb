"""Capacity, the odd ones out, and the course of one resource: views that ask the engine for the past."""

from typing import Final, Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from opsconsole.errors import OpsConsoleError
from opsconsole.model.alert_calls import ReadCapacity, ReadCourse, ReadOdd
from opsconsole.model.calls import AnyCall
from opsconsole.model.capacity import Capacity, Course, Odds
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.ui.places import Place
from opsconsole.ui.screens.single import Single
from opsconsole.ui.session import Session
from opsconsole.ui.widgets.lines import Lines
from opsconsole.ui.widgets.pane import Pane
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import capacity, course, odd
from opsconsole.view.options import ViewOptions
from opsconsole.view.rows import Cell, Span, Table, Tone

_EVERY: Final = 60.0
"""Seconds after which it is asked again."""
_AGAIN: Final = 5.0
"""Seconds after which it is asked again where there was no answer."""
_Told = TypeVar("_Told", bound=Struct)


class _Asking(Single, Generic[_Told]):
    """One pane over the whole room; its content is asked for when it is shown, and once a minute."""

    ANSWER: type[_Told]

    def __init__(self, session: Session, place: Place) -> None:
        super().__init__(session, place)
        self.told: _Told | None = None
        self._ask_at = float("-inf")
        self._why = ""

    def fill(self, name: str) -> None:
        """Show what is known, and ask again when it is time."""
        self.draw()
        now = self.session.look.clock.monotonic()
        if now >= self._ask_at:
            self._ask_at = now + _EVERY
            self.run_worker(self._ask(), name=f"ask {name}", group="past", exclusive=True)

    def draw(self) -> None:
        """Show what is known."""
        raise NotImplementedError

    def question(self) -> AnyCall:
        """Give what the engine is asked."""
        raise NotImplementedError

    async def _ask(self) -> None:
        try:
            self.told = await self.session.source.call(self.question(), self.ANSWER)
            self._why = ""
        except OpsConsoleError as error:
            self._ask_at = self.session.look.clock.monotonic() + _AGAIN
            self._why = str(error)
        self.draw()

    def footer(self, usual: Cell) -> Cell:
        """Say why there was no answer, where there was none; what was known before stays."""
        return (Span(clean(self._why, LABEL_LIMIT), Tone.STALE),) if self._why else usual

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", self.place.kind)

    @property
    def where(self) -> str:
        """The pane."""
        return self.place.kind


class _AskingTable(_Asking[_Told]):
    """Its pane is a table; the object of a row is its host."""

    _shown: ViewOptions | None = None

    def make_panes(self) -> list[Pane]:
        """The table."""
        return [RowTable(self.session.look, id=self.place.kind)]

    @property
    def table(self) -> RowTable:
        """The table."""
        pane = self.panes[self.place.kind]
        assert isinstance(pane, RowTable)
        return pane

    def show(self, made: Table) -> None:
        """Put rows into it; after another filter no row stays that does not pass."""
        asked, self._shown = self._shown not in (None, self.options), self.options
        self.table.show(replace(made, footer=self.footer(made.footer)), asked=asked)

    def host_at(self, key: str) -> str:
        """Give the host that a row is about."""
        raise NotImplementedError

    @property
    def subject(self) -> str | None:
        """The host of the row under the cursor."""
        key = self.table.cursor
        return None if key is None else f"host:{self.host_at(key)}"

    @property
    def marks(self) -> tuple[str, ...]:
        """The hosts of the marked rows, each once."""
        return tuple(dict.fromkeys(f"host:{self.host_at(key)}" for key in super().marks))


class CapacityView(_AskingTable[Capacity]):
    """What fills, the first to be full on top; enter plots it."""

    ANSWER = Capacity

    def question(self) -> AnyCall:
        """Everything: the filter narrows it here."""
        return ReadCapacity()

    def draw(self) -> None:
        """Make the rows."""
        session, width = self.session, self.table.body.width
        self.show(capacity.table(self.told, session.snapshot, session.now, width, self.options))

    def place_of(self, key: str) -> Place | None:
        """Lead to the plot."""
        return Place("course", key.removeprefix(capacity.KIND))

    def host_at(self, key: str) -> str:
        """Take it from the key."""
        return capacity.host_and_metric(key)[0]


class OddView(_AskingTable[Odds]):
    """Which hosts are unlike their peers now; enter opens the host."""

    ANSWER = Odds

    def question(self) -> AnyCall:
        """Everything."""
        return ReadOdd()

    def draw(self) -> None:
        """Make the rows."""
        session, width = self.session, self.table.body.width
        self.show(odd.table(self.told, session.snapshot, session.now, width, self.options))

    def place_of(self, key: str) -> Place | None:
        """Lead to the host."""
        return Place("host", odd.host_of(key))

    def host_at(self, key: str) -> str:
        """Take it from the key."""
        return odd.host_of(key)


class CourseView(_Asking[Course]):
    """One resource's past, drawn, with the line that was fitted."""

    ANSWER = Course

    def make_panes(self) -> list[Pane]:
        """The plot."""
        return [Lines(self.session.look, id="course")]

    def question(self) -> AnyCall:
        """All its points."""
        return ReadCourse(*capacity.host_and_metric(self.place.key))

    def draw(self) -> None:
        """Draw it for the room there is."""
        size = self.panes["course"].body
        made = course.section(
            self.told,
            capacity.words_of(self.place.key),
            max(1, size.width - 2),
            size.height,
            self.options,
        )
        self.show_section("course", replace(made, footer=self.footer(made.footer)))

    @property
    def subject(self) -> str | None:
        """Its host."""
        return f"host:{capacity.host_and_metric(self.place.key)[0]}"

    @property
    def crumbs(self) -> tuple[str, ...]:
        """Where one stands."""
        return ("all", "capacity", capacity.words_of(self.place.key))
