"""The parts that need no server: waits, names, known hosts lines, trust, framing, imports."""

import asyncio
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsconsole.clock import SystemClock
from opsconsole.errors import TransportError
from opsconsole.model.calls import HostKey
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.transport.connection import time_to_ask
from opsconsole.transport.faults import Trace
from opsconsole.transport.known_hosts import KnownHosts, Match
from opsconsole.transport.login import Dialler
from opsconsole.transport.pace import Handshakes, Pace
from opsconsole.transport.resident import Rounds, end_mark
from opsconsole.transport.resolver import Resolver
from opsconsole.transport.trust import trust
from tests.realsshd import free_port, make_key

pytestmark = pytest.mark.filterwarnings("error")


class HandClock(SystemClock):
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 1_000.0

    def monotonic(self) -> float:
        return self.at


# -- waits -------------------------------------------------------------------------------------


def test_waits_double_to_a_limit_and_a_success_forgets_them() -> None:
    clock = HandClock()
    pace = Pace(clock, dice=lambda: 0.5)

    waits = []
    for _ in range(8):
        pace.failed(Reach.REFUSED)
        waits.append(pace.wait)
    pace.reset()

    assert waits == [1, 2, 4, 8, 16, 32, 45, 45]
    assert (pace.wait, pace.is_repeat) == (0, False)


def test_waits_are_jittered_by_a_quarter() -> None:
    low, high = Pace(HandClock(), dice=lambda: 0.0), Pace(HandClock(), dice=lambda: 1.0)
    for pace in (low, high):
        pace.failed(Reach.NO_ANSWER)

    assert (low.wait, high.wait) == (0.75, 1.25)


def test_a_busy_server_is_given_more_time() -> None:
    pace = Pace(HandClock(), dice=lambda: 0.5)

    pace.failed(Reach.DROPPED_US)

    assert pace.wait == 5


def test_only_refused_logins_lock() -> None:
    pace = Pace(HandClock())
    for reach in (Reach.REFUSED, Reach.KEY_CHANGED, Reach.LOCKED_KEY, Reach.SILENT):
        pace.failed(reach)
    pace.failed(Reach.AUTH_REFUSED)
    before = pace.is_locked
    pace.failed(Reach.AUTH_REFUSED)

    assert (before, pace.is_locked) == (False, True)


async def test_logins_in_flight_are_bounded_in_all_by_jump_and_for_repeats() -> None:
    slots = Handshakes(total=6, per_jump=2)
    now: dict[str, int] = {"": 0, "j": 0, "repeat": 0}
    most = dict(now)

    async def one(kind: str) -> None:
        jump = "j" if kind == "j" else ""
        async with slots.slot(jump, repeat=kind == "repeat"):
            now[kind] += 1
            for key in now:
                most[key] = max(most[key], now[key])
            most["all"] = max(most.get("all", 0), sum(now.values()))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            now[kind] -= 1

    async with asyncio.TaskGroup() as group:
        for kind in ["repeat"] * 20 + ["j"] * 20 + [""] * 20:
            group.create_task(one(kind))

    assert most["all"] <= 6
    assert most["j"] <= 2
    assert most["repeat"] <= 3


# -- names -------------------------------------------------------------------------------------


async def test_a_name_is_looked_up_once_and_remembered() -> None:
    asked: list[str] = []

    def lookup(name: str) -> tuple[str, ...]:
        asked.append(name)
        return ("192.0.2.7",)

    resolver = Resolver(SystemClock(), lookup)

    found = [await resolver.resolve("db.example") for _ in range(3)]
    await asyncio.gather(*(resolver.resolve("web.example") for _ in range(5)))
    resolver.close()

    assert found == [("192.0.2.7",)] * 3
    assert asked == ["db.example", "web.example"]


