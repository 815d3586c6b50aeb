"""The spool: a step is started once, goes on without us, and the host says how it ended; whatever sh is there."""

import asyncio
import itertools
import os
import shutil
import signal
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsconsole.clock import SystemClock
from opsconsole.model.inventory import Host
from opsconsole.transport.base import Answer, Command, Ending, Spool
from opsconsole.transport.local import LocalTransport
from opsconsole.transport.router import Router
from opsconsole.transport.spool import Known, Words
from opsconsole.transport.spooled import Heard, ask_spool, kill_spooled, probe_spool
from tests.realsshd import need
from tests.transport.test_transport_bootstrap import HOSTILE, SHOW, bytes_of

HERE = Host("here", "127.0.0.1", transport="local")
SPOOL = Spool("run-1", "here.step.1")


class Ground:
    """This machine with a home folder of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.local = LocalTransport(SystemClock())
        self.router = Router(self.local, self.local, SystemClock())
        self.folder = home / ".opsc" / SPOOL.run / SPOOL.step

    async def run(self, *argv: str, **fields: object) -> Answer:
        spool = fields.pop("spool", SPOOL)
        command = Command(argv=argv, spool=spool, **{"timeout": 20.0, **fields})  # type: ignore[arg-type]
        return await self.router.run(HERE, command)

    async def appears(self, name: str) -> None:
        while not (self.folder / name).exists():
            await asyncio.sleep(0.01)


@pytest.fixture(params=["", "dash", "bash", "busybox"])
async def ground(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Ground]:
    """Under the sh of this machine, and under each other that may be `sh` somewhere."""
    home = tmp_path / "home"
    home.mkdir()
    if request.param:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "sh").symlink_to(need(request.param, request.param))
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(home))
    ground = Ground(home)
    yield ground
    await ground.router.close()


async def test_a_step_says_what_it_says_and_exits_as_it_exits(ground: Ground) -> None:
    answer = await ground.run("sh", "-c", "cat; echo bad >&2; exit 3", stdin=b"in\0put")

    assert (answer.ending, answer.status) == (Ending.EXITED, 3)
    assert (answer.stdout, answer.stderr) == (b"in\0put", b"bad\n")
    assert answer.evidence == ""
    assert (ground.folder / "rc").read_text().split()[0] == "3"
    assert not (ground.folder / "in").exists()


async def test_the_spool_is_ours_alone(ground: Ground) -> None:
    await ground.run("true")

    for folder in (ground.home / ".opsc", ground.folder.parent, ground.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(each.stat().st_mode) & 0o077 == 0 for each in ground.folder.iterdir())


async def test_a_second_start_is_refused_and_says_so(ground: Ground) -> None:
    mark = ground.home / "ran"
    await ground.run("sh", "-c", f"echo once >> {mark}")
    answer = await ground.run("sh", "-c", f"echo once >> {mark}")

    assert (answer.ending, answer.status) == (Ending.EXITED, 125)
    assert b"started before" in answer.stderr
    assert mark.read_text() == "once\n"


async def test_a_spool_that_is_a_symbolic_link_is_refused(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (ground.home / ".opsc").symlink_to(tmp_path / "elsewhere")

    answer = await ground.run("touch", str(ground.home / "ran"))

    assert answer.status == 125
    assert b"is a symbolic link" in answer.stderr
    assert not (ground.home / "ran").exists()


async def test_a_host_that_forbids_writing_runs_it_without_a_spool(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/proc/self/no-such-home")

    answer = await ground.run("sh", "-c", "cat; exit 3", stdin=b"x")

    assert (answer.ending, answer.status, answer.stdout) == (Ending.EXITED, 3, b"x")
    assert answer.note.startswith("no spool: ")
    assert "cannot be written" in await probe_spool(ground.router, HERE)


async def test_a_host_with_a_home_can_keep_how_a_step_ended(ground: Ground) -> None:
    assert await probe_spool(ground.router, HERE) == ""
    assert not (ground.home / ".opsc").exists()


async def test_a_step_that_takes_too_long_is_ended_there(ground: Ground) -> None:
    answer = await ground.run("sleep", "30", timeout=1.0)

    assert answer.ending is Ending.TIMED_OUT


async def test_too_much_output_is_cut_and_harms_nothing(ground: Ground) -> None:
    answer = await ground.run(
        "sh", "-c", "head -c 3000000 /dev/zero; echo whole >&2", max_output=5_000
    )

    assert (answer.ending, answer.status, answer.truncated) == (Ending.EXITED, 0, True)
    assert len(answer.stdout) == 5_000
    assert answer.stderr == b"whole\n"
    assert (ground.folder / "out").stat().st_size <= 12_000


async def test_what_a_step_leaves_running_delays_its_end_but_little(ground: Ground) -> None:
    answer = await ground.run("sh", "-c", "sleep 8 & echo $!")

    os.kill(int(answer.stdout), signal.SIGKILL)
    assert (answer.ending, answer.status) == (Ending.EXITED, 0)
    assert answer.took < 6


@pytest.mark.parametrize("value", HOSTILE[:28])
async def test_a_hostile_value_goes_through_the_spool_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    ground = Ground(tmp_path)
    command = Command(
        script=SHOW + '\nprintf %s "$WORD" | od -An -v -tx1 | tr -d " \\n"; echo; cat',
        args=(value,), env={"WORD": value}, stdin=bytes_of(value), spool=SPOOL,
    )  # fmt: skip
    answer = await ground.router.run(HERE, command)
    await ground.router.close()

    shown, word, stdin = answer.stdout.split(b"\n", 2)
    assert bytes.fromhex(shown.decode()) == bytes_of(value)
    assert bytes.fromhex(word.decode()) == bytes_of(value)
    assert stdin == bytes_of(value)
    assert not (tmp_path / "INJECTED").exists()


async def test_a_step_goes_on_when_its_channel_is_gone_and_is_taken_up_again(
    ground: Ground,
) -> None:
    gate = ground.home / "gate"
    lost = asyncio.create_task(
        ground.run("sh", "-c", f"echo one; until [ -e {gate} ]; do sleep 0.1; done; exit 5")
    )
    await ground.appears("job")
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)

    during, _, _ = await ask_spool(ground.router, HERE, SPOOL)
    gate.touch()
    await ground.appears("rc")
    after, out, _ = await ask_spool(ground.router, HERE, SPOOL)

    assert (during.known, during.boot) == (Known.ALIVE, during.boot_now)
    assert (after.known, after.code, out) == (Known.RC, 5, b"one\n")


async def test_a_supervisor_that_was_killed_left_no_outcome(ground: Ground) -> None:
    task = asyncio.create_task(ground.run("sleep", "30"))
    await ground.appears("job")
    pid, job = (int((ground.folder / name).read_text().split()[0]) for name in ("pid", "job"))
    os.killpg(pid, signal.SIGKILL)
    os.killpg(job, signal.SIGKILL)
    answer = await task

    assert answer.ending is Ending.LOST
    assert "left no exit code; same boot" in answer.evidence


async def test_a_supervisor_of_another_boot_is_not_taken_for_alive(ground: Ground) -> None:
    task = asyncio.create_task(ground.run("sleep", "30"))
    await ground.appears("job")
    pid, job = (ground.folder / name for name in ("pid", "job"))
    words = pid.read_text().split()
    pid.write_text(f"{words[0]} {words[1]} another-boot\n")
    report, _, _ = await ask_spool(ground.router, HERE, SPOOL)
    os.killpg(int(job.read_text()), signal.SIGKILL)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert report.known is Known.DIED


async def test_a_step_that_never_started_is_barred_from_starting_late(ground: Ground) -> None:
    report, _, _ = await ask_spool(ground.router, HERE, SPOOL)
    late = await ground.run("touch", str(ground.home / "ran"))

    assert report.known is Known.NEVER
    assert late.status == 125
    assert not (ground.home / "ran").exists()


async def test_input_that_does_not_arrive_whole_starts_nothing(ground: Ground) -> None:
    from opsconsole.transport.spool import start_command

    command = start_command(Command(argv=("cat",), stdin=b"whole", spool=SPOOL), "abc")
    cut = Command(script=command.script, args=command.args, stdin=b"who", timeout=5)
    answer = await ground.local.run(HERE, cut)

    assert b"\x1eabc never" in answer.stderr
    assert not (ground.folder / "start").exists()


async def test_a_kill_is_verified(ground: Ground) -> None:
    task = asyncio.create_task(ground.run("sleep", "30"))
    await ground.appears("job")
    report = await kill_spooled(ground.router, HERE, SPOOL, sudo=False)
    answer = await task

    assert (report.known, report.code, report.signals[0]) == (Known.RC, 143, "TERM")
    assert answer.status == 143


async def test_what_ignores_term_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    ground = Ground(tmp_path)
    bare = tmp_path / "bin"
    bare.mkdir()
    for name in ("sh", "cat", "ls", "date", "mv", "mkdir", "rm", "sleep", "setsid", "wc", "find"):
        (bare / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(bare))  # no timeout there, which would insist by itself
    task = asyncio.create_task(ground.run("sh", "-c", "trap '' TERM; while :; do sleep 1; done"))
    await ground.appears("job")
    report = await kill_spooled(ground.router, HERE, SPOOL, sudo=False)
    await task
    await ground.router.close()

    assert report.known is Known.RC
    assert report.code == 137
    assert "KILL" in report.signals


STUBS = {
    "id": "case $1 in -un) echo op1 ;; *) echo 1000 ;; esac",
    "systemd-run": 'echo "$XDG_RUNTIME_DIR $*" >>"$HOME/asked"; [ ! -e "$HOME/refuses" ] || exit 1\n'
    '[ ! -e "$HOME/hangs" ] || sleep 2\n'
    'while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
}
LOGIND = "etc/systemd/logind.conf"
ENDS = "logind ends a step with its connection (KillUserProcesses=yes; loginctl enable-linger op1)"


@pytest.fixture
def systemd(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root folder with logind's files, an ordinary account, and a `systemd-run` that only tells."""
    stubs, root = tmp_path / "stubs", tmp_path / "root"
    stubs.mkdir()
    for name, body in STUBS.items():
        (stubs / name).write_text(f"#!/bin/sh\n{body}\n")
        (stubs / name).chmod(0o755)
    boot = root / "proc/sys/kernel/random/boot_id"
    for file, text in ((boot, "boot-1\n"), (root / LOGIND, "[Login]\nKillUserProcesses=yes\n")):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    (root / "var/lib/systemd/linger").mkdir(parents=True)
    monkeypatch.setenv("PATH", f"{stubs}:{os.environ['PATH']}")
    monkeypatch.setenv("OPSC_ROOT", str(root))
    return root


