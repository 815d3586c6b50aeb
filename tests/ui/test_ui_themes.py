"""Themes: every file is whole, readable, and tells its states apart."""

import itertools
import os
from pathlib import Path

import pytest

from opsconsole.errors import ConfigError
from opsconsole.shipped import shipped_dir
from opsconsole.ui.palette import Palette, colour_of, read_palette
from opsconsole.ui.themes import ThemeFolder, choose
from opsconsole.view.rows import Tone

NAMES = ("ansi", "dark", "high-contrast", "light", "mono")
COLOURED = ("dark", "high-contrast", "light")
TEXT = ("text", "accent", "critical", "warning", "ok", "stale", "focus")
RECESSED = ("dim", "muted")
CURSOR_TONES = (
    Tone.NORMAL,
    Tone.STRONG,
    Tone.ACCENT,
    Tone.CRITICAL,
    Tone.WARNING,
    Tone.OK,
    Tone.STALE,
    Tone.DIM,
)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str | None, other: str | None) -> float:
    assert one
    assert other
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_five_themes_are_shipped(themes: ThemeFolder):
    assert themes.names() == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_theme_is_whole(themes: ThemeFolder, name: str):
    assert themes.load(name).name == name


@pytest.mark.parametrize(("name", "token"), itertools.product(COLOURED, TEXT))
def test_text_has_enough_contrast(themes: ThemeFolder, name: str, token: str):
    palette = themes.load(name)
    ground = colour_of(palette["background"])

    assert contrast(colour_of(palette[token]), ground) >= 4.5


@pytest.mark.parametrize(("name", "token"), itertools.product(COLOURED, RECESSED))
def test_recessed_text_can_still_be_read(themes: ThemeFolder, name: str, token: str):
    palette = themes.load(name)

    assert contrast(colour_of(palette[token]), colour_of(palette["background"])) >= 3


@pytest.mark.parametrize(("name", "tone"), itertools.product(COLOURED, CURSOR_TONES))
def test_the_cursor_row_is_readable(themes: ThemeFolder, name: str, tone: Tone):
    palette = themes.load(name)
    style = palette.style(tone, cursor=True)
    assert style.bgcolor

    assert contrast(colour_of(style), style.bgcolor.get_truecolor().hex) >= 4.5


@pytest.mark.parametrize("name", COLOURED)
def test_the_muted_on_the_cursor_row_can_still_be_read(themes: ThemeFolder, name: str):
    style = themes.load(name).style(Tone.MUTED, cursor=True)
    assert style.bgcolor

    assert contrast(colour_of(style), style.bgcolor.get_truecolor().hex) >= 3


@pytest.mark.parametrize("name", COLOURED)
def test_the_block_and_the_badge_are_readable(themes: ThemeFolder, name: str):
    palette = themes.load(name)
    for style in (palette.style(Tone.REVERSED, cursor=True), palette["prod"]):
        assert style.bgcolor

        assert contrast(colour_of(style), style.bgcolor.get_truecolor().hex) >= 4.5


DEUTERANOPIA = ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969))
"""Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB."""


def seen_by_deuteranope(colour: str) -> tuple[float, ...]:
    rgb = [(int(colour[n : n + 2], 16) / 255) ** 2.2 for n in (1, 3, 5)]
    return tuple(
        max(0.0, sum(w * c for w, c in zip(row, rgb, strict=True))) ** (1 / 2.2)
        for row in DEUTERANOPIA
    )


@pytest.mark.parametrize("name", COLOURED)
def test_critical_and_ok_differ_for_who_sees_no_green(themes: ThemeFolder, name: str):
    palette = themes.load(name)
    critical, ok = (
        seen_by_deuteranope(colour_of(palette[token]) or "") for token in ("critical", "ok")
    )
    bold = [bool(palette[token].bold) for token in ("critical", "ok")]

    distance = sum((a - b) ** 2 for a, b in zip(critical, ok, strict=True)) ** 0.5

    assert distance > 0.1
    assert bold == [True, False]