async def test_an_address_is_never_looked_up() -> None:
    resolver = Resolver(SystemClock(), lambda name: pytest.fail(name))

    found = [await resolver.resolve(name) for name in ("192.0.2.7", "2001:db8::1")]
    resolver.close()

    assert found == [("192.0.2.7",), ("2001:db8::1",)]


async def test_n15_dead_name_servers_do_not_stop_addresses_we_know(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = HandClock()
    release = threading.Event()

    def lookup(name: str) -> tuple[str, ...]:
        if name != "known.example" or clock.at > 2_000:
            release.wait(20)
        return ("192.0.2.1",)

    resolver = Resolver(clock, lookup)
    await resolver.resolve("known.example")
    # Short from here on only: the first look-up has a thread to start, on a machine that may be busy.
    monkeypatch.setattr("opsconsole.transport.resolver._BUDGET", 0.05)
    clock.at = 9_999.0
    try:
        lost = await asyncio.gather(
            *(resolver.resolve(f"h{n}.example") for n in range(40)), return_exceptions=True
        )
        known = await resolver.resolve("known.example")
    finally:
        release.set()
        resolver.close()

    assert {type(error) for error in lost} == {TransportError}
    assert known == ("192.0.2.1",)


async def test_n15_localhost_needs_no_name_server() -> None:
    resolver = Resolver(SystemClock(), lambda name: pytest.fail(name))

    found = await resolver.resolve("localhost")
    resolver.close()

    assert found == ("127.0.0.1", "::1")


async def test_a_lookup_that_fails_says_dns() -> None:
    def lookup(name: str) -> tuple[str, ...]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    resolver = Resolver(SystemClock(), lookup)
    with pytest.raises(
        TransportError, match=r"no address for a.example: Name or service"
    ) as caught:
        await resolver.resolve("a.example")
    resolver.close()

    assert caught.value.reach == Reach.DNS


# -- known hosts -------------------------------------------------------------------------------

GOOD = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIWPqWIuHy5ZUn0bd9TPrCO9LZo+mY4a2sGCPBd5WJWF"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        (f"web01 {GOOD}", ""),
        (f"web01 {GOOD} a comment with words", ""),
        (f"  web01 {GOOD}  \r", ""),
        (f"@cert-authority *.example {GOOD}", ""),
        (f"@revoked * {GOOD}", ""),
        ("# a comment", ""),
        ("", ""),
        ("web01", "not `host type key`"),
        ("web01 ssh-ed25519", "not `host type key`"),
        (f"@frob web01 {GOOD}", "unknown marker @frob"),
        ("web01 ssh-ed25519 ????", "key is not base64"),
        (f"web01 ssh-rsa {GOOD.split()[1]}", "key is not of type ssh-rsa"),
        (f"|1|bad {GOOD}", "host hash is damaged"),
        (f"|2|AAAA|AAAA {GOOD}", "host hash is damaged"),
        ("web01 sk-odd@example AAAABnNrLW9kZA==", "key is not of type sk-odd@example"),
        ("\x1b[2J\x07", "not `host type key`"),
    ],
)
def test_a07_each_bad_line_is_named_and_none_hides_a_good_one(
    tmp_path: Path, line: str, wrong: str
) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"{line}\ndb-02 {GOOD}\n")
    known = KnownHosts()

    match = known.match([str(path)], "db-02", 22)

    assert len(match.keys) == 1
    assert known.problems() == ((f"{path}:1: {wrong}",) if wrong else ())


@given(st.binary(max_size=300))
def test_no_bytes_in_a_file_break_the_reading(data: bytes) -> None:
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(data + f"\ndb-02 {GOOD}\n".encode())
        file.flush()

        match = KnownHosts().match([file.name], "db-02", 22)

    assert len(match.keys) == 1


