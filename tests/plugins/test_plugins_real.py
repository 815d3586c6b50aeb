"""The kit's other depth: the same run over real SSH servers on loopback."""

from pathlib import Path

from click.testing import CliRunner

from opsconsole.cli.plugin_new import new
from opsconsole.testing import Fleet
from opsconsole.testing.kit import Fleet as Kit


async def test_a_restart_over_real_ssh_plans_runs_and_settles_by_the_spool(tmp_path: Path) -> None:
    async with Kit.real(tmp_path, hosts=4) as fleet:
        host = next(name for name in fleet.hosts if name.startswith("web"))
        looked = await fleet.run("core.unit-status", targets=host, unit="nginx.service")
        plan = await fleet.plan("core.unit-restart", targets=host, unit="nginx.service")
        fleet.assert_no_writes()
        run = await fleet.run("core.unit-restart", targets=host, unit="nginx.service")

        assert looked[host].state == "UNCHANGED"
        assert plan[host].writes
        assert run[host].state == "CHANGED"
        assert run.touched == {host}
        assert run.unsettled == set()


def test_both_depths_are_one_fleet() -> None:
    assert Fleet is Kit


async def test_a_new_plugins_actions_and_check_work_on_the_fleet_of_the_demo(
    tmp_path: Path,
) -> None:
    CliRunner().invoke(new, ["acme", "-o", str(tmp_path / "acme")], standalone_mode=False)

    async with Kit.real(tmp_path, [tmp_path / "acme" / "opsconsole_acme"], hosts=4) as fleet:
        host = next(name for name in fleet.hosts if name.startswith("web"))
        ends = {
            name: await fleet.run(f"acme.{name}", targets=host, **params)
            for name, params in {
                "load": {},
                "load-check": {"limit": "100000"},
                "status": {"unit": "nginx.service"},
                "restart": {"unit": "nginx.service", "settle": "1s"},
            }.items()
        }

    assert {name: run[host].state for name, run in ends.items()} == {
        "load": "UNCHANGED", "load-check": "UNCHANGED", "status": "UNCHANGED", "restart": "CHANGED",
    }  # fmt: skip
