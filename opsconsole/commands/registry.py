"""The one list of commands: keys, `:` line, palette, help and footer are all made of it.

Ids are stable. Nothing essential sits on ctrl, no single key changes a host, and a letter means one
class of thing everywhere.
"""

from typing import Final

from opsconsole.commands import reasons as why
from opsconsole.commands.command import Argument, Command, Where, by_id, first

_MOVE: Final = (
    Command("move.down", "down", ("j", "down"), group="move", where=Where.ANYWHERE),
    Command("move.up", "up", ("k", "up"), group="move"),
    Command("move.top", "top", ("g", "home"), group="move"),
    Command("move.bottom", "bottom", ("G", "end"), group="move"),
    Command("move.half-down", "half page down", ("ctrl+d",), group="move", help="Never deletes."),
    Command("move.half-up", "half page up", ("ctrl+u",), group="move"),
    Command("move.page-down", "page down", ("pagedown",), group="move"),
    Command("move.page-up", "page up", ("pageup",), group="move"),
    Command("move.left", "sideways", ("left",), group="move"),
    Command("move.right", "sideways", ("right",), group="move"),
    Command("move.next-problem", "next problem", ("e",), group="move"),
    Command("move.previous-problem", "previous problem", ("E",), group="move"),
    Command("look.open", "open", ("enter",), group="move", where=Where.TABLES, footer=1),
    Command(
        "go.pop",
        "back",
        ("escape",),
        group="move",
        help="Pops one thing: filter, overlay, zoom, view.",
    ),
    Command("go.back", "back", ("q",), group="move", help="At the top it asks whether to leave."),
    Command("go.older", "view before", ("H",), group="move"),
    Command("go.newer", "view after", ("L",), group="move"),
    Command("go.last", "last view", ("minus",), group="move"),
    Command("go.previous-tab", "tab before", ("left_square_bracket",), group="move"),
    Command("go.next-tab", "next tab", ("right_square_bracket",), group="move"),
)
_PANES: Final = (
    *(
        Command(f"pane.{n}", f"pane {n}", (str(n),), group="panes", help="Again: zoom.")
        for n in range(1, 10)
    ),
    Command("pane.next", "next pane", ("tab",), group="panes"),
    Command("pane.previous", "previous pane", ("shift+tab",), group="panes"),
    Command("pane.zoom", "zoom", ("z",), "zoom", group="panes", footer=14),
    Command("pane.bigger", "bigger", ("plus",), group="panes", help="Normal, half, full."),
    Command("pane.smaller", "smaller", ("underscore",), group="panes"),
    Command("layout.menu", "layouts", ("comma",), group="panes"),
    Command(
        "layout.use", "use a layout", line="layout", group="panes",
        arguments=(Argument("layout", "layout"),),
    ),
    Command(
        "layout.save", "save the layout", line="w", aliases=("save-layout",), group="panes",
        arguments=(Argument("name", "word", required=False),),
    ),
    Command("go.crumbs", "crumbs", ("grave_accent",), group="panes"),
)  # fmt: skip
_FIND: Final = (
    Command("find.filter", "filter", ("slash",), "filter", group="find", where=Where.TABLES,
            arguments=(Argument("filter", "filter", required=False),), footer=10),
    Command("find.search", "search", ("slash",), group="find", where=Where.TEXTS, footer=10),
    Command("find.next", "next match", ("n",), group="find", reason=why.needs_search),
    Command("find.previous", "match before", ("N",), group="find", reason=why.needs_search),
    Command("find.faults", "faults only", ("f",), "faults", group="find", where=Where.TABLES),
    Command("find.wide", "wide", ("w",), "wide", group="find", where=Where.TABLES),
    Command("find.sort", "sort", ("S",), "sort", group="find", where=Where.TABLES,
            arguments=(Argument("column", "column", required=False),)),
    Command("find.invert", "invert the sort", ("I",), group="find", where=Where.TABLES),
    Command("find.column-left", "sort by the column before", ("shift+left",), group="find", where=Where.TABLES),
    Command("find.column-right", "sort by the next column", ("shift+right",), group="find", where=Where.TABLES),
    Command("find.hide", "hide or keep the rest", ("ampersand",), group="find", where=Where.TEXTS),
    Command("text.follow", "follow", ("F",), group="find", where=Where.TEXTS, footer=5),
    Command("text.wrap", "wrap", ("W",), group="find", where=Where.TEXTS, footer=6),
)  # fmt: skip
_SELECT: Final = (
    Command("select.mark", "mark", ("space",), group="select", where=Where.TABLES, footer=2),
    Command("select.range", "range", ("v",), group="select", where=Where.TABLES),
    Command("select.all", "mark all shown", ("asterisk",), group="select", where=Where.TABLES),
    Command("select.clear", "clear marks", ("U",), group="select", where=Where.TABLES),
)
_LOOK: Final = (
    Command("look.describe", "describe", ("d",), "describe", group="look", where=Where.OBJECTS,
            reason=why.needs_selection),
    Command("look.raw", "raw", ("y",), "raw", group="look", where=Where.OBJECTS, reason=why.needs_selection),
    Command("look.logs", "logs", ("l",), "logs", group="look", where=Where.HOSTS,
            reason=first(why.needs_engine, why.needs_host), footer=8),
    Command("look.compare", "compare", ("equals_sign",), "compare", group="look", where=Where.TABLES,
            reason=why.needs_two),
    Command("look.copy", "copy", ("c",), "copy", group="look", reason=why.needs_selection),
    Command("look.output", "output mode", ("o",), group="look", where=Where.RUNS),
    Command("look.time", "time zone", line="tz", group="look",
            arguments=(Argument("style", "tz", required=False),), help="utc, local or relative."),
)  # fmt: skip
_FIRES: Final = (
    Command("fire.ack", "ack", ("a",), "ack", group="fires", where=Where.FIRES,
            arguments=(Argument("note", required=False),), help="I have seen it; asks for a note.",
            reason=first(why.needs_engine, why.needs_unread_only, why.needs_selection), footer=3),
    Command("fire.ack-all", "ack marked", ("A",), group="fires", where=Where.FIRES,
            reason=first(why.needs_engine, why.needs_unread_only, why.needs_selection)),
    Command("fire.take", "take", ("t",), "take", group="fires", where=Where.FIRES, help="I work on it.",
            reason=first(why.needs_engine, why.needs_unread_only, why.needs_selection), footer=4),
    Command("fire.assign", "assign", ("T",), "assign", group="fires", where=Where.FIRES,
            arguments=(Argument("person", "person"),),
            reason=first(why.needs_engine, why.needs_unread_only, why.needs_selection)),
    Command("fire.note", "note", ("n",), "note", group="fires", where=Where.FIRES,
            arguments=(Argument("text"),),
            reason=first(why.needs_engine, why.needs_unread_only, why.needs_selection)),
    Command("fire.group", "group alike", line="group", group="fires", where=Where.TABLES,
            help="Equal fires on many objects as one row, or each for itself."),
)  # fmt: skip
_ACT: Final = (
    Command("act.runbook", "runbook", ("r",), group="act", where=Where.OBJECTS,
            help="The menu of actions for the selection; nothing changes before its plan is confirmed.",
            reason=first(why.needs_engine, why.needs_selection, why.needs_actions), footer=5),
    Command("act.dry-run", "dry run", ("R",), group="act", where=Where.OBJECTS,
            help="The same menu; shows the plan and stops.",
            reason=first(why.needs_engine, why.needs_selection, why.needs_actions)),
    Command("act.run", "run an action", line="run", group="act", where=Where.ANYWHERE, changes=True,
            arguments=(Argument("action", "action"),),
            reason=first(why.needs_engine, why.needs_actions)),
    Command("act.shell", "shell", ("s",), "shell", group="act", where=Where.HOSTS,
            help="ssh to the host; the console comes back after it.",
            reason=why.needs_host, footer=9),
    Command("act.stop", "stop the run", line="stop", group="act", changes=True,
            arguments=(Argument("run", "run", required=False),),
            help="Starts nothing new; what runs, ends.",
            reason=why.needs_engine),
    Command("act.interrupt", "interrupt the run", line="interrupt", group="act", changes=True,
            arguments=(Argument("run", "run", required=False),), reason=why.needs_engine),
    Command("act.unlock", "unlock", line="unlock", group="act",
            arguments=(Argument("duration", "duration"), Argument("reason")),
            help="Turns changes on for you, for a while.",
            reason=first(why.needs_engine, why.needs_unread_only, why.needs_lock)),
    Command("act.lock", "lock", line="lock", group="act",
            reason=first(why.needs_engine, why.needs_lock, why.needs_unlock)),
    Command("act.freeze", "freeze changes", line="freeze", group="act",
            arguments=(Argument("duration", "duration"), Argument("reason")),
            help="Nobody changes anything until it ends.",
            reason=first(why.needs_engine, why.needs_unread_only)),
    Command("act.thaw", "end a freeze", line="thaw", group="act",
            arguments=(Argument("freeze", "freeze", required=False),),
            reason=first(why.needs_engine, why.needs_unread_only)),
    Command("act.poll", "poll now", ("ctrl+r",), "poll", group="act", reason=why.needs_engine),
    Command("act.trust", "trust a host key", line="trust", group="act",
            arguments=(Argument("host", "host", required=False),),
            help="Shows the key's fingerprint first, then asks.",
            reason=first(why.needs_engine, why.needs_unread_only)),
    Command("act.event", "tell of an event", line="event", group="act", arguments=(Argument("text"),),
            help="Lands in Activity.", reason=first(why.needs_engine, why.needs_unread_only)),
)  # fmt: skip
_TIME: Final = (Command("time.freeze", "pause the screen", ("p",), "pause", group="time"),)
_APP: Final = (
    Command("app.command", "cmd", ("colon",), group="app", footer=11),
    Command("app.palette", "palette", ("ctrl+p",), group="app"),
    Command("app.help", "help", ("question_mark",), "help", group="app", footer=99),
    Command("app.keys", "keys", line="keys", group="app", help="Every binding, and who else may take it."),
    Command("app.quit", "leave", line="q", aliases=("quit", "qa", "exit"), group="app"),
    Command("app.detach", "leave", ("ctrl+q",), group="app", help="Asks; the engine stays."),
    Command("app.save-screen", "save the screen", ("ctrl+s",), "save-screen", group="app"),
    Command("app.mouse", "mouse off or on", ("M",), group="app"),
    Command("app.suspend", "suspend", ("ctrl+z",), group="app"),
    Command("app.theme", "theme", line="theme", group="app", arguments=(Argument("theme", "theme"),)),
    Command("app.reload", "read the files again", line="reload", group="app", reason=why.needs_engine),
    Command("app.doctor", "doctor", line="doctor", group="app"),
    Command("app.log", "the engine's log", line="log", group="app"),
    Command("app.plugins", "plugins", line="plugins", group="app"),
    Command("go.hosts", "hosts", line="hosts", group="app"),
    Command("go.services", "services", line="svc", aliases=("services",), group="app"),
    Command("go.fires", "fires", line="fires", aliases=("alerts",), group="app"),
    Command("go.activity", "activity", line="activity", aliases=("events",), group="app"),
    Command("go.runs", "runs", line="runs", group="app"),
    Command("go.overview", "overview", line="overview", aliases=("all", "home"), group="app"),
    Command("go.to", "go to", line="go", group="app", arguments=(Argument("name", "name"),),
            help="A host, a service, a fire or a run by its name."),
)  # fmt: skip

COMMANDS: Final[tuple[Command, ...]] = (
    *_MOVE, *_PANES, *_FIND, *_SELECT, *_LOOK, *_FIRES, *_ACT, *_TIME, *_APP,
)  # fmt: skip
BY_ID: Final = by_id(COMMANDS)
GROUPS: Final = {
    "move": "MOVE",
    "panes": "PANES",
    "find": "FIND",
    "select": "SELECT",
    "look": "LOOK",
    "fires": "FIRES",
    "act": "ACT",
    "time": "TIME",
    "app": "APP",
}
"""Group to its heading, in the order of the help."""