@pytest.mark.parametrize(
    ("names", "name", "port", "found"),
    [
        ("web01", "web01", 22, True),
        ("web*,!web03", "web01", 22, True),
        ("web*,!web03", "web03", 22, False),
        ("[web01]:2222", "web01", 2222, True),
        ("[web01]:2222", "web01", 22, False),
        ("web01", "web01", 2222, True),
        ("192.0.2.7,db", "192.0.2.7", 22, True),
    ],
)
def test_names_match_as_in_openssh(
    tmp_path: Path, names: str, name: str, port: int, found: bool
) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"{names} {GOOD}\n")

    assert bool(KnownHosts().match([str(path)], name, port).keys) is found


def test_several_files_are_read_as_one_and_a_missing_one_is_empty(tmp_path: Path) -> None:
    one = tmp_path / "one"
    one.write_text(f"web01 {GOOD}\n")
    known = KnownHosts()

    match = known.match([str(tmp_path / "none"), str(one)], "web01", 22)

    assert len(match.keys) == 1
    assert known.parses == 1


def test_a_file_that_was_read_answers_at_once_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"web01 {GOOD}\n")
    known = KnownHosts()

    before = known.match_at_once([str(path)], "web01", 22)
    read = known.match([str(path)], "web01", 22)
    after = known.match_at_once([str(path)], "web01", 22)
    path.write_text(f"web01 {GOOD}\nweb02 {GOOD}\n")
    changed = known.match_at_once([str(path)], "web01", 22)

    assert before is None
    assert after == read
    assert changed is None
    assert known.parses == 1


