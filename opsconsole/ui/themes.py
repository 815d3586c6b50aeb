"""Theme files: where they are, which one to use, and when one changed."""

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from textual.theme import BUILTIN_THEMES, Theme

from opsconsole.config.paths import config_file
from opsconsole.errors import ConfigError, Mistake
from opsconsole.shipped import shipped_dir
from opsconsole.ui.palette import Palette, colour_of, read_palette
from opsconsole.ui.theme_memo import ThemeMemo

FEW_COLOURS: Final = ("standard", "windows")


class ThemeFolder:
    """All theme files by name; the user's own hide ours of the same name."""

    def __init__(self, folders: Sequence[Path], memo: Path | None = None) -> None:
        self._folders = folders
        self._memo = ThemeMemo(memo)
        self._more: tuple[Path, ...] = ()

    def also(self, files: Iterable[str]) -> None:
        """Take in the themes that plugins bring; a name of the user's or ours hides theirs."""
        self._more = tuple(map(Path, files))

    def names(self) -> list[str]:
        """List what can be chosen."""
        found = {file.stem for folder in self._folders for file in folder.glob("*.yaml")}
        return sorted(found | {file.stem for file in self._more})

    def path(self, name: str) -> Path | None:
        """Find a theme's file, or None."""
        return next((file for file in self._places(name) if file.is_file()), None)

    def _places(self, name: str) -> Iterable[Path]:
        """Give the files that a theme may be in, the user's own first."""
        wanted = f"{name}.yaml"
        if Path(wanted).name == wanted:
            yield from (folder / wanted for folder in self._folders)
            yield from (file for file in self._more if file.name == wanted)

    def load(self, name: str) -> Palette:
        """Read a theme.

        Raises:
            ConfigError: There is none of that name, or its file has mistakes.
        """
        file = self.path(name)
        if file is None:
            raise ConfigError(
                [Mistake(name, 0, 0, f"no such theme; there are {', '.join(self.names())}")]
            )
        content = self._memo.read(file)
        if not isinstance(content, Mapping):
            raise ConfigError(
                [Mistake(str(file), 1, 1, "a theme is a mapping of name, dark and tokens")]
            )
        return read_palette(content, str(file))

    def stamp(self, name: str) -> float:
        """Give the time of a theme file's last change; 0 when it cannot be read."""
        for file in self._places(name):
            with contextlib.suppress(OSError):
                return file.stat().st_mtime
        return 0.0


def theme_folders(environ: Mapping[str, str] = os.environ, memo: Path | None = None) -> ThemeFolder:
    """Find the user's themes and the shipped ones; what one said is remembered in the file `memo`."""
    return ThemeFolder((config_file(environ).parent / "themes", shipped_dir("themes")), memo)


def choose(
    wanted: str | None, *, no_color: bool, color_system: str | None, dark: bool | None
) -> str:
    """Choose a theme's name: the wanted one, else what this terminal can show.

    Args:
        wanted: From the configuration or a `:theme` of an earlier session.
        no_color: Whether NO_COLOR is set.
        color_system: `truecolor`, `256`, `standard`, or None for no colours.
        dark: What the terminal said about its background; None when it did not say.
    """
    if no_color or color_system is None:
        return "mono"
    if wanted:
        return wanted
    if color_system in FEW_COLOURS or dark is None:
        return "ansi"
    return "dark" if dark else "light"


def to_textual(palette: Palette) -> Theme:
    """Make the theme of Textual's own widgets (inputs, screens) from a palette."""
    ground = colour_of(palette["background"])
    ink = colour_of(palette["text"])
    accent = colour_of(palette["accent"])
    if ground is None or ink is None or accent is None:
        # The terminal's own colours: Textual's themes for that have every variable its widgets ask for.
        base = BUILTIN_THEMES["ansi-dark" if palette.dark else "ansi-light"]
        return dataclasses.replace(base, name=f"opsconsole-{palette.name}")
    return Theme(
        name=f"opsconsole-{palette.name}", dark=palette.dark, primary=accent, accent=accent, foreground=ink,
        background=ground, surface=ground, panel=ground, boost=ground,
        variables={"input-cursor-background": ink, "input-cursor-foreground": ground},
    )  # fmt: skip


def colour_system() -> str | None:
    """Tell how many colours the terminal shows, from its name and COLORTERM: as Rich does."""
    from rich.console import Console

    return Console(file=sys.__stderr__, force_terminal=True).color_system
