"""What a client may ask of the engine: one frozen record a call, and the record it is answered with.

The wire carries `{"method": tag, ...fields}`; `rpc` moves them, `engine` answers them, `ui` and `cli` ask them.
"""

from collections.abc import Mapping

from msgspec import Struct

from opsconsole.model.alert_calls import (
    CloseMaintenance,
    ExpireSilence,
    MakeSilence,
    OpenMaintenance,
    PreviewSilence,
    ReadCapacity,
    ReadCourse,
    ReadOdd,
)
from opsconsole.model.approval_calls import ApproveRun, ReadApprovals, ReadPlan
from opsconsole.model.call import Call
from opsconsole.model.episode import Episode
from opsconsole.model.event import Event
from opsconsole.model.incident_calls import (
    CloseIncident,
    NoteIncident,
    OpenIncident,
    ReadNotifiers,
    ReadOnCall,
    SetIncident,
    TestNotifier,
)
from opsconsole.model.moment import ReadMoment
from opsconsole.model.run import OutputLine


class AckAlert(Call, frozen=True, tag="ack"):
    """Say that I have seen it, or take that back. Answered with Done."""

    episodes: tuple[str, ...]
    note: str = ""
    until: float | None = None
    mirror: bool = False
    """True: silence it in its Alertmanagers too, for as long as the ack holds."""
    drop: bool = False
    """True: take the acks back, and their silences with them."""


class TakeAlert(Call, frozen=True, tag="take"):
    """Say that I work on it; `owner` assigns it to another, empty gives it back. Done."""

    episodes: tuple[str, ...]
    owner: str | None = None


class NoteAlert(Call, frozen=True, tag="note"):
    """Write a line on fires. Done."""

    episodes: tuple[str, ...]
    text: str


class AddEvent(Call, frozen=True, tag="event"):
    """Tell of something that happened elsewhere (a deploy); lands in Activity. Done."""

    text: str
    kind: str = "note"
    on: str = ""
    at: float | None = None


class UnlockChanges(Call, frozen=True, tag="unlock"):
    """Turn changes on for me, for some seconds, with a reason. Done."""

    seconds: float
    reason: str


class LockChanges(Call, frozen=True, tag="lock"):
    """End my unlock. Done."""


class FreezeChanges(Call, frozen=True, tag="freeze"):
    """Forbid changes for everybody until an end, with a reason. Done."""

    seconds: float
    reason: str
    scope: str = "*"


class ThawChanges(Call, frozen=True, tag="thaw"):
    """End a freeze. Done."""

    id: str


class PollNow(Call, frozen=True, tag="poll"):
    """Poll targets at once, and try again where we had stopped trying; empty: all. Done."""

    targets: tuple[str, ...] = ()


class ScanHostKey(Call, frozen=True, tag="scan-key"):
    """Fetch the key a host shows, without logging in. Answered with HostKey."""

    host: str


class TrustHostKey(Call, frozen=True, tag="trust"):
    """Write the key with this fingerprint to known_hosts, and poll. Done."""

    host: str
    fingerprint: str
    replace: bool = False
    """True: another key on file is removed first (a changed key)."""


class PlanRun(Call, frozen=True, tag="plan"):
    """Plan an action: nothing changes. Answered with `model.action.Plan`."""

    action: str
    targets: tuple[str, ...]
    """References (`host:web01`), or node sets and filters as typed (`web[01-03]`, `role:web`)."""
    params: Mapping[str, str] = {}
    alert: str | None = None
    """The episode the person stands on, for `match` and `${alert.x}`."""
    rerun: str = ""
    """`<run-id>:failed`, `:unknown`, `:not-started` or `:all`: that run's targets and parameters.

    `<run-id>:undo`: its way back, as its journal kept it."""
    rollout: Mapping[str, str] = {}
    """What the person wants otherwise than the action says, stricter only: `canary`, `batches`, `bake` ..."""


class StartRun(Call, frozen=True, tag="run"):
    """Start a plan that was shown. Answered with Started."""

    plan: str
    hash: str
    confirm: str = ""
    """What was typed back."""
    reason: str = ""
    unlock: str = ""
    """CLI only: `--unlock REASON`, one write in a locked environment."""
    wait_lock: float = 0.0
    """Seconds to wait for locks that others hold, behind those who came before."""
    glass: str = ""
    """Why it goes ahead without the second person it needs; empty: it waits for them."""


class ControlRun(Call, frozen=True, tag="control-run"):
    """Steer a run; the verb must be among its `choices`, `stop` and `interrupt` are while it lives. Done."""

    run: str
    verb: str
    """pause, resume, continue, retry, rollback, stop, interrupt, take-over, break-glass, close."""
    reason: str = ""
    target: str = ""
    """retry, interrupt: this target only."""


class AnswerRun(Call, frozen=True, tag="answer-run"):
    """Answer a run's question. Done."""

    run: str
    question: str
    values: Mapping[str, str] = {}
    refuse: bool = False
    """True: no; the run aborts there."""


