"""The policy in force: read from files that only root or we may write, and asked of every plan.

Whatever cannot be read, trusted or asked denies every change; what only looks stays possible.
"""

import asyncio
import grp
import hashlib
import os
import pwd
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from opsconsole.actions.answers import AnswerError, read_decision
from opsconsole.actions.contributing import Proposal
from opsconsole.actions.trust import TrustError, check_folder, read_trusted
from opsconsole.config.policy import SYSTEM, read_policy
from opsconsole.errors import ConfigError, RefusedError
from opsconsole.model.inventory import Settings
from opsconsole.model.policy import Asking, Person, Policy, Ruling
from opsconsole.model.snapshot import HostRecord
from opsconsole.model.states import Effect
from opsconsole.runs.contributions import Contributions
from opsconsole.runs.judgement import judge
from opsconsole.runs.strategy import check_wishes

Stamp = tuple[tuple[str, int, int, int], ...]
PATIENCE: Final = 5.0
"""Seconds to wait for a person's groups: a directory far away may be what answers."""


class Policing:
    """Knows the rules, and says what they mean for a plan."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        records: Callable[[], Mapping[str, HostRecord]],
        contributions: Contributions,
        system: Path = SYSTEM,
        ask: Callable[[str], Collection[str]] | None = None,
        patience: float = PATIENCE,
    ) -> None:
        """Set up; `settings` are those in force, `records` hosts as they are now, `ask` names groups (blocks)."""
        self._ask = ask or groups_of
        self._patience = patience
        self._settings = settings
        self._records = records
        self._contributions = contributions
        self._system = system
        self._seen: Stamp | None = None
        self.policy = Policy()
        """As it was read last."""

    async def look(self) -> Policy:
        """Read the files again if they changed; gives the policy in force."""
        own = self._settings().policy
        found = await asyncio.to_thread(_stamp, self._system, own)
        if found != self._seen:
            self.policy = await asyncio.to_thread(load_policy, self._system, own)
            # what broke it may lie beside the files, in their folder's mode: looked at until it is mended
            self._seen = None if self.policy.broken else found
        return self.policy

    async def judge(self, asking: Asking) -> Ruling:
        """Say what the policy means for a plan; never raises."""
        policy = await self.look()
        if policy == Policy():
            return Ruling()
        try:
            groups = await self.groups(asking.person)
        except RefusedError as error:
            denied = "" if asking.effect is Effect.READ else str(error)
            return Ruling(denied=denied, version=policy.version)
        ruling = judge(policy, asking, groups, self._records())
        if ruling.denied or asking.effect is Effect.READ:
            return ruling
        for name in policy.authorizers:
            ruling = await self._asked(name, asking, groups, ruling)
            if ruling.denied:
                break
        return ruling

    async def groups(self, person: Person) -> Collection[str]:
        """Name a person's unix groups; nobody's account is in none.

        Raises:
            RefusedError: policy: who knows them does not answer.
        """
        try:
            async with asyncio.timeout(self._patience):
                return await asyncio.to_thread(self._ask, person.name)
        except TimeoutError:
            raise RefusedError("policy", f"the groups of {person.name} are not known") from None

    async def _asked(
        self, name: str, asking: Asking, groups: Collection[str], before: Ruling
    ) -> Ruling:
        """Ask an authorizer; no word, or another one than it may say, denies."""
        spec = self._contributions.find("authorizer", name)
        if spec is None:
            return replace(before, denied=f"no plugin has the authorizer {name}")
        request = Proposal(
            asking.action, str(asking.effect), asking.person.name, tuple(sorted(groups)),
            asking.targets, asking.hosts, dict(asking.params), asking.at,
        )  # fmt: skip
        found = await self._contributions.call(spec, given=(request,))
        if found.error:
            return replace(before, denied=f"{name} did not decide: {found.error}")
        try:
            told = read_decision(found.answer)
        except AnswerError as error:
            self._contributions.blame(spec, str(error))
            return replace(before, denied=f"{name} did not decide: {error}")
        said = f"{name}: {told.why}" if told.why else name
        match told.decision:
            case "allow":
                return before
            case "need_peer":
                peer = "; ".join(filter(None, (before.peer, said)))
                return replace(before, peer=peer, says=(*before.says, f"need_peer by {said}"))
            case _:
                return replace(before, denied=f"denied by {said}")


def load_policy(system: Path, own: str) -> Policy:
    """Read the machine's policy, if there is one, and the one that the configuration names.

    Both hold: rules add up, and whatever is stricter wins. Blocks: call it on a thread.

    Returns:
        The policy; `broken` says why it cannot be known.
    """
    read: list[Policy] = []
    digest = hashlib.sha256()
    for place, is_wished in ((system, False), *([(Path(own), True)] if own else [])):
        try:
            if not is_wished and not _is_there(place):
                continue
            check_folder(place.parent)
            content = read_trusted(place)
            read.append(_checked(read_policy(content.decode("utf-8"), str(place))))
        except (TrustError, RefusedError, ConfigError) as error:
            return Policy(broken=str(error).splitlines()[0], files=(str(place),), version="broken")
        except UnicodeDecodeError:
            why = f"{place} is not UTF-8"
            return Policy(broken=why, files=(str(place),), version="broken")
        digest.update(content + b"\0")
    return _joined(read, digest.hexdigest()) if read else Policy()


def _is_there(place: Path) -> bool:
    """Tell whether there is something; where that cannot be told there may be a policy.

    Raises:
        TrustError: It cannot be told.
    """
    try:
        place.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise TrustError(f"{place}: {error.strerror}") from None
    return True


def _checked(policy: Policy) -> Policy:
    for rule in policy.rules:
        try:
            check_wishes(rule.rollout)
        except RefusedError as error:
            raise RefusedError("policy", f"{policy.files[0]}: {rule.name}: {error}") from None
    return policy


def _joined(read: Sequence[Policy], version: str) -> Policy:
    glass: tuple[str, ...] | None = None
    for policy in read:
        if policy.glass is not None:
            both = policy.glass if glass is None else tuple(set(glass) & set(policy.glass))
            glass = tuple(sorted(both))
    admits = [policy for policy in read if policy.approvers]
    return Policy(
        rules=tuple(rule for policy in read for rule in policy.rules),
        closed=any(policy.closed for policy in read),
        glass=glass,
        approvers=admits[0].approvers if admits else "",
        folder=admits[0].folder if admits else "",
        authorizers=tuple(dict.fromkeys(name for each in read for name in each.authorizers)),
        files=tuple(file for policy in read for file in policy.files),
        version=version,
        parts=tuple(read) if len(read) > 1 else (),
    )


def _stamp(system: Path, own: str) -> Stamp:
    """Note what the files are now, owner and mode included; one that is gone has zeros."""
    found = []
    for place in (system, *([Path(own)] if own else [])):
        try:
            stat = place.lstat()
            found.append((str(place), stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size))
        except OSError:
            found.append((str(place), 0, 0, 0))
    return tuple(found)


def groups_of(name: str) -> tuple[str, ...]:
    """Name the unix groups of an account; empty where there is no such account."""
    try:
        account = pwd.getpwnam(name)
    except KeyError:
        return ()
    found = []
    for gid in os.getgrouplist(name, account.pw_gid):
        try:
            found.append(grp.getgrgid(gid).gr_name)
        except KeyError:
            continue
    return tuple(found)
