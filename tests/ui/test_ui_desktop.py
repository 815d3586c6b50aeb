"""Desktop notifications: only where the terminal takes them, and nothing in them ends the sequence."""

import pytest

from opsconsole.ui.desktop import sequence


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"TERM_PROGRAM": "WezTerm"}, "\x1b]9;ops: db-02 down\x07"),
        ({"LC_TERMINAL": "iTerm2", "TERM": "xterm-256color"}, "\x1b]9;ops: db-02 down\x07"),
        ({"TERM": "foot"}, "\x1b]777;notify;ops;db-02 down\x07"),
        ({"TERM": "rxvt-unicode-256color"}, "\x1b]777;notify;ops;db-02 down\x07"),
        ({"TERM": "xterm-256color"}, ""),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux,1,0"}, ""),
        (
            {"LC_TERMINAL": "iTerm2", "TMUX": "/tmp/tmux,1,0"},
            "\x1bPtmux;\x1b\x1b]9;ops: db-02 down\x07\x1b\\",
        ),
    ],
)
def test_a_terminal_gets_what_it_is_known_to_take(environ: dict[str, str], told: str) -> None:
    assert sequence("ops", "db-02 down", environ) == told


def test_what_a_machine_says_cannot_end_the_sequence() -> None:
    told = sequence("ops", "a;b\x07\x1b]52;c;evil\x07", {"TERM": "foot"})

    assert told.count("\x07") == 1
    assert told.count("\x1b") == 1
    assert told.split(";")[3].startswith("a,b")
