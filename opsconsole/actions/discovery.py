"""Where plugins are: what came with us, the system's folder, the team's, installed packages, the user's own.

Nothing is imported to find them: a package's folder is found by its top-level name alone.
"""

from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from msgspec import Struct

from opsconsole.actions.manifest import MANIFEST

GROUP: Final = "opsconsole.plugins"
SYSTEM: Final = Path("/etc/opsconsole/plugins")
_GIT_LEVELS: Final = 6


class Place(Struct, frozen=True):
    """One place where a plugin is, or might be."""

    path: Path
    level: str
    """shipped, system, team, package or user: the order of precedence."""
    checked: bool = True
    """Its owner and mode must be good; False for what the interpreter itself is made of."""
    module: str = ""
    """package: what is imported on first use."""


def find_places(
    folders: Sequence[Path],
    *,
    shipped: Path | None = None,
    system: Path | None = None,
    user: Path | None = None,
    packages: bool = False,
) -> Iterator[Place]:
    """Walk what might be plugins, most trusted first."""
    if shipped is not None and shipped.is_dir():
        yield from _in_folder(shipped, "shipped", checked=False)
    if system is not None and system.is_dir():
        yield from _in_folder(system, "system", checked=True)
    for folder in folders:
        yield from _in_folder(folder, "team", checked=True)
    if packages:
        yield from _packages()
    if user is not None and user.is_dir():
        yield from _in_folder(user, "user", checked=True)


def _in_folder(root: Path, level: str, *, checked: bool) -> Iterator[Place]:
    entries = _entries(root)
    if entries is None:
        yield Place(root, level, checked)
        return
    for entry in entries:
        if (checked and entry.suffix == ".yaml") or _may_be_plugin(entry):
            yield Place(entry, level, checked)


def _entries(root: Path) -> list[Path] | None:
    """List a folder of plugins; None: it is a plugin itself, or loading it says why it is none."""
    try:
        if (root / MANIFEST).exists() or not root.is_dir():
            return None
        return sorted(root.iterdir())
    except OSError:
        return None


def _may_be_plugin(entry: Path) -> bool:
    try:
        return entry.is_dir() and (entry / MANIFEST).exists()
    except OSError:
        return True


def _packages() -> Iterator[Place]:
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        yield Place(_package_folder(point), "package", checked=False, module=point.module)


def _package_folder(point: EntryPoint) -> Path:
    """Find the folder of an installed package without running it: only top-level names are looked up."""
    top = point.module.partition(".")[0]
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        return Path(f"{point.module} (entry point {point.name})")
    return Path(next(iter(spec.submodule_search_locations)))


def commit_of(path: Path) -> str:
    """Read the commit that the git checkout around a plugin stands at; empty where there is none.

    Read from the files (gitrepository-layout(5)): no program is started.
    """
    for folder in [path, *path.parents][:_GIT_LEVELS]:
        git = folder / ".git"
        try:
            if git.is_file():
                git = folder / git.read_text().removeprefix("gitdir:").strip()
            if git.is_dir():
                return _head(git)
        except (OSError, UnicodeDecodeError):
            return ""
    return ""


def _head(git: Path) -> str:
    head = (git / "HEAD").read_text().strip()
    if not head.startswith("ref: "):
        return head[:40]
    name = head.removeprefix("ref: ")
    common = git / "commondir"
    root = git / common.read_text().strip() if common.is_file() else git
    loose = root / name
    if loose.is_file():
        return loose.read_text().strip()[:40]
    packed = root / "packed-refs"
    lines = packed.read_text().splitlines() if packed.is_file() else []
    return next((line[:40] for line in lines if line.endswith(f" {name}")), "")
