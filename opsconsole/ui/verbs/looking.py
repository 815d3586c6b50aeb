"""Looking closer: description, the record as it is, logs, a comparison, copies."""

import os
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec

from opsconsole.commands.line import Invocation
from opsconsole.commands.reasons import host_of
from opsconsole.model.text import LABEL_LIMIT, clean
from opsconsole.ui import clipboard
from opsconsole.ui.console_calls import console_of
from opsconsole.ui.places import Place
from opsconsole.ui.screens.menu import Item, Menu
from opsconsole.ui.screens.run import MODES, RunView
from opsconsole.ui.screens.sheet import Sheet
from opsconsole.ui.shell import UnfitNameError, shell_argv
from opsconsole.ui.verbs.meant import fires_meant
from opsconsole.ui.verbs.verb import Verb
from opsconsole.ui.widgets.log_view import LogView
from opsconsole.ui.widgets.row_table import RowTable
from opsconsole.view import peek
from opsconsole.view.cells import cell, plain
from opsconsole.view.naming import bare_name
from opsconsole.view.rows import Cell, Span, Tone

if TYPE_CHECKING:
    from opsconsole.ui.screens.main import Main


async def _describe(main: "Main", _: Invocation) -> None:
    session, key = main.session, main.where.key
    seen = peek.peek(session.snapshot, key, session.now, session.options("peek"))
    await main.app.push_screen_wait(Sheet(session.look, plain(seen.title), lambda _: seen.lines))


async def _raw(main: "Main", _: Invocation) -> None:
    lines = [cell(line) for line in record_text(main, main.where.key).splitlines()]
    await main.app.push_screen_wait(
        Sheet(main.session.look, f"Raw: {main.where.key}", lambda _: lines)
    )


def record_text(main: "Main", key: str) -> str:
    """Write the record behind a key as JSON."""
    snapshot = main.session.snapshot
    kind, _, name = key.partition(":")
    record: object = {"host": snapshot.hosts, "service": snapshot.services}.get(kind, {}).get(name)
    alerts = fires_meant(main, (key,))
    if alerts:
        record = alerts if len(alerts) > 1 else alerts[0]
    return msgspec.json.format(msgspec.json.encode(record)).decode()


async def _logs(main: "Main", _: Invocation) -> None:
    await main.go(Place("host", host_of(main.session.snapshot, main.where), "logs"))


async def _compare(main: "Main", _: Invocation) -> None:
    """Set the metrics and facts of two marked hosts side by side, what differs first."""
    hosts = [main.session.snapshot.hosts.get(bare_name(key)) for key in main.where.marks]
    left, right = (host for host in [*hosts, None, None][:2])
    if left is None or right is None:
        main.say("mark two hosts to compare")
        return
    rows: list[tuple[str, str, str]] = [
        ("state", left.state, right.state),
        ("reach", str(left.reach), str(right.reach)),
    ]
    for one, other in ((left.facts, right.facts), (left.metrics, right.metrics)):
        rows += [
            (name, _short(one.get(name)), _short(other.get(name)))
            for name in sorted({*one, *other})
        ]
    rows.sort(key=lambda row: row[1] == row[2])
    lines = [_beside(*row) for row in (("", left.name, right.name), *rows)]
    await main.app.push_screen_wait(Sheet(main.session.look, "Compare", lambda _: lines))


def _beside(name: str, one: str, other: str) -> Cell:
    tone = Tone.DIM if one == other else Tone.NORMAL
    return (*cell(f"{name:<24} ", Tone.ACCENT), *cell(f"{one:<28} {other}", tone))


def _short(value: object) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


async def _copy(main: "Main", _: Invocation) -> None:
    texts = _copies(main)
    items = [Item(word, (Span(clean(f"{word:<9} {text.splitlines()[0] if text else ''}", LABEL_LIMIT)),), word[0])
             for word, text in texts.items()]  # fmt: skip
    items.append(
        Item("to a file", (Span(clean("to a file what the line says", LABEL_LIMIT)),), "f")
    )
    chosen = await main.app.push_screen_wait(Menu(main.session.look, "Copy", items))
    if chosen == "to a file":
        main.say(console_of(main).save_text("copy", texts["line"]))
    elif chosen is not None:
        text = texts[chosen]
        if len(text) > clipboard.LIMIT:
            main.say(
                f"too long for the terminal's clipboard; {console_of(main).save_text('copy', text)}"
            )
        else:
            console_of(main).copy_to_clipboard(text)
            main.say(clipboard.report(text, os.environ))


def _copies(main: "Main") -> dict[str, str]:
    keys = main.where.keys
    pane = main.view.pane
    rows = [row for row in pane.rows if row.key in keys] if isinstance(pane, RowTable) else []
    lines = [
        "  ".join(plain(one).strip() for one in row.cells if plain(one).strip()) for row in rows
    ]
    alerts = fires_meant(main)
    names = [bare_name(alert.on) for alert in alerts] or [bare_name(key) for key in keys]
    copies = {"name": "\n".join(dict.fromkeys(names)), "line": "\n".join(lines)}
    copies |= {"command": _command(main)}
    copies |= {"url": "\n".join(u for a in alerts if (u := a.runbook_url or a.generator_url))}
    copies |= {
        "markdown": "\n".join(f"- **{a.name}** on {bare_name(a.on)}: {a.summary}" for a in alerts)
    }
    if (whole := main.view.export()) is not None:
        copies["markdown"] = whole[1]
    return {word: text for word, text in copies.items() if text}


def _command(main: "Main") -> str:
    snapshot = main.session.snapshot
    host = snapshot.hosts.get(host_of(snapshot, main.where))
    try:
        return "" if host is None else shlex.join(shell_argv(host, snapshot.hosts))
    except UnfitNameError:
        return ""


async def _output(main: "Main", _: Invocation) -> None:
    """Choose how a run's output is shown, and what is taken out of it before comparing."""
    view = main.view
    if not isinstance(view, RunView):
        main.say("open the run first: enter", Tone.WARNING)
        return
    wide = max(len(mode) for mode in MODES)
    items = [
        Item(
            mode,
            cell(f"{mode:<{wide}}  {text}", Tone.STRONG if mode == view.mode else Tone.NORMAL),
            mode[0],
        )
        for mode, text in MODES.items()
    ]
    items += [
        Item(
            kind,
            cell(f"{kind:<{wide + 3}}  {'left out' if kind in view.kinds else 'compared'}"),
            letter,
        )
        for kind, letter in _KIND_LETTERS.items()
    ]
    chosen = await main.app.push_screen_wait(Menu(main.session.look, "Output", items))
    if chosen is None:
        return
    if chosen in MODES:
        view.show_mode(chosen)
    else:
        view.turn_kind(chosen)


_KIND_LETTERS: Final = {
    "hostname": "h", "ip": "i", "pid": "p", "timestamp": "t", "duration": "u", "hex": "x",
}  # fmt: skip


def _text(action: str) -> Verb:
    async def act(main: "Main", _: Invocation) -> None:
        if isinstance(main.view.pane, LogView):
            await main.view.pane.run_action(action)

    return act


VERBS: Final[Mapping[str, Verb]] = {
    "look.describe": _describe,
    "look.raw": _raw,
    "look.logs": _logs,
    "look.compare": _compare,
    "look.copy": _copy,
    "look.output": _output,
    "text.follow": _text("follow"),
    "text.wrap": _text("wrap"),
}
