"""What a person stands on: the pane, the object under the cursor, the marked ones."""

from collections.abc import Mapping

from msgspec import Struct


class Selection(Struct, frozen=True):
    """Where a command would act; `view` looks actions up for it, `commands` says what works here."""

    where: str
    """The pane or screen: fires, hosts, services, activity, peek, host, service, alert, run, runs, log, help."""
    key: str = ""
    """The reference under the cursor: `host:db-02`, `alert:<episode>`, `group:...`, `run:<id>`; or empty."""
    marks: tuple[str, ...] = ()
    """References that are marked, in the order shown."""
    me: str = ""
    """Who looks."""
    folds: Mapping[str, tuple[str, ...]] = {}
    """Episodes that rows of folded fires stand for, by their keys; what a filter leaves out is not among them."""
    searching: bool = False
    """A search is active, so `n` means next."""
    live: bool = True
    """False: the console has no engine at the moment."""
    past: bool = False
    """True: the board that is shown is one of before."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What a command acts on: the marks, else the cursor's object."""
        return self.marks or ((self.key,) if self.key else ())
