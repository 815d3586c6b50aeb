"""An Ansible inventory as host entries, whichever of its two file formats it is written in.

Groups, their variables by depth, and the `ansible_*` words that say how a host is reached; see
https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html
"""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from opsconsole.config import kinds
from opsconsole.config.document import HostEntry
from opsconsole.config.fields import Kind
from opsconsole.config.loader import Scalar
from opsconsole.config.problems import Mark, Problems
from opsconsole.inventory.nodeset import LIMIT

_RANGE: Final = re.compile(r"\[([0-9]{1,9}|[A-Za-z]):([0-9]{1,9}|[A-Za-z])(?::([0-9]{1,6}))?\]")
_SSH_TAKES_A_WORD: Final = frozenset("BbcDEeFIiJLlmOopQRSWw")
_OLD: Final = {
    "ansible_host": "ansible_ssh_host",
    "ansible_port": "ansible_ssh_port",
    "ansible_user": "ansible_ssh_user",
    "ansible_ssh_private_key_file": "ansible_private_key_file",
}


@dataclass
class Group:
    """One group while it is read: what it holds directly."""

    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    variables: dict[str, Scalar] = field(default_factory=dict)


@dataclass
class Tree:
    """All groups of an inventory, and what single hosts say of themselves."""

    groups: dict[str, Group] = field(default_factory=lambda: {"all": Group()})
    variables: dict[str, dict[str, Scalar]] = field(default_factory=dict)
    places: dict[str, Mark] = field(default_factory=dict)

    def group(self, name: str) -> Group:
        """Give a group, made where it is first named."""
        return self.groups.setdefault(name, Group())

    def add_host(self, name: str, mark: Mark, variables: Mapping[str, Scalar]) -> None:
        """Remember a host and what is said beside it; what is said later wins."""
        self.places.setdefault(name, mark)
        self.variables.setdefault(name, {}).update(variables)


def unfold(pattern: str) -> tuple[str, ...]:
    """Unfold Ansible's own ranges: `web[01:20]`, `db-[a:c]`, `n[1:9:2]`; ends are included.

    Raises:
        ValueError: With a sentence about what is wrong.
    """
    names = [""]
    rest = pattern
    while found := _RANGE.search(rest):
        pieces = _steps(found[1], found[2], int(found[3] or 1), pattern)
        names = [name + rest[: found.start()] + piece for name in names for piece in pieces]
        rest = rest[found.end() :]
        if len(names) > LIMIT:
            raise ValueError(f"{pattern[:60]!r} is more than {LIMIT} hosts")
    unfolded = tuple(name + rest for name in names)
    for name in unfolded[:1]:
        if not kinds.is_name(name):
            raise ValueError(f"{name[:60]!r} is not a host name")
    return unfolded


def _steps(first: str, last: str, step: int, pattern: str) -> list[str]:
    low, high = (
        (int(first), int(last))
        if first.isdecimal() and last.isdecimal()
        else (ord(first[0]), ord(last[0]))
    )
    letters = not first.isdecimal()
    if letters == last.isdecimal() or high < low or step < 1:
        raise ValueError(f"{pattern[:60]!r}: [{first}:{last}] is not a range")
    if (high - low) // step >= LIMIT:
        raise ValueError(f"{pattern[:60]!r} is more than {LIMIT} hosts")
    width = len(first) if first.startswith("0") else 0
    return [chr(n) if letters else f"{n:0{width}d}" for n in range(low, high + 1, step)]


def entries(tree: Tree, problems: Problems) -> list[HostEntry]:
    """Make host entries from a read inventory."""
    members = _memberships(tree, problems)
    return [_entry(name, tree, members.get(name, {}), problems) for name in tree.places]


def _memberships(tree: Tree, problems: Problems) -> dict[str, dict[str, int]]:
    """Tell for each host the groups it is in, directly or not, with each group's depth below `all`."""
    depths = _depths(tree, problems)
    parents: dict[str, list[str]] = {}
    for name, group in tree.groups.items():
        for child in group.children:
            parents.setdefault(child, []).append(name)
    members: dict[str, dict[str, int]] = {}
    for name, group in tree.groups.items():
        line, waiting = {"all"}, [name]
        while waiting:
            one = waiting.pop()
            if one not in line or one == name:
                line.add(one)
                waiting += [p for p in parents.get(one, ()) if p not in line]
        for host in group.hosts:
            members.setdefault(host, {}).update({one: depths.get(one, 1) for one in line})
    return members