async def test_where_logind_ends_steps_they_run_in_a_scope_of_the_accounts_own_manager(
    ground: Ground, systemd: Path
) -> None:
    (systemd / "var/lib/systemd/linger/op1").touch()

    said = await probe_spool(ground.router, HERE)
    answer = await ground.run("sh", "-c", "echo did; exit 3")

    told = (ground.home / "asked").read_text().splitlines()
    asked = [line for line in told if " --user " in line]
    assert said == ""
    assert (answer.ending, answer.status, answer.stdout) == (Ending.EXITED, 3, b"did\n")
    assert asked[-1].startswith("/run/user/1000 --user --scope --quiet --collect -- sh -c")


async def test_a_channel_that_is_lost_while_the_accounts_manager_is_asked_started_nothing(
    ground: Ground, systemd: Path
) -> None:
    (systemd / "var/lib/systemd/linger/op1").touch()
    (ground.home / "hangs").touch()

    task = asyncio.create_task(ground.run("true"))
    while not (ground.home / "asked").exists():
        await asyncio.sleep(0.01)
    was_started = (ground.folder / "start").exists()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    report, _, _ = await ask_spool(ground.router, HERE, SPOOL)

    assert not was_started
    assert report.known is Known.NEVER


async def test_where_nothing_outlives_a_connection_the_plan_is_told_and_steps_run_as_ever(
    ground: Ground, systemd: Path
) -> None:
    without = await probe_spool(ground.router, HERE)
    (systemd / "var/lib/systemd/linger/op1").touch()
    (ground.home / "refuses").touch()
    refused = await probe_spool(ground.router, HERE)
    answer = await ground.run("sh", "-c", "exit 3")

    assert (without, refused) == (ENDS, ENDS)
    assert (answer.ending, answer.status) == (Ending.EXITED, 3)