@pytest.mark.parametrize("name", ["mono", "ansi"])
def test_themes_for_few_colours_use_only_what_every_terminal_has(themes: ThemeFolder, name: str):
    palette = themes.load(name)
    colours = [style.color for style in palette.tokens.values() if style.color]

    assert all(colour.is_default or (colour.number or 0) < 16 for colour in colours)
    assert all(colour.triplet is None for colour in colours)


def test_mono_has_no_colour_at_all(themes: ThemeFolder):
    styles = themes.load("mono").tokens.values()

    assert all(style.color is None or style.color.is_default for style in styles)
    assert all(style.bgcolor is None for style in styles)


def test_every_mistake_of_a_theme_is_named():
    with pytest.raises(ConfigError) as caught:
        read_palette(
            {"name": "mine", "tokens": {"text": "no such colour", "colour": "red"}}, "mine.yaml"
        )

    said = str(caught.value)
    assert "token background is missing" in said
    assert "unknown token colour" in said
    assert "'no such colour'" in said


def test_a_theme_cannot_bring_a_link():
    tokens = {**dict.fromkeys(("background", "text", "dim", "line", "focus", "cursor", "accent", "critical",
              "warning", "ok", "stale", "muted", "prod", "spark", "spark_dim"), "default"),
              "text": "link https://example.org"}  # fmt: skip

    with pytest.raises(ConfigError, match="token text"):
        read_palette({"tokens": tokens}, "mine.yaml")


@pytest.mark.parametrize(
    ("wanted", "no_color", "system", "dark", "chosen"),
    [
        (None, False, "truecolor", True, "dark"),
        (None, False, "256", False, "light"),
        (None, False, "truecolor", None, "ansi"),
        (None, False, "standard", True, "ansi"),
        ("high-contrast", False, "truecolor", True, "high-contrast"),
        ("dark", True, "truecolor", True, "mono"),
        (None, False, None, True, "mono"),
    ],
)
def test_the_theme_fits_the_terminal(wanted, no_color, system, dark, chosen):
    assert choose(wanted, no_color=no_color, color_system=system, dark=dark) == chosen


def test_the_unowned_critical_is_a_block_only_under_the_cursor(themes: ThemeFolder):
    palette: Palette = themes.load("dark")

    assert palette.style(Tone.REVERSED, cursor=True).bgcolor == palette["critical"].color
    assert palette.style(Tone.REVERSED).bgcolor == palette["background"].color


def _worn(tmp_path: Path) -> tuple[ThemeFolder, Path, Path]:
    folder, memo = tmp_path / "themes", tmp_path / "state" / "theme.json"
    folder.mkdir()
    file = folder / "mine.yaml"
    file.write_text((shipped_dir("themes") / "dark.yaml").read_text())
    themes = ThemeFolder((folder,), memo)
    themes.load("mine")
    return themes, file, memo


def test_the_theme_worn_last_is_known_without_reading_it(tmp_path: Path):
    themes, file, memo = _worn(tmp_path)
    before = file.stat()
    file.write_bytes(b"#" * before.st_size)  # nobody looks: place, size and time are the same
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))

    again = themes.load("mine")

    assert memo.exists()
    assert again.name == "dark"


def test_a_theme_that_was_edited_is_read_again(tmp_path: Path):
    themes, file, _ = _worn(tmp_path)
    file.write_text(file.read_text().replace("name: dark", "name: dusk"))
    os.utime(file, ns=(1, 1))

    assert themes.load("mine").name == "dusk"


@pytest.mark.parametrize("spoiled", [b"", b"{", b'{"file": 3}', b"\xff"])
def test_a_spoiled_memory_of_a_theme_counts_as_none(tmp_path: Path, spoiled: bytes):
    themes, _, memo = _worn(tmp_path)
    memo.write_bytes(spoiled)

    assert themes.load("mine").name == "dark"


def test_a_theme_is_read_where_nothing_can_be_remembered(tmp_path: Path):
    (tmp_path / "state").write_text("a file stands where the folder would")
    themes, _, memo = _worn(tmp_path)

    assert themes.load("mine").name == "dark"
    assert not memo.exists()
