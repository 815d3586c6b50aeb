"""OpenSSH client configuration as far as it tells us where hosts are (ssh_config(5)).

A wrong line touches only the hosts its block matches; options we do not honour are remembered.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, NamedTuple

from opsconsole.config.problems import Mark
from opsconsole.model.text import clean

_DEPTH_LIMIT: Final = 16
_SIZE_LIMIT: Final = 4 * 1024 * 1024
_LINE_LIMIT: Final = 200_000
_LINE: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9]*)(?:\s*=\s*|\s+)(.*?)\s*$")
HONOURED: Final = frozenset(
    [
        "hostname",
        "user",
        "port",
        "proxyjump",
        "identityfile",
        "userknownhostsfile",
        "globalknownhostsfile",
        "hostkeyalias",
    ]
)
_MANY: Final = frozenset({"identityfile"})
_HARMLESS: Final = frozenset(
    """
    addkeystoagent batchmode checkhostip clearallforwardings compression connectionattempts
    connecttimeout controlmaster controlpath controlpersist dynamicforward escapechar
    exitonforwardfailure forwardagent forwardx11 forwardx11trusted gatewayports
    hashknownhosts identitiesonly ignoreunknown ipqos localcommand localforward loglevel
    numberofpasswordprompts obscurekeystroketiming passwordauthentication
    permitlocalcommand preferredauthentications remoteforward requesttty sendenv
    serveralivecountmax serveraliveinterval setenv streamlocalbindunlink
    stricthostkeychecking tcpkeepalive updatehostkeys usekeychain visualhostkey
    """.split()  # noqa: SIM905  (a list of words reads best as words)
)
"""Options that change nothing about where a host is, or that we set ourselves."""


class Option(NamedTuple):
    """One line: an option, its words, and where it stands."""

    keyword: str
    """Lower case."""
    words: tuple[str, ...]
    mark: Mark
    wrong: str = ""
    """Why it cannot be used, empty when it can."""
    written: str = ""
    """The keyword as it stands in the file."""


class Block(NamedTuple):
    """Options that count together, for the hosts a Host or Match line names."""

    conditions: tuple[tuple[str, tuple[str, ...]], ...]
    """Pairs of criterion and patterns, all must hold: (`host`, (`web*`, `!web9`)); none: every host."""
    options: tuple[Option, ...]
    mark: Mark


class SshConfig:
    """One parsed configuration: asks for a host, gets what holds for it."""

    def __init__(
        self, blocks: tuple[Block, ...], files: tuple[str, ...], warnings: tuple[str, ...]
    ) -> None:
        self.files = files
        self.warnings = warnings
        """What was not understood, for whichever host: `file:line: what`."""
        self._blocks = blocks
        self._exact: dict[str, list[int]] = {}
        self._open: list[int] = []
        for index, block in enumerate(blocks):
            plain = _plain_names(block)
            for name in plain or ():
                self._exact.setdefault(name, []).append(index)
            if plain is None:
                self._open.append(index)

    def concrete(self) -> tuple[tuple[str, ...], ...]:
        """Give the names on each Host line that are no patterns, lines in file order."""
        lines: list[tuple[str, ...]] = []
        seen: set[str] = set()
        for block in self._blocks:
            for criterion, patterns in block.conditions:
                names = [n for n in patterns if not set(n) & set("*?!") and n not in seen]
                if criterion == "host" and names:
                    seen.update(names)
                    lines.append(tuple(names))
        return tuple(lines)

    def place(self, name: str) -> Mark:
        """Tell where the first Host line of a name stands."""
        indexes = self._exact.get(name) or [0]
        return self._blocks[indexes[0]].mark if self._blocks else Mark()

    def lookup(self, name: str, user: str = "") -> "Found":
        """Collect what holds for a host: the first value said for each option counts."""
        found: dict[str, tuple[str, ...]] = {}
        wrong: list[Option] = []
        ignored: list[Option] = []
        for index in sorted({*self._exact.get(name, ()), *self._open}):
            block = self._blocks[index]
            if not _holds(block, name, found, user):
                continue
            for option in block.options:
                if option.wrong:
                    wrong.append(option)
                elif option.keyword not in HONOURED:
                    ignored += [option] if option.keyword not in _HARMLESS else []
                elif option.keyword in _MANY:
                    found[option.keyword] = found.get(option.keyword, ()) + option.words
                else:
                    found.setdefault(option.keyword, option.words)
        return Found(found, tuple(wrong), tuple(ignored))


class Found(NamedTuple):
    """What holds for one host."""

    options: Mapping[str, tuple[str, ...]]
    wrong: tuple[Option, ...]
    ignored: tuple[Option, ...]
    """Options that hold for it and that we do not honour."""

    def first(self, keyword: str) -> str | None:
        """Give the one word of an option, None when it is not set."""
        words = self.options.get(keyword)
        return words[0] if words else None


def read(path: Path, home: Path) -> SshConfig:
    """Read a configuration and what it includes; never fails, what is wrong is in `warnings`."""
    reader = _Reader(home)
    reader.file(path, (), 0)
    return SshConfig(
        tuple(reader.blocks), tuple(reader.files), tuple(dict.fromkeys(reader.warnings))
    )


class _Reader:
    """Walks lines and includes, and cuts them into blocks."""

    def __init__(self, home: Path) -> None:
        self.blocks: list[Block] = []
        self.files: list[str] = []
        self.warnings: list[str] = []
        self._home = home
        self._lines = 0

    def file(
        self, path: Path, inherited: tuple[tuple[str, tuple[str, ...]], ...], depth: int
    ) -> None:
        """Read one file; `inherited` are the conditions of the block that includes it."""
        try:
            if path.stat().st_size > _SIZE_LIMIT:
                self._warn(Mark(str(path)), "is too large and was not read")
                return
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            self._warn(Mark(str(path)), f"cannot be read: {error.strerror}")
            return
        self.files.append(str(path.absolute()))
        self._cut(text, str(path), inherited, depth)

    def _warn(self, mark: Mark, text: str) -> None:
        self.warnings.append(clean(f"{mark}: {text}", 300))

    def _cut(
        self, text: str, file: str, inherited: tuple[tuple[str, tuple[str, ...]], ...], depth: int
    ) -> None:
        conditions, options, start = inherited, list[Option](), Mark(file, 1, 1)
        for option in self._options(text, file):
            if option.keyword in ("host", "match", "include"):
                self.blocks.append(Block(conditions, tuple(options), start))
                options = []
            if option.keyword == "include":
                self._include(option, conditions, depth)
            elif option.keyword in ("host", "match"):
                conditions, start = (*inherited, *self._conditions(option)), option.mark
            else:
                options.append(option)
        self.blocks.append(Block(conditions, tuple(options), start))

    def _options(self, text: str, file: str) -> Iterator[Option]:
        for number, line in enumerate(text.splitlines(), 1):
            self._lines += 1
            if self._lines > _LINE_LIMIT:
                return
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            yield self._option(line, Mark(file, number, len(line) - len(line.lstrip()) + 1))

    def _option(self, line: str, mark: Mark) -> Option:
        found = _LINE.match(line)
        if not found:
            self._warn(mark, f"{line.strip()[:60]!r} is not understood")
            return Option("", (), mark, "not understood")
        keyword = found[1].lower()
        try:
            words = tuple(shlex.split(found[2], comments=True, posix=True))
        except ValueError as error:
            words = ()
            self._warn(mark, f"{found[1]}: {error}")
            return Option(keyword, words, mark, f"{found[1]}: {error}")
        wrong = _wrong(keyword, words)
        if wrong:
            self._warn(mark, wrong)
        return Option(keyword, words, mark, wrong, found[1])

    def _include(
        self, option: Option, conditions: tuple[tuple[str, tuple[str, ...]], ...], depth: int
    ) -> None:
        if depth >= _DEPTH_LIMIT:
            self._warn(option.mark, "Include is nested too deep")
            return
        for word in option.words:
            written = Path(self._home, word[2:]) if word.startswith("~/") else Path(word)
            pattern = str(self._home / ".ssh" / written)
            try:
                paths = sorted(Path("/").glob(pattern.lstrip("/")))
            except (ValueError, NotImplementedError, OSError) as error:
                self._warn(option.mark, f"Include {word}: {error}")
                continue
            for path in paths:
                if path.is_file():
                    self.file(path, conditions, depth + 1)

    def _conditions(self, option: Option) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Read a Host or Match line; criteria we cannot judge make a block that never holds."""
        if option.wrong or not option.words:
            return (("never", ()),)
        if option.keyword == "host":
            return (("host", option.words),)
        words = list(option.words)
        found: list[tuple[str, tuple[str, ...]]] = []
        while words:
            criterion = words.pop(0).lower()
            if criterion == "all":
                continue
            if criterion not in ("host", "originalhost", "user", "localuser") or not words:
                self._warn(option.mark, f"Match {criterion} is not honoured; its block is skipped")
                return (("never", ()),)
            patterns = tuple(words.pop(0).split(","))
            found.append(("match-host" if criterion == "host" else criterion, patterns))
        return tuple(found)