@pytest.mark.parametrize(
    "text",
    [
        "#KillUserProcesses=yes\n",
        "KillUserProcesses=no\n",
        "KillUserProcesses=yes\nKillExcludeUsers=root op1\n",
        "KillUserProcesses=yes\nKillOnlyUsers=op2\n",
    ],
)
async def test_an_account_that_logind_leaves_alone_is_left_alone(
    ground: Ground, systemd: Path, text: str
) -> None:
    (systemd / "etc/systemd/logind.conf.d").mkdir()
    (systemd / "etc/systemd/logind.conf.d/50-site.conf").write_text(text)
    if text.startswith("#"):
        (systemd / LOGIND).write_text(text)

    said = await probe_spool(ground.router, HERE)
    answer = await ground.run("true")

    assert said == ""
    assert answer.status == 0
    assert not (ground.home / "asked").exists()


async def test_old_spools_go_when_a_new_step_ends(ground: Ground) -> None:
    old = ground.home / ".opsc" / "run-0"
    old.mkdir(parents=True, mode=0o700)
    (ground.home / ".opsc").chmod(0o700)
    os.utime(old, (1, 1))

    await ground.run("true")
    async with asyncio.timeout(5):
        while old.exists():
            await asyncio.sleep(0.01)

    assert ground.folder.exists()


@given(
    said=st.lists(st.binary(max_size=12), max_size=6),
    cuts=st.lists(st.integers(0, 200), max_size=8),
)
@settings(deadline=None)
def test_the_hosts_words_are_told_from_the_steps_however_they_are_cut(
    said: list[bytes], cuts: list[int]
) -> None:
    said = [each.replace(b"\x1eff", b"") for each in said]
    stream = b"".join(each + b"\x1eff rc 7 2\n" for each in said)
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    words = Words("ff")
    heard = b"".join(words.feed(stream[a:b]) for a, b in itertools.pairwise(places))

    assert heard + words.end() == b"".join(said)
    assert (words.report is not None) == bool(said)


def test_what_is_repeated_after_a_reconnect_is_told_once() -> None:
    told: list[bytes] = []
    heard = Heard(lambda _stream, chunk: told.append(chunk))
    for token, chunks in (("aa", [b"one\ntw"]), ("bb", [b"one", b"\ntwo\nth", b"ree\n"])):
        heard.begin(token)
        for chunk in chunks:
            heard.hear("out", chunk)
        heard.end()

    assert b"".join(told) == heard.text("out") == b"one\ntwo\nthree\n"
