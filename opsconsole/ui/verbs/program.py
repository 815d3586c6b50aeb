"""The program itself: command line, palette, help, themes, saving, leaving."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from opsconsole.commands import line as command_line
from opsconsole.commands.command import ROWS, Command
from opsconsole.commands.keymap import shown_key
from opsconsole.commands.line import Invocation, LineError
from opsconsole.commands.registry import COMMANDS
from opsconsole.model.calls import ReadLog, Reload, Text
from opsconsole.model.plugin import PluginRecord
from opsconsole.ui.console_calls import console_of
from opsconsole.ui.help_lines import help_lines, matching_lines
from opsconsole.ui.keymap import in_force
from opsconsole.ui.paint import flowed
from opsconsole.ui.screens.confirm import Confirm, Question
from opsconsole.ui.screens.help import Help
from opsconsole.ui.screens.picker import Choice, Picker
from opsconsole.ui.screens.run import RunView
from opsconsole.ui.screens.sheet import Sheet
from opsconsole.ui.themes import ThemeFolder
from opsconsole.ui.verbs.meant import tell
from opsconsole.ui.verbs.verb import Verb
from opsconsole.view import run_output
from opsconsole.view.cells import cell
from opsconsole.view.rows import Cell, Tone

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main


async def _command(main: "Main", _: Invocation) -> None:
    await _ask_command(main, "")


async def _ask_command(main: "Main", typed: str) -> None:
    def offer(line: str, _: int) -> Sequence[str]:
        return command_line.complete(line, main.session.snapshot, lambda kind: _values(main, kind))

    mistake = ""
    while True:
        line = await main.ask("command", ":", value=typed, complete=offer, mistake=mistake)
        if not line:
            return
        try:
            wanted = command_line.read(line)
        except LineError as error:
            typed, mistake = line, str(error)
            continue
        main.do(wanted)
        return


def _values(main: "Main", kind: str) -> Sequence[str]:
    if kind == "theme":
        return _themes(main).names()
    return sorted(main.session.prefs.layouts) if kind == "layout" else ()


def _themes(main: "Main") -> ThemeFolder:
    """Find all themes, those of plugins too."""
    themes = console_of(main).themes
    plugins = main.session.snapshot.plugins.values()
    themes.also(file for plugin in plugins for file in plugin.themes)
    return themes


async def _palette(main: "Main", _: Invocation) -> None:
    session = main.session

    def narrow(typed: str) -> list[Choice]:
        commands = in_force(session.snapshot.engine.keymap)
        found = [
            (c, c.disabled_reason(session.snapshot, where, session.now))
            for c in commands
            if _is_meant(c, typed)
        ]
        found.sort(key=lambda each: _wanted(each[0], each[1], typed))
        return [Choice(command.id, _entry(command, said)) for command, said in found]

    where = main.where
    chosen = await main.app.push_screen_wait(Picker(session.look, "Commands", narrow))
    command = next((c for c in COMMANDS if c.id == chosen), None)
    if command is None:
        return
    if any(argument.required for argument in command.arguments):
        await _ask_command(main, f"{command.line} ")
    else:
        main.do(Invocation(command, {}))


def _is_meant(command: Command, typed: str) -> bool:
    words = f"{command.title} {command.line} {command.help} {command.group}".casefold()
    is_digit = command.id.startswith("pane.") and command.id[5:].isdigit()
    is_offered = command.group != "move" and not is_digit
    return is_offered and all(word in words for word in typed.casefold().split())


def _wanted(command: Command, refusal: str, typed: str) -> tuple[bool, bool, int]:
    """Put what begins as typed first, then what works here, then what one comes for."""
    group = _GROUPS.index(command.group) if command.group in _GROUPS else len(_GROUPS)
    return (not _begins(command, typed), bool(refusal), group)


_GROUPS: Final = ("fires", "act", "runs", "look", "app")


def _begins(command: Command, typed: str) -> bool:
    return command.title.startswith(typed) or (
        bool(command.line) and command.line.startswith(typed)
    )


def _entry(command: Command, refusal: str) -> Cell:
    keys = " ".join(shown_key(key) for key in command.keys)
    line = f":{command.line}" if command.line else ""
    tone = Tone.MUTED if refusal else Tone.NORMAL
    said = refusal or command.help
    return (
        *cell(f"{keys:<12} ", Tone.ACCENT),
        *cell(f"{line:<10} ", Tone.DIM),
        *cell(f"{command.title:<24} ", tone),
        *cell(said, Tone.DIM),
    )


async def _help(main: "Main", _: Invocation) -> None:
    session, where = main.session, main.where
    pane = main.view.place.kind if where.where == ROWS else where.where

    def write(typed: str, width: int) -> Sequence[Cell]:
        if typed.strip():
            return matching_lines(in_force(session.snapshot.engine.keymap), where, typed)
        return help_lines(session.snapshot, where, session.options("help").glyphs, width)

    await main.app.push_screen_wait(Help(session.look, f"Help: {pane}", write))


async def _pause(main: "Main", _: Invocation) -> None:
    session = main.session
    if session.past is not None or session.aim is not None or session.rewinding.locked():
        await main.show_moment(None)
        main.say("live again")
        return
    stopped = session.freeze()
    main.say("the screen stands still; p lets it go on" if stopped else "live again")


async def _leave(main: "Main", _: Invocation) -> None:
    main.app.exit(return_code=0)


async def _detach(main: "Main", _: Invocation) -> None:
    live = sum(not run.state.is_over for run in main.session.snapshot.runs.values())
    lines = [cell("The engine goes on without this screen, and so do its runs.")]
    if main.session.snapshot.engine.solo:
        lines = [cell("The engine lives in this process (--solo) and ends with it.", Tone.WARNING)]
    if live:
        lines.append(cell(f"{live} live now: they are found again under :runs.", Tone.WARNING))
    question = Question("Leave opsconsole", "leave", harmless=True)
    if await main.app.push_screen_wait(Confirm(main.session.look, question, lines)) is not None:
        main.app.exit(return_code=0)


async def _theme(main: "Main", wanted: Invocation) -> None:
    name = wanted.arguments["theme"]
    _themes(main)
    console_of(main).wear(name)
    main.session.prefer_theme(name)
    console_of(main).save_prefs()


async def _save_screen(main: "Main", _: Invocation) -> None:
    """Keep what is on the screen; of a run everything it said."""
    view, session = main.view, main.session
    if isinstance(view, RunView) and view.run is not None:
        text = run_output.export(view.run, view.lines, session.now, session.options("run"))
        main.say(console_of(main).save_text("run", text))
        return
    kept = view.export()
    if kept is not None:
        main.say(console_of(main).save_text(*kept, "md"))
        return
    main.say(console_of(main).save_text("screen", main.text()))


async def _mouse(main: "Main", _: Invocation) -> None:
    on = main.session.toggle_mouse()
    console_of(main).set_mouse(on=on)
    main.say("mouse on" if on else "mouse off: the terminal selects text")


async def _suspend(main: "Main", _: Invocation) -> None:
    main.app.action_suspend_process()


async def _reload(main: "Main", _: Invocation) -> None:
    await tell(main, Reload(), "read again")


async def _plugins(main: "Main", _: Invocation) -> None:
    found = main.session.snapshot.plugins.values()
    plugins = sorted(found, key=lambda p: (not p.error, not p.quarantined, p.id))
    lines = [
        (*cell(f"{p.id:<20} ", Tone.ACCENT), *_fares(p)) for p in plugins
    ] or [cell("No plugin was found.", Tone.DIM)]  # fmt: skip
    await main.app.push_screen_wait(Sheet(main.session.look, "Plugins", lambda _: lines))


def _fares(plugin: PluginRecord) -> Cell:
    if plugin.error:
        return cell(plugin.error, Tone.CRITICAL)
    last = plugin.faults[-1].text if plugin.faults else ""
    if plugin.quarantined:
        return cell(f"quarantine: {last}; opsconsole plugin resume {plugin.id}", Tone.CRITICAL)
    if last:
        return cell(f"{len(plugin.faults)} faults, the last: {last}", Tone.WARNING)
    return cell(f"{len(plugin.actions)} actions, {plugin.source}")


async def _doctor(main: "Main", _: Invocation) -> None:
    """Look at everything the console leans on; it takes a moment, and the screen goes on meanwhile."""
    examine = console_of(main).examine
    if examine is None:
        main.say("in a shell: opsconsole doctor")
        return
    main.say("looking at everything the console leans on ...")
    found = await asyncio.to_thread(examine)
    main.notice.hush()
    lines = [cell(line, _FINDING_TONES.get(line[:4], Tone.DIM)) for line in found]
    await _read(main, "Doctor", lines)


_FINDING_TONES: Final = {
    "ok  ": Tone.NORMAL, "note": Tone.DIM, "WARN": Tone.WARNING, "BAD ": Tone.CRITICAL,
}  # fmt: skip


async def _log(main: "Main", _: Invocation) -> None:
    """Show the end of the engine's log, the newest line last."""
    told = await main.session.source.call(ReadLog(), Text)
    lines = [cell(line, _LOG_TONES.get(word, Tone.NORMAL)) for line in told.lines
             for word in [next((w for w in _LOG_TONES if f" {w} " in line), "")]]  # fmt: skip
    note = cell(told.note, Tone.DIM)
    await _read(main, "The engine's log", [*lines, (), note], at_end=True)


_LOG_TONES: Final = {"ERROR": Tone.CRITICAL, "WARNING": Tone.WARNING, "DEBUG": Tone.DIM}


async def _read(main: "Main", title: str, lines: Sequence[Cell], *, at_end: bool = False) -> None:
    def write(width: int) -> Sequence[Cell]:
        return flowed(lines, width)

    await main.app.push_screen_wait(Sheet(main.session.look, title, write, at_end=at_end))


VERBS: Final[Mapping[str, Verb]] = {
    "app.command": _command,
    "app.palette": _palette,
    "app.help": _help,
    "app.keys": _help,
    "app.quit": _leave,
    "app.detach": _detach,
    "app.theme": _theme,
    "app.save-screen": _save_screen,
    "app.mouse": _mouse,
    "app.suspend": _suspend,
    "app.reload": _reload,
    "app.plugins": _plugins,
    "app.doctor": _doctor,
    "app.log": _log,
    "time.freeze": _pause,
}
