"""The one list of commands: keys, the `:` line, the footer, the help."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.commands import help as topics_of
from opsconsole.commands.command import Command, Where
from opsconsole.commands.keymap import clashes, footer, for_key, key_name, shown_key, with_keymap
from opsconsole.commands.line import LineError, complete, duration, find, read
from opsconsole.commands.registry import BY_ID, COMMANDS, GROUPS
from opsconsole.model.action import ActionSpec
from opsconsole.model.alert import Alert
from opsconsole.model.run import Run
from opsconsole.model.selection import Selection
from opsconsole.model.snapshot import Access, Freeze, HostRecord, ServiceRecord, Snapshot, Unlock
from opsconsole.model.states import AlertState, Effect, RunState, Severity
from opsconsole.view.glyphs import UNICODE

NOW = 1_000.0


def _alert(on: str) -> Alert:
    return Alert("f", "e", "A", Severity.CRITICAL, "page", AlertState.FIRING, NOW - 5, on, "rules")


def _run(state: RunState) -> Run:
    return Run("r1", "core.x", "X", Effect.READ, "op1", state, NOW, {}, (), "h")


SNAPSHOT = Snapshot(
    now=NOW,
    hosts={"db-02": HostRecord("db-02"), "web-01": HostRecord("web-01")},
    services={"checkout": ServiceRecord("checkout", hosts=("web-01",))},
    alerts={"e": _alert("host:db-02")},
    actions={"core.unit-restart": ActionSpec("core.unit-restart", "Restart", Effect.WRITE, "host")},
    runs={"r1": _run(RunState.RUNNING)},
    access=Access("prod", locked=True, freezes=(Freeze("f1", "op3", NOW + 9, "x"),)),
    people={"op1": 1, "op2": 1},
)
FIRE = Selection("fires", "alert:e", me="op1")


def test_ids_and_lines_are_unique() -> None:
    ids = [command.id for command in COMMANDS]
    lines = [word for c in COMMANDS if c.line for word in (c.line, *c.aliases)]

    assert len(set(ids)) == len(ids)
    assert len(set(lines)) == len(lines)
    assert {command.group for command in COMMANDS} == set(GROUPS)


def test_no_key_means_two_things_in_one_place() -> None:
    allowed = {"n", "slash"}  # next match while a search is active, else note; filter or search

    assert [clash for clash in clashes() if clash[0] not in allowed] == []


def test_nothing_essential_sits_on_ctrl_alone() -> None:
    only_ctrl = {
        c.id
        for c in COMMANDS
        if c.keys and all(key.startswith("ctrl+") for key in c.keys) and not c.line
    }

    assert only_ctrl <= {
        "move.half-down",
        "move.half-up",
        "app.palette",
        "app.detach",
        "app.suspend",
    }


def test_no_single_key_changes_a_host() -> None:
    assert [command.id for command in COMMANDS if command.changes and command.keys] == []


@pytest.mark.parametrize(
    ("id_", "selection", "says"),
    [
        ("fire.ack", FIRE, ""),
        ("fire.ack", Selection("fires", "group:A:critical::"), ""),
        ("fire.ack", Selection("hosts", "host:db-02"), "ack works on a fire"),
        ("fire.ack", Selection("fires", "alert:e", live=False), "no engine at the moment"),
        ("act.runbook", FIRE, ""),
        ("act.runbook", Selection("fires"), "works on"),
        ("act.shell", FIRE, ""),
        ("act.shell", Selection("services", "service:checkout"), ""),
        ("act.shell", Selection("hosts", "host:gone"), "no host under the cursor"),
        ("act.unlock", FIRE, ""),
        ("act.lock", FIRE, "you have not unlocked anything"),
        ("look.compare", Selection("hosts", "host:a", ("host:a",)), "mark two rows"),
        ("look.compare", Selection("hosts", "host:a", ("host:a", "host:b")), ""),
        ("find.next", FIRE, "no search is active"),
        ("find.filter", Selection("log"), "works on fires, hosts"),
        ("text.follow", Selection("log"), ""),
    ],
)
def test_a_command_says_why_it_does_nothing_here(id_: str, selection: Selection, says: str) -> None:
    reason = BY_ID[id_].disabled_reason(SNAPSHOT, selection, NOW)

    assert says in reason
    assert bool(says) == bool(reason)


def test_a_fire_on_nothing_known_has_no_shell() -> None:
    alone = Snapshot(now=NOW, alerts={"e": _alert("mailer-x")})

    assert (
        BY_ID["act.shell"].disabled_reason(alone, FIRE, NOW) == "there is no host under the cursor"
    )


def test_locking_needs_my_own_unlock() -> None:
    unlocked = Access(locked=True, unlocks=(Unlock("op1", NOW + 5, "x"),))

    assert BY_ID["act.lock"].disabled_reason(Snapshot(now=NOW, access=unlocked), FIRE, NOW) == ""
    assert BY_ID["act.lock"].disabled_reason(Snapshot(now=NOW, access=unlocked), FIRE, NOW + 6)


def test_a_read_only_console_acknowledges_nothing() -> None:
    seen = Snapshot(now=NOW, alerts={"e": _alert("x")}, access=Access(read_only=True))

    assert BY_ID["fire.ack"].disabled_reason(seen, FIRE, NOW) == "this console is read-only"


def test_n_is_a_note_and_the_next_match_while_one_searches() -> None:
    note = for_key("n", SNAPSHOT, FIRE)
    following = for_key("n", SNAPSHOT, Selection("fires", "alert:e", searching=True))

    assert (note and note.id, following and following.id) == ("fire.note", "find.next")
    assert for_key("F12", SNAPSHOT, FIRE) is None


def test_the_footer_lists_what_works_here_and_help_last() -> None:
    keys = [(hint.key, hint.verb) for hint in footer(SNAPSHOT, FIRE, now=NOW)]

    assert keys[:2] == [("enter", "open"), ("space", "mark")]
    assert ("a", "ack") in keys
    assert ("r", "runbook") in keys
    assert keys[-1] == ("?", "help")


def test_the_footer_keeps_a_refused_key_and_marks_it() -> None:
    lost = Selection("fires", "alert:e", live=False)

    hints = {hint.id: hint.enabled for hint in footer(SNAPSHOT, lost, now=NOW)}

    assert hints["fire.ack"] is False
    assert hints["pane.zoom"] is True


def test_a_users_keymap_moves_a_key_and_its_former_owner_loses_it() -> None:
    commands, mistakes = with_keymap({"fire.ack": "x /", "nosuch": "q", "go.back": "ctrl+i"})

    by_id = {command.id: command.keys for command in commands}
    assert by_id["fire.ack"] == ("x", "slash")
    assert by_id["find.filter"] == ()
    assert by_id["go.back"] == ("q",)
    assert mistakes == (
        "keymap: no command 'nosuch'",
        "keymap: go.back: terminals cannot tell ctrl+i from another key",
    )


def test_keys_are_shown_as_people_know_them() -> None:
    assert (shown_key("slash"), shown_key("escape"), shown_key("ctrl+d")) == ("/", "esc", "ctrl+d")
    assert shown_key("left", ascii_only=True) == "left"
    assert key_name("?") == "question_mark"


@pytest.mark.parametrize(
    ("line", "id_", "arguments", "seconds"),
    [
        (
            ":unlock 15m fixing the pool",
            "act.unlock",
            {"duration": "15m", "reason": "fixing the pool"},
            900.0,
        ),
        ("unlock 1h30m x", "act.unlock", {"duration": "1h30m", "reason": "x"}, 5400.0),
        (":q", "app.quit", {}, 0.0),
        (":quit", "app.quit", {}, 0.0),
        (":theme dark", "app.theme", {"theme": "dark"}, 0.0),
        (":layout triage", "layout.use", {"layout": "triage"}, 0.0),
        (":go db-02", "go.to", {"name": "db-02"}, 0.0),
        (":hosts", "go.hosts", {}, 0.0),
        (":services", "go.services", {}, 0.0),
        (":filter sev>=warn !web", "find.filter", {"filter": "sev>=warn !web"}, 0.0),
        (":note called the dba  twice", "fire.note", {"text": "called the dba  twice"}, 0.0),
        (":stop", "act.stop", {}, 0.0),
        (":unl 5m x", "act.unlock", {"duration": "5m", "reason": "x"}, 300.0),
        (":fire.take", "fire.take", {}, 0.0),
    ],
)
def test_a_line_means_a_command_and_its_arguments(
    line: str, id_: str, arguments: dict[str, str], seconds: float
) -> None:
    found = read(line)

    assert (found.command.id, found.arguments, found.seconds) == (id_, arguments, seconds)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "no command :"),
        (":nosuchthing", "no command :nosuchthing"),
        (":thme dark", "did you mean theme?"),
        (":unlock", "duration missing: :unlock DURATION REASON"),
        (":unlock 15m", "reason missing"),
        (":unlock soon x", "no duration"),
        (":unlock 15 x", "no duration"),
        (":unlock 400d x", "not between"),
        (":unlock 0s x", "not between"),
        (":q now", "'now' is too much"),
        (":theme a b", "'b' is too much"),
    ],
)
def test_a_line_that_means_nothing_says_why(line: str, says: str) -> None:
    with pytest.raises(LineError, match=says.replace("'", ".")):
        read(line)


@given(st.text(max_size=40))
def test_nothing_but_a_line_error_leaves_the_line(line: str) -> None:
    try:
        found = read(line)
    except LineError:
        return
    assert found.command in COMMANDS
    complete(line, SNAPSHOT)


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("unl", "unlock"),
        (":the", "theme"),
        ("theme d", "theme dark"),
        ("go db", "go db-02"),
        ("go check", "go checkout"),
        ("run unit", "run core.unit-restart"),
        ("unlock ", "unlock 15m"),
        ("stop ", "stop r1"),
        ("thaw ", "thaw f1"),
        ("assign op", "assign op1"),
        ("trust web", "trust web-01"),
    ],
)
def test_completion_offers_whole_lines(line: str, first: str) -> None:
    offers = complete(line, SNAPSHOT, lambda kind: {"theme": ["dark", "light"]}.get(kind, ()))

    assert offers[0] == first


def test_completion_has_nothing_to_say_about_nonsense() -> None:
    assert complete("nosuch x", SNAPSHOT) == ()
    assert complete("q x", SNAPSHOT) == ()
    assert find("") is None


def test_durations_are_read_as_the_files_read_them() -> None:
    assert duration("90s") == 90.0


def test_the_help_lists_the_keys_that_have_a_meaning_here() -> None:
    fire = {topic.heading: topic for topic in topics_of.topics(FIRE)}
    log = {topic.heading: topic for topic in topics_of.topics(Selection("log"))}

    assert "FIRES" in fire
    assert "FIRES" not in log
    assert any(entry.keys == ":unlock DURATION REASON" for entry in fire["COMMAND  :"].entries)
    assert any(entry.text == "pane 1-9 (again: zoom)" for entry in fire["PANES"].entries)


def test_the_help_can_be_searched() -> None:
    found = topics_of.topics(FIRE, search="ack")

    texts = [entry.text for topic in found for entry in topic.entries]
    assert "ack" in texts
    assert "zoom" not in texts


def test_the_help_shows_a_users_keys() -> None:
    commands, _ = with_keymap({"fire.ack": "x"})

    entries = [entry for topic in topics_of.topics(FIRE, commands) for entry in topic.entries]

    assert any(entry.keys == "x" and entry.text == "ack" for entry in entries)


def test_every_sign_of_the_help_exists() -> None:
    assert all(hasattr(UNICODE, sign) and topics_of.SIGN_WORDS[sign] for sign in topics_of.SIGNS)


def test_a_command_writes_its_usage() -> None:
    assert BY_ID["act.unlock"].usage == ":unlock DURATION REASON"
    assert BY_ID["act.stop"].usage == ":stop [RUN]"
    assert (
        Command("x", "x", where=Where.RUNS).disabled_reason(SNAPSHOT, Selection("runs", "run:r1"))
        == ""
    )