def _wrong(keyword: str, words: tuple[str, ...]) -> str:
    if keyword in HONOURED and not words:
        return f"{keyword} says nothing"
    if keyword == "port" and not (words[0].isdecimal() and 0 < int(words[0][:6]) < 65536):
        return f"Port {words[0][:20]!r} is not a port"
    return ""


def _plain_names(block: Block) -> tuple[str, ...] | None:
    """Give the names a block is for, None where only asking it tells."""
    if len(block.conditions) != 1 or block.conditions[0][0] != "host":
        return None
    patterns = block.conditions[0][1]
    return None if any(set(p) & set("*?!") for p in patterns) else patterns


def _holds(block: Block, name: str, found: Mapping[str, tuple[str, ...]], user: str) -> bool:
    subjects = {
        "host": name,
        "originalhost": name,
        "match-host": (found.get("hostname") or (name,))[0].replace("%h", name),
        "user": (found.get("user") or (user,))[0],
        "localuser": user,
    }
    return all(
        c in subjects and _matches(subjects[c], patterns) for c, patterns in block.conditions
    )


def _matches(subject: str, patterns: tuple[str, ...]) -> bool:
    """Match as OpenSSH does: one pattern must, and no negated one may."""
    if any(p.startswith("!") and _glob(subject, p[1:]) for p in patterns):
        return False
    return any(not p.startswith("!") and _glob(subject, p) for p in patterns)


def _glob(subject: str, pattern: str) -> bool:
    return fnmatchcase(subject, pattern.replace("[", "[[]"))
