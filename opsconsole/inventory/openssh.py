"""What an OpenSSH configuration says, as host entries: every concrete Host, or what it adds to a name."""

import getpass
import re
from pathlib import Path
from typing import Final

from opsconsole.config.document import HostEntry
from opsconsole.config.kinds import NAME, is_name
from opsconsole.config.problems import Mark
from opsconsole.inventory.ssh_config import Found, SshConfig

_ADDRESS: Final = re.compile(rf"{NAME}|[0-9a-fA-F:.]+(%[\w.-]+)?")
_USER: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]{0,99}")
_HOP: Final = re.compile(r"(?:ssh://)?(?:([^@\s]+)@)?(\[[^\]]+\]|[^:\s\[\]]+)(?::([0-9]{1,5}))?")


class OpenSsh:
    """An OpenSSH configuration, asked for host entries; warnings gather in `warnings`."""

    def __init__(self, config: SshConfig, home: Path) -> None:
        self._config = config
        self._home = home
        self._me = _account()
        self._hops: dict[str, HostEntry] = {}
        self.warnings: list[str] = []

    @property
    def files(self) -> tuple[str, ...]:
        """All files that were read."""
        return self._config.files

    @property
    def misread(self) -> tuple[str, ...]:
        """Lines that were not understood, for doctor."""
        return self._config.warnings

    def hosts(self) -> list[HostEntry]:
        """Give every concrete Host; names of one line with one HostName are one host with aliases."""
        entries: list[HostEntry] = []
        for names in self._config.concrete():
            good = [name for name in names if self._is_name(name)]
            hostname = self._config.lookup(good[0], self._me).first("hostname") if good else None
            shared = hostname is not None and "%" not in hostname
            heads = good[:1] if shared else good
            aliases = tuple(good[1:]) if shared else ()
            entries += [self.entry(name, self._config.place(name), aliases) for name in heads]
        return entries

    def entry(self, name: str, mark: Mark, aliases: tuple[str, ...] = ()) -> HostEntry:
        """Give what the configuration says of one name."""
        found = self._config.lookup(name, self._me)
        for option in found.wrong:
            self.warnings.append(f"{option.mark}: {option.wrong}; it concerns {name}")
        self.warnings += [
            f"{o.mark}: {o.written} is not honoured" for o in found.ignored if o.words != ("none",)
        ]
        user = found.first("user")
        return HostEntry(
            mark=mark,
            names=name,
            address=self._address(found, name),
            port=int(port) if (port := found.first("port")) else None,
            user=user if user and _USER.fullmatch(user) else None,
            jump=self._jump(found, name),
            identity=self._files(found, "identityfile", name),
            known_hosts=self._known_hosts(found, name),
            key_alias=self._good(found.first("hostkeyalias"), name),
            aliases=aliases,
        )

    def hop(self, name: str) -> HostEntry | None:
        """Give user and port that a ProxyJump named together with a hop, if one did."""
        return self._hops.get(name)

    def _is_name(self, name: str) -> bool:
        if is_name(name):
            return True
        self.warnings.append(
            f"{self._config.place(name)}: {name!r} cannot be the name of a host; skipped"
        )
        return False

    def _good(self, word: str | None, name: str) -> str | None:
        if word is None or is_name(word):
            return word
        self.warnings.append(
            f"{self._config.place(name)}: {word!r} is not a name; ignored for {name}"
        )
        return None

    def _address(self, found: Found, name: str) -> str | None:
        word = found.first("hostname")
        if word is None:
            return None
        address = word.replace("%h", name).replace("%%", "%")
        if _ADDRESS.fullmatch(address):
            return address
        self.warnings.append(
            f"{self._config.place(name)}: HostName {word!r} is not an address; ignored for {name}"
        )
        return None

    def _jump(self, found: Found, name: str) -> tuple[str, ...] | None:
        words = found.options.get("proxyjump")
        if not words:
            return None
        hops: list[str] = []
        for hop in ",".join(words).split(","):
            match = _HOP.fullmatch(hop.strip())
            target = match[2].strip("[]") if match else ""
            if hop.strip().lower() == "none":
                continue
            if not match or not is_name(target):
                self.warnings.append(
                    f"{self._config.place(name)}: ProxyJump {hop[:60]!r} is not understood"
                )
                continue
            self._remember(target, match[1], match[3])
            hops.append(target)
        return tuple(hops)

    def _remember(self, name: str, user: str | None, port: str | None) -> None:
        """Keep what a ProxyJump says of its hop, for the hop's own entry."""
        good_user = user if user and _USER.fullmatch(user) else None
        good_port = int(port) if port and 0 < int(port) < 65536 else None
        if good_user or good_port:
            self._hops.setdefault(
                name, HostEntry(mark=Mark(), names=name, user=good_user, port=good_port)
            )

    def _files(self, found: Found, keyword: str, name: str) -> tuple[str, ...] | None:
        words = found.options.get(keyword)
        if words is None:
            return None
        return tuple(self._expanded(word, found, name) for word in words if word.lower() != "none")

    def _known_hosts(self, found: Found, name: str) -> tuple[str, ...] | None:
        own = self._files(found, "userknownhostsfile", name)
        everyone = self._files(found, "globalknownhostsfile", name)
        if own is None and everyone is None:
            return None
        usual = (str(self._home / ".ssh" / "known_hosts"),)
        return (usual if own is None else own) + (everyone or ())

    def _expanded(self, word: str, found: Found, name: str) -> str:
        values = {
            "%d": str(self._home),
            "%h": self._address(found, name) or name,
            "%n": name,
            "%r": found.first("user") or self._me,
            "%u": self._me,
            "%p": found.first("port") or "22",
            "%%": "%",
        }
        text = re.sub(r"%.", lambda m: values.get(m[0], m[0]), word)
        path = Path(self._home, text[2:]) if text.startswith("~/") else Path(text)
        return str(self._home / ".ssh" / path)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
