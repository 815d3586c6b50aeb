"""I02, I03: hostile text in every widget and every record shown: none of it reaches the terminal."""

import re

import pytest
from msgspec.structs import replace
from rich.console import Console as RichConsole
from textual.widget import Widget
from ui_driving import console_of, press, screen_text, settled
from ui_scene import (
    ALERTS,
    EVENTS,
    FEEDS,
    HOSTS,
    NOW,
    RUN,
    SERVICES,
    USAGE,
    FakeSource,
    plan,
    snapshot,
)

from opsconsole.model.action import PlannedStep, PlannedTarget
from opsconsole.model.alert import Note
from opsconsole.model.alert_calls import PreviewSilence
from opsconsole.model.calls import (
    Choices,
    Episodes,
    Events,
    Output,
    PlanRun,
    ReadChoices,
    ReadEpisodes,
    ReadEvents,
    ReadOutput,
    Text,
)
from opsconsole.model.episode import Episode
from opsconsole.model.maintenance import Window, WindowState
from opsconsole.model.plugin import PluginRecord
from opsconsole.model.run import OutputLine
from opsconsole.model.silence import Matcher, Silence, SilenceDraft, SilenceEffect
from opsconsole.model.slo import Objective, SloStatus
from opsconsole.model.snapshot import Access, Banner, Freeze, Snapshot, Unlock
from opsconsole.model.states import AlertState, Effect, Severity
from opsconsole.model.text import clean

CORPUS = (
    "\x1b[2J\x1b[H",
    "\x1bc",
    "\x1b(0",
    "\x1b]0;pwned\x07",
    "\x1b]52;c;cm0gLXJm\x1b\\",
    "\x1b]52;c;cm0gLXJm\x07",
    "\x1b]8;;http://evil.example\x1b\\text\x1b]8;;\x1b\\",
    "\x1b]9;hi\x07",
    "\x1b]777;notify;a;b\x1b\\",
    "\x1bP1$r0m\x1b\\",
    "\x1b[6n",
    "\x1b[21t",
    "\x9b2J",
    "\x9d0;x\x9c",
    "\x85",
    "\u202egnp.exe",
    "\u2066rli\u2069",
    "a\u200bb\u200db\ufeff",
    "\U000e0041",
    "soft\u00adhyphen",
    "line\u2028sep",
    "e" + "\u0301" * 200,
    "\x00\x0e\x0f\x05\x7f",
    "tab\there",
    "\ud800",
    "[red]x[/red]",
    "[/]",
    "[/red]",
    "web[0]=x [a=b] [/etc]",
    "[link=http://evil.example]x",
    "[@click=app.quit]x[/]",
    "[on #f00 blink]x",
    "$error",
    '[foo=bar baz="q]',
    "bell\x07",
    "\x08\x08\x08",
    "cr\rlf\n",
    "漢字" * 50,
    "x" * 5_000,
)
SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")
FORBIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\u2028\u2029\ud800-\udfff]|\U000e0041"
)
EVERYTHING = "".join(CORPUS)
GROUPS = ["".join(CORPUS[n::4]) for n in range(4)]
"""A quarter each, so that a cut at a limit does not hide the later ones."""


def cleaned(text: str) -> str:
    return clean(text, 4_000)


def painted(widget: Widget) -> str:
    """Give the bytes a widget's lines would be, as the driver writes them."""
    console = RichConsole(color_system="truecolor", force_terminal=True)
    return "\n".join(widget.render_line(y).render(console) for y in range(widget.size.height))


def assert_harmless(text: str) -> None:
    rest = SEQUENCE.sub("", text)
    assert FORBIDDEN.search(rest.replace("\n", "")) is None, repr(
        FORBIDDEN.search(rest.replace("\n", ""))
    )