class ResolveRun(Call, frozen=True, tag="resolve-run"):
    """Settle UNKNOWN targets: by what the hosts' spools say, or, with `state`, by what a person saw. Done."""

    run: str
    targets: tuple[str, ...] = ()
    """Empty: every one that is UNKNOWN."""
    state: str = ""
    """Empty: ask the hosts. Else changed, unchanged or failed."""
    reason: str = ""


class ReadJournal(Call, frozen=True, tag="journal"):
    """Read or verify a run's journal. Answered with Text; `note` says what verification found."""

    run: str
    what: str = "show"
    """show, verify or export."""


class ReadOutput(Call, frozen=True, tag="output"):
    """Read a run's lines behind a cursor. Answered with Output; `wait` seconds for the first new one."""

    run: str
    after: int = 0
    limit: int = 500
    wait: float = 0.0
    target: str = ""


class ReadHistory(Call, frozen=True, tag="history"):
    """Read one target's series. Answered with Series."""

    target: str
    metrics: tuple[str, ...]
    since: float
    until: float
    points: int = 120


class ReadEvents(Call, frozen=True, tag="events"):
    """Read events of a span, newest first. Answered with Events."""

    since: float
    until: float
    limit: int = 500
    subject: str = ""


class ReadEpisodes(Call, frozen=True, tag="episodes"):
    """Read the fires that burnt within a span, newest first. Answered with Episodes."""

    since: float
    until: float
    on: str = ""
    limit: int = 1_000


class AskHost(Call, frozen=True, tag="ask-host"):
    """Ask a host for something a drill-down shows. Answered with Text.

    What: `procs`, `logs`, `disks`, `net`, `raw`.
    """

    host: str
    what: str
    lines: int = 200


class ReadChoices(Call, frozen=True, tag="choices"):
    """Ask for a parameter's choices on targets, from its `choices_from`. Answered with Choices."""

    action: str
    param: str
    targets: tuple[str, ...]


class ReadLog(Call, frozen=True, tag="log"):
    """Read the end of the engine's log. Answered with Text; `note` says where the whole of it is."""

    lines: int = 500


class Reload(Call, frozen=True, tag="reload"):
    """Read configuration and plugins again; mistakes keep the old ones. Done, with the mistakes as text."""

    force: bool = False
    """True: apply it even where many hosts would go."""


class ResumePlugin(Call, frozen=True, tag="resume-plugin"):
    """Call a plugin again that is in quarantine. Done."""

    plugin: str


class ReadPane(Call, frozen=True, tag="pane"):
    """Ask a plugin's pane for what it shows. Answered with `model.pane.PaneData`."""

    pane: str
    """Its id; the plugin's part may be left out where only one has it."""


class StopEngine(Call, frozen=True, tag="stop-engine"):
    """End the engine; refused while a run is live unless forced. Done."""

    force: bool = False


class EngineStatus(Call, frozen=True, tag="engine-status"):
    """Ask the engine about itself. Answered with `model.figures.EngineFigures`."""


AnyCall = (
    AckAlert | TakeAlert | NoteAlert | PreviewSilence | MakeSilence | ExpireSilence | AddEvent
    | OpenMaintenance | CloseMaintenance | ReadCapacity | ReadCourse | ReadOdd
    | OpenIncident | NoteIncident | SetIncident | CloseIncident
    | TestNotifier | ReadNotifiers | ReadOnCall
    | UnlockChanges | LockChanges | FreezeChanges | ThawChanges
    | PollNow | ScanHostKey | TrustHostKey | PlanRun | StartRun | ControlRun
    | ReadApprovals | ReadPlan | ApproveRun
    | AnswerRun | ResolveRun | ReadJournal | ReadOutput | ReadHistory | ReadEvents | ReadEpisodes
    | ReadMoment
    | AskHost | ReadChoices | ReadLog | Reload | ResumePlugin | ReadPane | StopEngine | EngineStatus
)  # fmt: skip


class Done(Struct, frozen=True):
    """It was done; `text` says what in a line."""

    text: str = ""


class HostKey(Struct, frozen=True):
    """The key a host shows."""

    host: str
    kind: str
    fingerprint: str
    """`SHA256:...`."""
    line: str
    """The known_hosts line it would make."""
    known: str = "unknown"
    """unknown, known, changed or revoked."""


class Started(Struct, frozen=True):
    """The run exists, and its journal."""

    run: str


class Output(Struct, frozen=True):
    """Lines of a run, and whether more can come."""

    lines: tuple[OutputLine, ...]
    over: bool
    dropped: int = 0
    """Lines that fell out of the ring before the cursor reached them; the files have them."""


class Series(Struct, frozen=True):
    """Points of some metrics; None where nothing was known."""

    at: tuple[float, ...]
    values: Mapping[str, tuple[float | None, ...]]


class Events(Struct, frozen=True):
    """Events, newest first."""

    events: tuple[Event, ...]


class Episodes(Struct, frozen=True):
    """Fires of a span, newest first."""

    episodes: tuple[Episode, ...]


class Text(Struct, frozen=True):
    """Lines to show, cleaned."""

    lines: tuple[str, ...]
    note: str = ""


class Choices(Struct, frozen=True):
    """Values a parameter may take, best first."""

    values: tuple[str, ...]
    note: str = ""
