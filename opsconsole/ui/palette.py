"""A theme as styles: what each tone looks like, off and on the cursor row.

Views speak of tones, themes of tokens; this is the only place where a tone becomes a colour.
"""

from collections.abc import Mapping
from typing import Final

from rich.errors import StyleSyntaxError
from rich.style import Style

from opsconsole.errors import ConfigError, Mistake
from opsconsole.view.rows import Tone

TOKENS: Final = (
    "background", "text", "dim", "line", "focus", "cursor", "accent", "critical", "warning",
    "ok", "stale", "muted", "prod", "spark", "spark_dim",
)  # fmt: skip

_TONE_TOKEN: Final[Mapping[Tone, str]] = {
    Tone.NORMAL: "text",
    Tone.DIM: "dim",
    Tone.STRONG: "text",
    Tone.CRITICAL: "critical",
    Tone.WARNING: "warning",
    Tone.OK: "ok",
    Tone.STALE: "stale",
    Tone.MUTED: "muted",
    Tone.ACCENT: "accent",
    Tone.FOCUS: "focus",
    Tone.SPARK: "spark",
    Tone.SPARK_DIM: "spark_dim",
    Tone.REVERSED: "critical",
    Tone.BADGE: "prod",
}
_RECESSED: Final = (Tone.DIM, Tone.SPARK_DIM)
"""Tones that come forward on the cursor row, so that the row under the cursor is always read."""
_BOLD: Final = Style(bold=True)


class Palette:
    """One theme, ready to paint with; styles are made once."""

    def __init__(self, name: str, tokens: Mapping[str, Style], *, dark: bool = True) -> None:
        self.name = name
        self.dark = dark
        self.tokens = tokens
        ground = tokens["background"].color
        self.base = Style(
            color=tokens["text"].color,
            bgcolor=None if ground is None or ground.is_default else ground,
        )
        """What blanks and plain text are painted with; every other style is laid over it."""
        self._on_cursor = _cursor_overlay(tokens["cursor"])
        self._cache: dict[tuple[Tone, Tone, bool], Style] = {}

    def __getitem__(self, token: str) -> Style:
        """Give a token's style, over the ground."""
        return self.base + self.tokens[token]

    def style(self, tone: Tone, row: Tone = Tone.NORMAL, *, cursor: bool = False) -> Style:
        """Give the style of a piece of text.

        Args:
            tone: The piece's own tone; NORMAL takes the row's.
            row: The row's tone.
            cursor: Whether it lies on the cursor row.
        """
        key = (tone, row, cursor)
        known = self._cache.get(key)
        if known is None:
            known = self._cache[key] = self._make(
                row if tone is Tone.NORMAL else tone, cursor=cursor
            )
        return known

    @property
    def colourless(self) -> bool:
        """Tell whether the theme paints on the terminal's own background."""
        return colour_of(self.tokens["background"]) is None

    def _make(self, tone: Tone, *, cursor: bool) -> Style:
        if tone is Tone.REVERSED and cursor:
            return self._block()
        if cursor and tone in _RECESSED:
            tone = Tone.SPARK if tone is Tone.SPARK_DIM else Tone.NORMAL
        style = self[_TONE_TOKEN[tone]]
        if tone in (Tone.STRONG, Tone.REVERSED, Tone.FOCUS):
            style += _BOLD
        if cursor and tone is not Tone.BADGE:
            return style + self._on_cursor
        return style

    def _block(self) -> Style:
        if self.colourless:
            # Where the cursor row is reversed itself, the block stands out by an underline.
            reversed_row = bool(self.tokens["cursor"].reverse)
            return self.tokens["critical"] + Style(
                bold=True, reverse=not reversed_row, underline=reversed_row
            )
        ground = self.tokens["background"].color
        return Style(color=ground, bgcolor=self.tokens["critical"].color, bold=True)


def colour_of(style: Style) -> str | None:
    """Give a style's foreground as `#rrggbb`, or None for the terminal's own."""
    if style.color is None or style.color.is_default:
        return None
    return style.color.get_truecolor().hex


def read_palette(theme: Mapping[str, object], source: str) -> Palette:
    """Read a theme file's content.

    Raises:
        ConfigError: Tokens are missing, unknown, or not a colour or words; all are named.
    """
    raw = theme.get("tokens")
    tokens = raw if isinstance(raw, Mapping) else {}
    mistakes = [
        Mistake(source, 0, 0, f"token {name} is missing") for name in TOKENS if name not in tokens
    ]
    mistakes += [
        Mistake(source, 0, 0, f"unknown token {name}") for name in tokens if name not in TOKENS
    ]
    styles: dict[str, Style] = {}
    for name in TOKENS:
        try:
            styles[name] = _read_style(str(tokens.get(name, "default")))
        except StyleSyntaxError:
            mistakes.append(
                Mistake(
                    source, 0, 0, f"token {name}: {tokens[name]!r} is no colour and no word for one"
                )
            )
    if mistakes:
        raise ConfigError(mistakes)
    return Palette(str(theme.get("name", source)), styles, dark=theme.get("dark") is not False)


def _read_style(text: str) -> Style:
    style = Style.parse(text)
    if style.link or style.meta:
        raise StyleSyntaxError(text)
    return style


def _cursor_overlay(token: Style) -> Style:
    if token.reverse:
        return Style(reverse=True, bold=True)
    return Style(bgcolor=token.color, bold=True)