def hostile(payload: str) -> Snapshot:
    """Put one payload, cleaned as the seam does, wherever the screen shows text from outside."""
    bad = cleaned(payload)
    name = cleaned(payload)[:60] or "empty"
    hosts = [
        replace(HOSTS[0], name=name, labels={"role": bad}, reason=bad, facts={"os": bad}),
        *HOSTS[1:],
    ]
    alerts = [
        replace(
            one,
            summary=bad,
            name=name,
            labels={"x": bad},
            annotations={"description": bad},
            owner=bad,
            notes=(Note(bad, NOW, bad),),
            on=f"host:{name}",
            source=bad,
        )
        for one in ALERTS[:2]
    ]
    services = [
        replace(
            SERVICES[0],
            name=name,
            reason=bad,
            checks=tuple(replace(c, reason=bad, target=bad) for c in SERVICES[0].checks),
        )
    ]
    run = replace(
        RUN,
        title=bad,
        reason=bad,
        targets=tuple(replace(t, last_line=bad, why=bad) for t in RUN.targets),
    )
    base = snapshot()
    return replace(
        base,
        hosts={record.name: record for record in hosts},
        services={record.name: record for record in services},
        alerts={one.episode: one for one in alerts},
        events={e.id: replace(e, text=bad, actor=bad) for e in EVENTS},
        feeds={name: replace(FEEDS[0], name=name, reason=bad)},
        runs={run.id: run},
        people={bad: 1},
        actions={USAGE.id: replace(USAGE, title=bad, doc=bad)},
        plugins={"p": PluginRecord("p", bad, error=bad)},
        banners={"b": Banner("b", bad)},
        access=Access(
            bad,
            locked=True,
            unlocks=(Unlock("op1", NOW + 60, bad),),
            freezes=(Freeze("f", bad, NOW + 60, bad, "x"),),
        ),
    )


@pytest.mark.parametrize("payload", GROUPS, ids=range(len(GROUPS)))
async def test_i03_hostile_text_in_every_record_stays_text_on_every_view(console, payload):
    bad = cleaned(payload)
    source = FakeSource(
        hostile(payload),
        answers={
            ReadOutput: Output((OutputLine(1, NOW, bad, "s", "out", bad),), over=True),
            Text: Text((bad,), bad),
        },
    )
    async with console(source, (200, 60)) as pilot:
        seen = []
        for keys in (
            [],
            ["enter"],
            ["escape", "2", "enter"],
            ["escape", "3", "enter"],
            ["colon", *"go r1", "enter"],
        ):
            await press(pilot, *keys)
            await settled(pilot)
            seen.extend(
                painted(widget) for widget in pilot.app.screen.walk_children() if widget.region.area
            )

        assert console_of(pilot).is_running
    for text in seen:
        assert_harmless(text)


@pytest.mark.parametrize(
    "payload", [EVERYTHING, "[@click=app.quit]x[/]", "[/]", "\x1b]52;c;cm0gLXJm\x07"]
)
async def test_i02_hostile_text_in_every_dialog_stays_text(console, payload):
    bad = cleaned(payload)
    step = PlannedStep("s", Effect.READ, (bad, bad), bad)
    spoken = replace(
        plan(), title=bad, blast=bad, refusal=bad, targets=(PlannedTarget(bad, (step,), bad, bad),)
    )
    source = FakeSource(
        hostile(payload), answers={PlanRun: spoken, ReadChoices: Choices((bad,), bad)}
    )
    seen = []
    async with console(source, (120, 40)) as pilot:
        opening = (
            ["2", "r"],
            ["enter"],
            ["escape", "d"],
            ["escape", "y"],
            ["escape", "c"],
            ["escape", "question_mark"],
            ["escape", "colon", *"plugins", "enter"],
            ["escape", "ctrl+p"],
        )
        for keys in opening:
            await press(pilot, *keys)
            seen.extend(
                painted(widget) for widget in pilot.app.screen.walk_children() if widget.region.area
            )
        await press(pilot, "escape")
        console_of(pilot).main.say(payload)
        await settled(pilot)
        seen.append(painted(console_of(pilot).main.notice))

        assert console_of(pilot).is_running
    for text in seen:
        assert_harmless(text)