def _depths(tree: Tree, problems: Problems) -> dict[str, int]:
    """Number the groups by their longest way from the top; a loop is told and cut."""
    depths = {"all": 0}
    done: set[str] = set()

    def visit(name: str, depth: int, way: tuple[str, ...]) -> None:
        if name in way:
            problems.add(Mark(), f"groups contain each other: {' > '.join((*way, name))[:200]}")
            return
        if (depth <= depths.get(name, -1) and name in done) or len(way) > 50:
            return
        depths[name] = max(depth, depths.get(name, 0))
        done.add(name)
        for child in tree.group(name).children:
            visit(child, depth + 1, (*way, name))

    children = {child for group in tree.groups.values() for child in group.children}
    tops = [name for name in tree.groups if name not in children and name != "all"]
    for name in tops or [n for n in tree.groups if n != "all"]:
        visit(name, 1, ())
    return depths


def _entry(name: str, tree: Tree, groups: Mapping[str, int], problems: Problems) -> HostEntry:
    said: dict[str, Scalar] = dict(tree.groups["all"].variables)
    for group in sorted(groups, key=lambda g: (groups[g], g)):
        said |= tree.group(group).variables
    said |= tree.variables[name]
    local = (v := said.get("ansible_connection")) is not None and v.text == "local"
    port = _said(said, "ansible_port", kinds.text(), problems)
    key = _said(said, "ansible_ssh_private_key_file", kinds.path(), problems)
    return HostEntry(
        mark=tree.places[name],
        names=name,
        address=_said(said, "ansible_host", kinds.address, problems),
        port=_port(port, said, problems),
        user=_said(said, "ansible_user", kinds.user, problems),
        jump=_jump(said, problems),
        transport="local" if local else None,
        groups=tuple(g for g in tree.groups if g in groups and g not in ("all", "ungrouped")),
        identity=(key,) if key else None,
    )


def _port(text: str | None, said: Mapping[str, Scalar], problems: Problems) -> int | None:
    if text is None:
        return None
    if text.isdecimal() and 0 < int(text[:6]) < 65536:
        return int(text)
    value = said.get("ansible_port") or said.get(_OLD["ansible_port"])
    problems.add(value.mark if value else Mark(), f"ansible_port {text[:20]!r} is not a port")
    return None


def _said(said: Mapping[str, Scalar], word: str, kind: Kind[str], problems: Problems) -> str | None:
    value = said.get(word) or said.get(_OLD.get(word, ""))
    if value is None or value.value is None:
        return None
    if "{{" in value.text:
        problems.add(
            value.mark, f"{word} is a template, which only Ansible can fill in; say the value"
        )
        return None
    return kind.read(value, problems)


def _jump(said: Mapping[str, Scalar], problems: Problems) -> tuple[str, ...] | None:
    """Find the jump hosts in the arguments for ssh: `-J`, `ProxyJump`, or `ProxyCommand ssh -W`."""
    hops: list[str] = []
    for word in ("ansible_ssh_common_args", "ansible_ssh_extra_args"):
        value = said.get(word)
        if value is None or value.value is None or "{{" in value.text:
            continue
        try:
            hops += _hops(shlex.split(value.text))
        except ValueError as error:
            problems.add(value.mark, f"{word}: {error}")
            continue
        bad = next((hop for hop in hops if not kinds.is_name(hop)), None)
        if bad is not None:
            problems.add(value.mark, f"{word}: {bad[:60]!r} is not the name of a jump host")
            return None
    return tuple(hops) or None


def _hops(words: list[str]) -> list[str]:
    for index, word in enumerate(words):
        option = word[2:] if word.startswith("-o") and len(word) > 2 else word
        if word == "-J" and index + 1 < len(words):
            return _names(words[index + 1])
        if word.startswith("-J") and len(word) > 2:
            return _names(word[2:])
        keyword, *rest = re.split(r"\s*=\s*|\s+", option.strip(), maxsplit=1)
        value = rest[0] if rest else ""
        if keyword.lower() == "proxyjump" and value:
            return _names(value)
        if keyword.lower() == "proxycommand":
            return _names(_forwarder(value))
    return []


def _forwarder(command: str) -> str:
    """Find the destination in `ssh -W %h:%p [options] bastion`; empty when it is another program."""
    words = shlex.split(command)
    if (
        not words
        or words[0].rpartition("/")[2] != "ssh"
        or not any(w.startswith("-W") for w in words)
    ):
        return ""
    rest = words[1:]
    while rest and rest[0].startswith("-"):
        takes_next = len(rest[0]) == 2 and rest[0][1] in _SSH_TAKES_A_WORD
        rest = rest[2:] if takes_next else rest[1:]
    return rest[0] if rest else ""


def _names(hops: str) -> list[str]:
    return [
        re.sub(r"^(ssh://)?([^@]*@)?|:[0-9]+$", "", hop.strip())
        for hop in hops.split(",")
        if hop.strip()
    ]
