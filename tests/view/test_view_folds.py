"""What a fire's page says about its silence's end, what is folded under it, and what it is folded under."""

from msgspec.structs import replace

from opsconsole.model.alert import Ack, Alert
from opsconsole.model.maintenance import Window, WindowState
from opsconsole.model.silence import Matcher, Silence
from opsconsole.model.snapshot import HostRecord, Snapshot
from opsconsole.model.states import AlertState, Severity
from opsconsole.view import alert_page, expiring, peek
from opsconsole.view.cells import plain
from opsconsole.view.folds import cause_words, fold_words
from opsconsole.view.glyphs import UNICODE
from opsconsole.view.why import why

NOW = 1_764_040_364.0


def alert(name: str, on: str, severity: str = "warning", **more: object) -> Alert:
    made = Alert(f"f-{name}-{on}", f"e-{name}-{on}", name, Severity(severity), severity, AlertState.FIRING,
                 NOW - 300, on, "main", {"alertname": name})  # fmt: skip
    return replace(made, **more)


SWITCH = alert("SwitchDown", "host:sw-3", "critical", owner="op1")
AWAY = [
    alert("HostUnreachable", f"host:web-{n:02}", "critical", suppressed_by=("depends:host:sw-3",))
    for n in range(3)
]
SLOW = alert("Slow", "host:web-00")
HOSTS = {
    name: HostRecord(name, depends_on=("host:sw-3",)) for name in ("web-00", "web-01", "web-02")
}


def shown(*alerts: Alert, **more: object) -> Snapshot:
    return replace(Snapshot(1, NOW, hosts=HOSTS, alerts={a.episode: a for a in alerts}), **more)


def test_the_cause_says_what_is_folded_under_it_by_kind_and_count() -> None:
    snapshot = shown(SWITCH, *AWAY, SLOW)

    assert (
        fold_words(snapshot, SWITCH, NOW, UNICODE)
        == "likely behind 4 more, 3 CRIT: HostUnreachable ×3, Slow"
    )
    assert fold_words(snapshot, SLOW, NOW, UNICODE) == ""


def test_what_is_folded_says_under_what_and_who_has_that() -> None:
    snapshot = shown(SWITCH, *AWAY, SLOW)

    assert cause_words(snapshot, AWAY[1], NOW) == "likely follows SwitchDown sw-3, op1 has it"
    assert cause_words(snapshot, SWITCH, NOW) == ""


def test_peek_and_the_page_say_both() -> None:
    snapshot = shown(SWITCH, *AWAY, SLOW)
    seen = peek.peek(snapshot, f"alert:{SWITCH.episode}", NOW)
    page = alert_page.what(snapshot, AWAY[0], NOW)

    assert any(plain(one).startswith("folds  likely behind 4 more") for one in seen.lines)
    assert any(plain(one).startswith("under    likely follows SwitchDown") for one in page.lines)


def test_the_why_line_says_when_a_silence_and_a_maintenance_end() -> None:
    quiet = alert(
        "Slow",
        "host:web-00",
        suppressed_by=("silence:abcdef12-9", "maintenance:swap disk", "silence:gone"),
    )
    silence = Silence(
        "abcdef12-9", "main", (Matcher("a", "=", "b"),), NOW - 60, NOW + 3_600, "op1", "x"
    )
    window = WindowState(Window("m1", "swap disk", "*"), True, NOW - 60, NOW + 600)
    said = why(shown(quiet, silences={silence.id: silence}, windows={"m1": window}), quiet, NOW)

    assert "silenced by abcdef12 until 04:12:44Z" in said
    assert "maintenance swap disk until 03:22:44Z" in said
    assert said.endswith("silenced by gone")


def test_only_what_is_mine_and_ends_within_the_hour_is_said() -> None:
    mine = Silence("s1", "main", (), NOW - 60, NOW + 42 * 60, "op1", "x")
    later = replace(mine, id="s2", ends=NOW + 7_200)
    theirs = replace(mine, id="s3", author="op2", ends=NOW + 60)
    acked = alert("Slow", "host:web-00", ack=Ack("op1", NOW - 5, "", NOW + 1_800))

    def words(*silences: Silence, alerts: tuple[Alert, ...] = ()) -> str:
        return expiring.soon_words(shown(*alerts, silences={s.id: s for s in silences}), "op1", NOW)

    assert words(mine, later, theirs) == "silence ends 42m"
    assert words(mine, alerts=(acked,)) == "ack ends 30m +1"
    assert words(later, theirs) == ""