def hostile_quiet(payload: str) -> Snapshot:
    """Put a payload into everything that is quiet, ends, was promised, and into a storm's labels."""
    bad, name = cleaned(payload), cleaned(payload)[:60] or "empty"
    silence = Silence(
        "s" + name, name, (Matcher("a", "=", bad),), NOW - 60, NOW + 1_800, "op1", bad
    )
    window = WindowState(
        Window("m1", bad, bad, (bad,), actor=bad), True, NOW - 60, NOW + 600, (name,)
    )
    hosts = {
        n: replace(HOSTS[0], name=n, labels={"rack": bad})
        for n in (f"{name}{k}" for k in range(40))
    }
    burst = [
        replace(ALERTS[0], episode=f"e{n}", fingerprint=f"f{n}", name=name, on=f"host:{on}", since=NOW - 60,
                source=name, labels={"alertname": name}, suppressed_by=())
        for n, on in enumerate(hosts)
    ]  # fmt: skip
    muted = replace(
        burst[0], episode="q", suppressed_by=(f"silence:{silence.id}", f"maintenance:{bad}")
    )
    return replace(
        hostile(payload),
        hosts={**hosts, "other": replace(HOSTS[1], name="other", labels={"rack": "r1"})},
        alerts={one.episode: one for one in (*burst, muted)},
        silences={silence.id: silence},
        windows={"m1": window},
        slos={name: SloStatus(name, Objective(0.99))},
        banners={},
    )


@pytest.mark.parametrize("payload", [EVERYTHING, *GROUPS[:2], "[@click=app.quit]x[/]"])
async def test_i02_hostile_text_in_what_is_quiet_stays_text(console, payload):
    bad = cleaned(payload)
    draft = SilenceDraft(bad, (Matcher("a", "=", bad),), 60.0, bad)
    told = Episode(
        "e",
        "f",
        bad,
        f"host:{bad}",
        Severity.CRITICAL,
        AlertState.FIRING,
        NOW - 60,
        owner=bad,
        summary=bad,
    )
    source = FakeSource(
        hostile_quiet(payload),
        answers={
            PreviewSilence: SilenceEffect(
                draft, "h", ("e0",), ("e0",), 1, (bad,), 3, (bad,), "", bad, bad
            ),
            ReadEpisodes: Episodes((told,)),
            ReadEvents: Events(tuple(replace(event, text=bad, actor=bad) for event in EVENTS)),
        },
    )
    seen = []
    async with console(source, (120, 40)) as pilot:
        seen.append("\n".join(screen_text(pilot)))
        for keys in (
            ["enter"],
            ["escape", "x"],
            ["s"],
            [*"why", "enter"],
            ["escape", "escape", "colon", *"silences", "enter"],
            ["enter"],
            ["escape", "colon", *"maintenance", "enter"],
            ["colon", *"expiring", "enter"],
            ["colon", *"slo", "enter"],
            ["colon", *"handoff", "enter"],
            ["colon", *"away 1h", "enter"],
        ):
            await press(pilot, *keys)
            await settled(pilot)
            seen.extend(
                painted(widget) for widget in pilot.app.screen.walk_children() if widget.region.area
            )

        assert console_of(pilot).is_running
    assert "STORM 40 new/min" in seen[0]
    for text in seen:
        assert_harmless(text)


async def test_i02_markup_is_shown_as_it_is_written(console):
    source = FakeSource(hostile("[red]x[/red] [@click=app.quit]y[/]"))
    async with console(source) as pilot:
        text = "\n".join(screen_text(pilot))

    assert "[red]x[/red] [@click=app.quit]y[/]" in text


async def test_a_paste_into_a_prompt_is_cleaned(console):
    from textual import events

    async with console(FakeSource()) as pilot:
        await press(pilot, "a")
        pilot.app.post_message(events.Paste("\x1b[2J one\ntwo\x9b"))
        await settled(pilot)

        value = console_of(pilot).main.prompt.query_one("LineInput").value

    assert FORBIDDEN.search(value) is None
    assert value.endswith(" one")
