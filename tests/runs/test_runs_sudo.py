"""Sudo profiles: what is not in the table is refused by the engine; the same table is exported for the hosts."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from runs_bench import Bench, MakeBench, give_ports

from opsconsole.actions.registry import Registry
from opsconsole.actions.yaml_runbook import read_runbook
from opsconsole.config.sudo_table import row_problem, sudoers, why_refused
from opsconsole.errors import RefusedError
from opsconsole.model.states import TargetState

TABLE = {
    "systemctl": (
        ("systemctl", "restart", "--", "<unit>"),
        ("/usr/bin/journalctl", "--vacuum-size=<size>"),
        ("systemctl", "daemon-reload"),
    ),
    "files": (("rm", "--", "/var/tmp/<word>"), ("cat", "--", "<path>")),
}
WORDS: list[tuple[str, Sequence[str], bool]] = [
    ("systemctl", ("systemctl", "restart", "--", "nginx.service"), True),
    ("systemctl", ("systemctl", "restart", "--", "a@b\\x2d1.timer"), True),
    ("systemctl", ("systemctl", "daemon-reload"), True),
    ("systemctl", ("/usr/bin/journalctl", "--vacuum-size=100M"), True),
    ("systemctl", ("systemctl", "stop", "--", "nginx.service"), False),
    ("systemctl", ("systemctl", "restart", "--", "nginx"), False),
    ("systemctl", ("systemctl", "restart", "--", "-H.service"), False),
    ("systemctl", ("systemctl", "restart", "--", "a.service\n"), False),
    ("systemctl", ("systemctl", "restart", "--", "a.service", "b.service"), False),
    ("systemctl", ("systemctl", "restart", "a.service"), False),
    ("systemctl", ("systemctl", "daemon-reloadx"), False),
    ("systemctl", ("sh", "-c", "systemctl daemon-reload"), False),
    ("files", ("rm", "--", "/var/tmp/x"), True),
    ("files", ("rm", "--", "/var/tmp/x/../../etc/passwd"), False),
    ("files", ("cat", "--", "/var/log/syslog"), True),
    ("files", ("cat", "--", "/var/log/../../etc/shadow"), False),
    ("other", ("systemctl", "daemon-reload"), False),
]


@pytest.mark.parametrize(("profile", "argv", "good"), WORDS)
def test_only_what_the_table_covers_is_allowed(
    profile: str, argv: Sequence[str], good: bool
) -> None:
    assert (why_refused(TABLE, profile, argv) == "") is good


def test_without_a_table_the_hosts_alone_decide() -> None:
    assert why_refused({}, "systemctl", ("rm", "-rf", "/")) == ""


@pytest.mark.parametrize(
    "row", [(), ("<word>", "x"), ("rm", "<nosuch>"), ("rm", "a b"), ("rm", "$(id)"), ("rm", "*")]
)
def test_a_row_that_could_mean_more_than_it_says_is_a_mistake(row: tuple[str, ...]) -> None:
    assert row_problem(row)


def test_the_export_has_one_rule_a_row() -> None:
    lines = sudoers(TABLE, "ops", ["systemctl"]).splitlines()

    assert lines[3:] == [
        r"ops ALL=(root) NOPASSWD: /usr/bin/systemctl "
        r"^restart -- [A-Za-z0-9:_.@\\][A-Za-z0-9:_.@\\-]*\.(service|socket|timer|target|mount)$",
        r"ops ALL=(root) NOPASSWD: /usr/bin/journalctl ^--vacuum-size=[0-9]{1,12}[KMGT]?$",
        r"ops ALL=(root) NOPASSWD: /usr/bin/systemctl ^daemon-reload$",
    ]


def test_visudo_reads_the_export(tmp_path: Path) -> None:
    visudo = shutil.which("visudo", path="/usr/sbin:/sbin:/usr/bin")
    if visudo is None:
        pytest.skip("needs visudo (Debian package sudo)")
    file = tmp_path / "opsconsole"
    file.write_text(sudoers(TABLE, "ops", sorted(TABLE)))
    file.chmod(0o440)

    done = subprocess.run([visudo, "-cf", str(file)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


AS_ROOT = """
api: 1
id: acme.as-root
title: Restart as root
scope: host
effect: write
idempotent: true
needs: [ssh, "sudo:systemctl"]
timeout: 30s
steps:
  - {id: restart, run: [systemctl, VERB, --, nginx.service], sudo: systemctl}
"""


def as_root(make_bench: MakeBench, verb: str) -> Bench:
    text = AS_ROOT.replace("VERB", verb)
    bench = make_bench("web1", registry=Registry([read_runbook(text, "x.yaml")]))
    give_ports(bench.service, sudo=lambda: TABLE)
    return bench


async def test_what_a_profile_covers_is_run_by_sudo(make_bench: MakeBench) -> None:
    bench = as_root(make_bench, "restart")

    run = await bench.run("acme.as-root", "web1")

    assert run.targets[0].state is TargetState.CHANGED
    assert bench.remote.commands[-1].argv[:3] == ("sudo", "-n", "--")


async def test_what_no_profile_covers_is_refused_before_anything_is_sent(
    make_bench: MakeBench,
) -> None:
    bench = as_root(make_bench, "mask")

    with pytest.raises(RefusedError, match="sudo profile systemctl does not allow"):
        await bench.plan("acme.as-root", "web1")

    assert bench.remote.dispatched == []
