"""Keys and logins on a real sshd: rows A01 to A07 and A09 to A11 of the fault catalogue."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsconsole.errors import TransportError
from opsconsole.model.inventory import Host
from opsconsole.model.states import Reach
from opsconsole.transport.base import Command, Ending
from opsconsole.transport.ssh import SshTransport
from tests.realsshd import RealSshd, free_port, make_key, need
from tests.transport.sshhosts import MakeSshd, MakeTransport, host_of

pytestmark = pytest.mark.real
TRUE = Command(argv=("true",))


async def reach_of(transport: SshTransport, host: Host) -> tuple[Reach, str]:
    answer = await transport.run(host, TRUE)
    assert (answer.ending is Ending.EXITED) == (answer.reach is Reach.UP), answer
    return answer.reach, answer.reason


async def test_a_known_host_with_our_key_is_up(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    host = host_of(sshd)

    assert await reach_of(make_transport(host), host) == (Reach.UP, "")


async def test_a01_two_refused_logins_lock_the_host_until_a_person_retries(
    sshd: RealSshd, make_transport: MakeTransport, tmp_path: Path
) -> None:
    host = host_of(sshd, identity=(str(make_key(tmp_path / "wrong")),))
    transport = make_transport(host)
    link = transport._link(host)

    seen = []
    for _ in range(5):
        seen.append(await reach_of(transport, host))
        link.pace._next_at = 0.0  # the wait between attempts is over
    transport.retry(host)
    after = await reach_of(transport, host)

    assert [reach for reach, _ in seen] == [Reach.AUTH_REFUSED] * 2 + [Reach.AUTH_LOCKED] * 3
    assert "2 refused logins" in seen[-1][1]
    assert after[0] is Reach.AUTH_REFUSED
    assert sshd.log_count("Failed publickey") + sshd.log_count("Connection closed by auth") >= 2
    assert sshd.log_count("Connection from") - 1 == 3  # one was the test's own


async def test_a02_an_agent_full_of_keys_is_not_offered_beyond_the_limit(
    make_sshd: MakeSshd, make_transport: MakeTransport, agent: str, tmp_path: Path
) -> None:
    server = make_sshd(options={"MaxAuthTries": "3"})
    for number in range(7):
        add_key(agent, make_key(tmp_path / f"key{number}"))
    host = host_of(server, identity=())

    reach, reason = await reach_of(make_transport(host, agent=agent), host)

    assert reach is Reach.AUTH_REFUSED
    assert "identity" in reason


async def test_a03_an_unknown_key_is_refused_with_fingerprint_and_command(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    sshd.write_known_hosts("")
    host = host_of(sshd)

    reach, reason = await reach_of(make_transport(host), host)

    assert reach is Reach.KEY_UNKNOWN
    assert fingerprint(sshd.host_key) in reason
    assert "opsconsole trust web01" in reason
    assert sshd.log_count("Accepted") + sshd.log_count("Failed") == 0


async def test_a03_a_missing_known_hosts_file_knows_nobody(
    sshd: RealSshd, make_transport: MakeTransport, tmp_path: Path
) -> None:
    host = host_of(sshd, known_hosts=(str(tmp_path / "none"),))

    assert (await reach_of(make_transport(host), host))[0] is Reach.KEY_UNKNOWN


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
async def test_a04_a05_a_changed_key_is_told_whatever_its_type(
    sshd: RealSshd, make_transport: MakeTransport, tmp_path: Path, kind: str
) -> None:
    sshd.write_known_hosts(sshd.known_line(make_key(tmp_path / "other", kind)))
    host = host_of(sshd)

    reach, reason = await reach_of(make_transport(host), host)

    assert reach is Reach.KEY_CHANGED
    assert "CHANGED" in reason
    assert fingerprint(sshd.host_key) in reason
    assert sshd.log_count("Accepted") == 0


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
async def test_a_key_of_a_type_on_file_is_preferred(
    make_sshd: MakeSshd, make_transport: MakeTransport, tmp_path: Path, kind: str
) -> None:
    server = make_sshd(host_key=kind)
    host = host_of(server)

    assert await reach_of(make_transport(host), host) == (Reach.UP, "")


async def test_a06_a_revoked_key_is_refused(sshd: RealSshd, make_transport: MakeTransport) -> None:
    sshd.write_known_hosts(sshd.known_line() + "@revoked " + sshd.known_line(pattern="*"))
    host = host_of(sshd)

    reach, reason = await reach_of(make_transport(host), host)

    assert reach is Reach.KEY_REVOKED
    assert "revoked" in reason


@pytest.mark.parametrize(
    ("case", "reach"),
    [
        ("good", Reach.UP),
        ("expired", Reach.KEY_UNKNOWN),
        ("other principal", Reach.KEY_UNKNOWN),
        ("other authority", Reach.KEY_UNKNOWN),
        ("revoked authority", Reach.KEY_REVOKED),
    ],
)
async def test_a06_a_host_certificate_is_believed_only_from_its_authority(
    make_sshd: MakeSshd, make_transport: MakeTransport, tmp_path: Path, case: str, reach: Reach
) -> None:
    authority = make_key(tmp_path / "ca")
    server = RealSshd(tmp_path / "sshd")
    certify(authority, server.host_key, case)
    server = make_sshd(
        "sshd2",
        options={
            "HostKey": str(server.host_key),
            "HostCertificate": f"{server.host_key}-cert.pub",
        },
    )
    trusted = make_key(tmp_path / "ca2") if case == "other authority" else authority
    line = server.known_line(trusted, "*")
    marker = "@revoked " + line if case == "revoked authority" else ""
    server.write_known_hosts(marker + "@cert-authority " + line)
    host = host_of(server)

    seen, reason = await reach_of(make_transport(host), host)

    assert seen is reach, reason
    assert bool(reason) == (reach is not Reach.UP)


async def test_a07_a_bad_line_costs_only_itself_and_is_named(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    sshd.write_known_hosts("@frob host ssh-ed25519 AAAA\n" + sshd.known_line() + "nonsense\n")
    host = host_of(sshd)
    transport = make_transport(host)

    assert await reach_of(transport, host) == (Reach.UP, "")
    assert [text.removeprefix(str(sshd.known_hosts)) for text in transport.warnings()] == [
        ":1: unknown marker @frob",
        ":3: not `host type key`",
    ]


async def test_known_hosts_are_parsed_once_for_all_hosts_and_again_when_they_change(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    server = make_sshd(addresses=[f"127.0.1.{number}" for number in range(1, 21)])
    hosts = [host_of(server, f"web{n}", address=a) for n, a in enumerate(server.addresses)]
    transport = make_transport(*hosts)

    reaches = await asyncio.gather(*(reach_of(transport, host) for host in hosts))
    once = transport.known_hosts_parses
    server.known_hosts.write_text(server.known_hosts.read_text() + "# seen\n")
    await transport.forget(hosts[0])
    again = await reach_of(transport, hosts[0])

    assert {reach for reach, _ in [*reaches, again]} == {Reach.UP}
    assert once == 1
    assert transport.known_hosts_parses == 2


async def test_a_key_that_is_trusted_meanwhile_is_used_at_once(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    sshd.write_known_hosts("")
    host = host_of(sshd)
    transport = make_transport(host)
    before = await reach_of(transport, host)

    key = await transport.scan(host)
    path = await transport.trust(host, key, who="op1")

    assert (before[0], key.known) == (Reach.KEY_UNKNOWN, "unknown")
    assert key.fingerprint == fingerprint(sshd.host_key)
    assert path == str(sshd.known_hosts)
    assert "trusted-by-op1" in sshd.known_hosts.read_text()
    assert await reach_of(transport, host) == (Reach.UP, "")
    assert (await transport.scan(host)).known == "known"


async def test_a_changed_key_can_be_replaced(
    sshd: RealSshd, make_transport: MakeTransport, tmp_path: Path
) -> None:
    old = sshd.known_line(make_key(tmp_path / "old"), f"[127.0.0.1]:{sshd.port},[db.example]:22")
    sshd.write_known_hosts(old)
    host = host_of(sshd)
    transport = make_transport(host)
    key = await transport.scan(host)

    await transport.trust(host, key, who="op1", replace=True)

    assert key.known == "changed"
    assert await reach_of(transport, host) == (Reach.UP, "")
    assert sshd.known_hosts.read_text().startswith("[db.example]:22 ")


async def test_a_scan_attempts_no_login(sshd: RealSshd, make_transport: MakeTransport) -> None:
    host = host_of(sshd, identity=("/nowhere",))

    key = await make_transport(host).scan(host)

    assert (key.kind, key.known) == ("ssh-ed25519", "known")
    assert sshd.log_count("Accepted") + sshd.log_count("Failed") == 0


async def test_a_scan_of_nobody_fails(make_transport: MakeTransport) -> None:
    host = Host("web01", "127.0.0.1", port=free_port(), timeout=1.0)

    with pytest.raises(TransportError) as caught:
        await make_transport(host).scan(host)

    assert caught.value.reach == Reach.REFUSED


# -- agents ------------------------------------------------------------------------------------


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[str]:
    """A real ssh-agent; the path of its socket."""
    path = str(tmp_path / "agent.sock")
    process = subprocess.Popen(
        [need("ssh-agent", "openssh-client"), "-D", "-a", path],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(1000):
            if (
                subprocess.run(
                    ["ssh-add", "-l"], env=_with_agent(path), check=False, capture_output=True
                ).returncode
                != 2
            ):
                break
        yield path
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait(5)


def _with_agent(path: str) -> dict[str, str]:
    return os.environ | {"SSH_AUTH_SOCK": path}


def add_key(agent: str, key: Path) -> None:
    subprocess.run(
        ["ssh-add", "-q", str(key)], env=_with_agent(agent), check=True, capture_output=True
    )


async def test_keys_of_the_agent_are_used_where_none_is_named(
    sshd: RealSshd, make_transport: MakeTransport, agent: str
) -> None:
    add_key(agent, sshd.client_key)
    host = host_of(sshd, identity=())

    assert await reach_of(make_transport(host, agent=agent), host) == (Reach.UP, "")


async def test_a09_an_agent_that_hangs_is_told_and_not_waited_for(
    sshd: RealSshd, make_transport: MakeTransport, tmp_path: Path
) -> None:
    path = str(tmp_path / "hung.sock")

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    server = await asyncio.start_unix_server(silent, path)
    host = host_of(sshd, identity=(str(locked_key(tmp_path)),))
    try:
        reach, reason = await reach_of(make_transport(host, agent=path), host)
    finally:
        server.close()

    assert reach is Reach.LOCKED_KEY
    assert "the agent did not answer in 2 s" in reason


async def test_a09_an_agent_that_is_gone_is_told(
    sshd: RealSshd, make_transport: MakeTransport, tmp_path: Path
) -> None:
    host = host_of(sshd, identity=(str(locked_key(tmp_path)),))

    reach, reason = await reach_of(make_transport(host, agent=str(tmp_path / "gone")), host)

    assert reach is Reach.LOCKED_KEY
    assert "the agent is gone" in reason


async def test_a09_an_agent_without_the_key_is_told(
    sshd: RealSshd, make_transport: MakeTransport, agent: str, tmp_path: Path
) -> None:
    host = host_of(sshd, identity=(str(locked_key(tmp_path)),))

    reach, reason = await reach_of(make_transport(host, agent=agent), host)

    assert reach is Reach.LOCKED_KEY
    assert "the agent does not hold it" in reason


async def test_a10_a_key_with_a_passphrase_and_no_agent_is_a_locked_key(
    sshd: RealSshd, make_transport: MakeTransport, tmp_path: Path
) -> None:
    key = locked_key(tmp_path)
    host = host_of(sshd, identity=(str(key),))

    reach, reason = await reach_of(make_transport(host), host)

    assert reach is Reach.LOCKED_KEY
    assert reason == f"{key} has a passphrase and no agent is attached; run: ssh-add {key}"
    assert sshd.log_count("Connection from") <= 1  # the test's own


async def test_a10_a_key_with_a_passphrase_is_used_through_the_agent_alone(
    sshd: RealSshd, make_transport: MakeTransport, agent: str, tmp_path: Path
) -> None:
    key = locked_key(tmp_path)
    sshd.authorized.write_bytes(Path(f"{key}.pub").read_bytes())
    add_unlocked(agent, key, tmp_path)
    for number in range(7):
        add_key(agent, make_key(tmp_path / f"other{number}"))
    host = host_of(sshd, identity=(str(key),))

    assert await reach_of(make_transport(host, agent=agent), host) == (Reach.UP, "")


async def test_a_key_file_that_is_not_there_is_named(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    host = host_of(sshd, identity=("/nowhere/key",))

    reach, reason = await reach_of(make_transport(host), host)

    assert reach is Reach.LOCKED_KEY
    assert "/nowhere/key" in reason


async def test_a_run_may_bring_an_agent_of_its_own(
    sshd: RealSshd, make_transport: MakeTransport, agent: str
) -> None:
    add_key(agent, sshd.client_key)
    host = host_of(sshd, identity=())
    transport = make_transport(host, agent="/nowhere/agent")
    theirs = transport.with_agent(lambda: agent)
    try:
        assert (await reach_of(transport, host))[0] is Reach.LOCKED_KEY
        assert (await reach_of(theirs, host))[0] is Reach.UP
    finally:
        await theirs.close()


def locked_key(folder: Path) -> Path:
    return make_key(folder / "locked", passphrase="secret")


def add_unlocked(agent: str, key: Path, folder: Path) -> None:
    """Give the agent the key without its passphrase, as a person would by typing it."""
    copy = folder / "copy"
    copy.write_bytes(key.read_bytes())
    copy.chmod(0o600)
    command = ["ssh-keygen", "-q", "-p", "-P", "secret", "-N", "", "-f", str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    add_key(agent, copy)


# -- jump hosts --------------------------------------------------------------------------------


async def test_a_host_behind_a_jump_host_is_reached_through_it(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    bastion, target = make_sshd("bastion"), make_sshd("target")
    jump = host_of(bastion, "bastion")
    hosts = [host_of(target, f"db{number}", jump=("bastion",)) for number in range(3)]
    transport = make_transport(jump, *hosts)

    reaches = [await reach_of(transport, host) for host in hosts]

    assert reaches == [(Reach.UP, "")] * 3
    assert bastion.log_count("Accepted publickey") == 1


async def test_two_jumps_are_taken_in_order(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    servers = [make_sshd(name) for name in ("outer", "inner", "target")]
    outer, inner = host_of(servers[0], "outer"), host_of(servers[1], "inner")
    host = host_of(servers[2], "db", jump=("outer", "inner"))

    assert await reach_of(make_transport(outer, inner, host), host) == (Reach.UP, "")


async def test_a11_hosts_behind_a_dead_jump_host_name_it(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    jump = Host(
        "bastion", "127.0.0.1", port=free_port(), identity=(str(sshd.client_key),), timeout=2.0
    )
    host = host_of(sshd, jump=("bastion",))

    reach, reason = await reach_of(make_transport(jump, host), host)

    assert reach is Reach.VIA_DOWN
    assert reason.startswith("unreachable via bastion: ")
    assert "refuses connections" in reason


async def test_a11_a_loop_of_jumps_is_refused(
    sshd: RealSshd, make_transport: MakeTransport
) -> None:
    host = host_of(sshd, jump=("web01",))

    assert (await reach_of(make_transport(host), host))[0] is Reach.VIA_DOWN


async def test_a_closed_port_behind_a_jump_host_is_the_targets_own(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    bastion = make_sshd()
    jump = host_of(bastion, "bastion")
    host = host_of(bastion, "db", port=free_port(), jump=("bastion",))

    reach, reason = await reach_of(make_transport(jump, host), host)

    assert reach is Reach.REFUSED
    assert "via bastion" in reason


async def test_a_jump_host_that_forbids_forwarding_is_named(
    make_sshd: MakeSshd, make_transport: MakeTransport
) -> None:
    bastion = make_sshd(options={"AllowTcpForwarding": "no"})
    jump = host_of(bastion, "bastion")
    host = host_of(bastion, "db", jump=("bastion",))

    reach, reason = await reach_of(make_transport(jump, host), host)

    assert reach is Reach.VIA_DOWN
    assert "forwarding" in reason


def fingerprint(key: Path) -> str:
    done = subprocess.run(
        ["ssh-keygen", "-l", "-f", f"{key}.pub"], check=True, capture_output=True, text=True
    )
    return done.stdout.split()[1]


def certify(authority: Path, key: Path, case: str) -> None:
    """Sign a host key, well or badly."""
    span = "20200101:20200201" if case == "expired" else "-1d:+1d"
    name = "other.example" if case == "other principal" else "127.0.0.1"
    command = ["ssh-keygen", "-q", "-s", str(authority), "-I", "id", "-h", "-n", name, "-V", span]
    subprocess.run([*command, f"{key}.pub"], check=True, capture_output=True)