def test_many_patterns_are_never_tried_at_once(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("".join(f"web{i}* {GOOD}\n" for i in range(101)))
    known = KnownHosts()

    known.match([str(path)], "web01", 22)

    assert known.match_at_once([str(path)], "web01", 22) is None


class _Watched(KnownHosts):
    """Notes on which threads files are looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []

    def match(self, files: Sequence[str], name: str, port: int) -> Match:
        self.threads.append(threading.get_ident())
        return super().match(files, name, port)


async def test_known_hosts_are_looked_up_beside_the_loop(tmp_path: Path) -> None:
    host = Host("web01", "127.0.0.1", free_port(), known_hosts=(str(tmp_path / "none"),))
    dialler = Dialler(SystemClock(), 30.0)
    watched = dialler.known = _Watched()

    with pytest.raises(TransportError):
        await dialler.scan(host, Trace("web01", "127.0.0.1", 5.0), None)
    dialler.resolver.close()

    assert len(watched.threads) == 1
    assert threading.get_ident() not in watched.threads


# -- trust -------------------------------------------------------------------------------------


def key_of(host: str = "web01") -> HostKey:
    return HostKey(host, "ssh-ed25519", "SHA256:x", f"{host} {GOOD}")


def test_trust_makes_a_private_file_with_person_and_time(tmp_path: Path) -> None:
    path = tmp_path / "ssh" / "known_hosts"

    trust(str(path), key_of(), who="op1; rm -rf", at=1_700_000_000.0)

    assert path.read_text() == f"web01 {GOOD} trusted-by-op1-rm--rf-2023-11-14T22:13:20Z\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["known_hosts"]


def test_trust_adds_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_bytes(b"# mine \xff\nother " + GOOD.encode())

    trust(str(path), key_of(), who="op1", at=0.0)

    assert path.read_bytes().startswith(b"# mine \xff\nother " + GOOD.encode() + b"\nweb01 ")


def test_trust_replaces_only_lines_of_this_host(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"web01,alias {GOOD}\nweb01 {GOOD}\nweb* {GOOD}\n@revoked web01 {GOOD}\n")
    subprocess.run(
        ["ssh-keygen", "-q", "-R", "nobody", "-f", str(path)], check=False, capture_output=True
    )

    trust(str(path), key_of(), who="op1", at=0.0, replace=True)

    assert [row.split()[0] for row in path.read_text().splitlines()] == [
        "alias",
        "web*",
        "@revoked",
        "web01",
    ]


def test_trust_replaces_a_hashed_line(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"web01 {GOOD}\nother {GOOD}\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(path)], check=True, capture_output=True)

    trust(str(path), key_of(), who="op1", at=0.0, replace=True)

    names = [row.split()[0] for row in path.read_text().splitlines()]
    assert [name.startswith("|1|") for name in names] == [True, False]
    assert KnownHosts().match([str(path)], "other", 22).keys


def test_trust_follows_no_link(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "known_hosts"
    victim.write_text("precious")
    path.symlink_to(victim)

    with pytest.raises(TransportError, match="cannot write"):
        trust(str(path), key_of(), who="op1", at=0.0)

    assert victim.read_text() == "precious"


# -- framing -----------------------------------------------------------------------------------


async def test_an_answer_in_any_pieces_is_put_together() -> None:
    whole = b"noise\x1ebegin\nload 1\n" + end_mark("n1")
    for cut in range(1, len(whole)):
        rounds = Rounds(lambda: None, b"\x1ebegin\n")
        answer = rounds.expect("n1", 1_000)
        rounds.feed(whole[:cut])
        rounds.feed(whole[cut:])
        assert await answer == b"load 1\n" + end_mark("n1")


async def test_a_late_answer_is_not_taken_for_the_next() -> None:
    rounds = Rounds(lambda: None)
    first = rounds.expect("n1", 1_000)
    rounds.feed(b"old par")
    first.cancel()
    second = rounds.expect("n2", 1_000)
    rounds.feed(b"t\n" + end_mark("n1") + b"new\n" + end_mark("n2"))

    assert await second == b"new\n" + end_mark("n2")


async def test_text_between_rounds_is_dropped() -> None:
    rounds = Rounds(lambda: None)
    first = rounds.expect("n1", 100)
    rounds.feed(end_mark("n1"))
    await first
    rounds.feed(b"x" * 10_000)
    second = rounds.expect("n2", 100)
    rounds.feed(b"ok\n" + end_mark("n2"))

    assert await second == b"ok\n" + end_mark("n2")


async def test_a_forged_end_does_not_end_a_round() -> None:
    rounds = Rounds(lambda: None)
    answer = rounds.expect("abc", 1_000)
    rounds.feed(end_mark("xyz") + b"\x1e end\n")
    before = answer.done()
    rounds.feed(end_mark("abc"))

    assert (before, (await answer).count(b"end")) == (False, 3)


async def test_a_loop_that_is_over_answers_nobody() -> None:
    rounds = Rounds(lambda: None)
    waiting = rounds.expect("n1", 100)
    rounds.ended()

    with pytest.raises(EOFError):
        await waiting
    with pytest.raises(EOFError):
        await rounds.expect("n2", 100)


# -- imports -----------------------------------------------------------------------------------


def test_the_contract_can_be_imported_without_the_libraries() -> None:
    code = (
        "import sys; import opsconsole.transport.base, opsconsole.transport.http_answer, "
        "opsconsole.transport.router, opsconsole.transport.local; "
        "sys.exit(bool({'asyncssh', 'httpx'} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False, env=os.environ)

    assert done.returncode == 0


def test_a_key_that_is_made_for_tests_is_private(tmp_path: Path) -> None:
    assert stat.S_IMODE(make_key(tmp_path / "key").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("heard", "moment"), [(100.2, 116.0), (100.9, 116.0), (101.0, 116.0), (101.1, 117.0)]
)
def test_hosts_heard_at_about_the_same_time_are_asked_for_a_sign_of_life_at_once(
    heard: float, moment: float
) -> None:
    assert time_to_ask(heard, 15.0) == moment


@given(heard=st.floats(0, 1e7), interval=st.floats(0.1, 600))
def test_nobody_is_asked_for_a_sign_of_life_too_soon_or_much_too_late(
    heard: float, interval: float
) -> None:
    late = time_to_ask(heard, interval) - (heard + interval)
    assert -1e-6 <= late <= interval / 15 + 1e-6
