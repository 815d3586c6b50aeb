"""Answers of commands, of several systems."""

import pytest

from opsconsole.errors import ParseError
from opsconsole.parsers.bonding import parse_bonds
from opsconsole.parsers.clock import parse_clock
from opsconsole.parsers.df import inode_metrics, parse_df, space_metrics
from opsconsole.parsers.edac import parse_edac
from opsconsole.parsers.links import parse_links
from opsconsole.parsers.mdstat import parse_mdstat
from opsconsole.parsers.mounts import Mount, parse_mounts
from opsconsole.parsers.ntp import parse_ntp
from opsconsole.parsers.os_release import parse_os_release, parse_reboot, parse_uname
from opsconsole.parsers.perfdata import parse_plugin_output
from opsconsole.parsers.pids import parse_pids
from opsconsole.parsers.proc_stat import parse_processes, parse_states, usages
from opsconsole.parsers.sections import split_sections
from opsconsole.parsers.systemd import parse_failed_units, parse_restarts
from opsconsole.parsers.temps import parse_temps
from opsconsole.parsers.who import parse_who


def test_file_systems_that_hold_data_are_told_with_their_worst(captured):
    found = parse_df(captured("df_linux"))

    metrics = space_metrics(found, parse_mounts(captured("mounts")))

    mounts = {key for key in metrics if key.startswith("fs.size")}
    assert mounts == {"fs.size{mount=/}", "fs.size{mount=/srv/my data}", "fs.size{mount=/overfull}"}
    assert metrics["fs.available{mount=/}"] == 80541424 * 1024
    assert metrics["fs.available_ratio{mount=/srv/my data}"] == 0.01
    assert metrics["fs.available{mount=/overfull}"] == 0
    assert metrics["fs.readonly{mount=/}"] == 0.0
    assert metrics["fs.worst_used_ratio"] == 1.0


def test_a_read_only_file_system_is_told_and_never_the_worst():
    found = parse_df(
        b"Filesystem 1K Used Avail Cap Mounted\n/dev/a 100 100 0 100% /archive\n/dev/b 100 10 90 10% /\n"
    )
    mounts = {"/archive": Mount("xfs", readonly=True), "/": Mount("ext4", readonly=False)}

    metrics = space_metrics(found, mounts)

    assert metrics["fs.readonly{mount=/archive}"] == 1.0
    assert metrics["fs.worst_used_ratio"] == pytest.approx(0.1)


@pytest.mark.parametrize("name", ["df_macos", "df_busybox"])
def test_without_a_table_of_mounts_the_device_decides(captured, name):
    metrics = space_metrics(parse_df(captured(name)), {})

    assert "fs.size{mount=/}" in metrics
    assert "fs.size{mount=/dev/shm}" not in metrics
    assert not any(key.startswith("fs.readonly") for key in metrics)


def test_a_file_system_without_a_fixed_number_of_inodes_has_no_share(captured):
    metrics = inode_metrics(parse_df(captured("inodes_linux")), {})

    assert list(metrics) == ["fs.inodes_available_ratio{mount=/}"]
    assert metrics["fs.inodes_available_ratio{mount=/}"] == pytest.approx(0.97, abs=0.01)


def test_blanks_in_mount_points_are_read(captured):
    mounts = parse_mounts(captured("mounts"))

    assert mounts["/srv/my data"] == Mount("btrfs", readonly=False)
    assert mounts["/archive"] == Mount("xfs", readonly=True)


def test_lost_raid_members_are_counted(captured):
    assert parse_mdstat(captured("mdstat_degraded")) == {
        "raid.failed{dev=md0}": 1.0,
        "raid.failed{dev=md1}": 0.0,
        "raid.missing{dev=md0}": 1.0,
        "raid.missing{dev=md1}": 0.0,
    }
    assert parse_mdstat(b"Personalities : \nunused devices: <none>\n") == {}


def test_a_unit_between_two_starts_has_not_failed():
    said = (
        b"app.service loaded activating auto-restart The app\n"
        b"db.service  loaded failed     failed       A database\n"
    )

    assert parse_failed_units(said) == ("db.service",)


def test_restarts_are_told_for_each_unit_and_not_by_an_old_systemd():
    new = b"Id=app.service\nNRestarts=7\n\nId=worker@1.service\nNRestarts=0\n"

    assert parse_restarts(new) == {
        "unit.restarts{unit=app.service}": 7.0,
        "unit.restarts{unit=worker@1.service}": 0.0,
    }
    assert parse_restarts(b"Id=app.service\n\nId=worker@1.service\n") == {}


def test_failed_units_are_named_with_and_without_a_bullet(captured):
    assert parse_failed_units(captured("units_failed")) == ("nginx.service", "backup@home.service")
    assert parse_failed_units(captured("units_failed_bullet")) == ("nginx.service", "data.mount")
    assert parse_failed_units(b"\n") == ()


def test_a_unit_name_cannot_pretend_to_be_two():
    assert parse_failed_units(b"a,b\x1b[2J.service loaded failed failed x") == (
        "a\ufffdb\u241b[2J.service",
    )


def test_a_link_tells_its_speed_and_how_often_it_went():
    lines = b"/sys/class/net/eth0/speed:1000\n/sys/class/net/eth0/carrier_changes:4\n"

    assert parse_links(lines + b"/sys/class/net/wlan0/speed:-1\n") == {
        "net.speed{dev=eth0}": 125e6,
        "net.carrier_changes{dev=eth0}": 4.0,
    }


def test_a_bond_tells_how_many_of_its_links_are_not_up():
    text = b"""/proc/net/bonding/bond0:MII Status: up
/proc/net/bonding/bond0:Slave Interface: eth0
/proc/net/bonding/bond0:MII Status: up
/proc/net/bonding/bond0:Slave Interface: eth1
/proc/net/bonding/bond0:MII Status: down
/proc/net/bonding/bond1:MII Status: down
/proc/net/bonding/bond1:Slave Interface: eth2
/proc/net/bonding/bond1:MII Status: up
"""
    assert parse_bonds(text) == {
        "net.bond_missing{dev=bond0}": 1.0,
        "net.bond_missing{dev=bond1}": 0.0,
    }


def test_process_ids_are_counted_against_the_smaller_limit():
    assert parse_pids(b"32768\n10000\n0.1 0.2 0.3 1/500 4242\n") == {"proc.used_ratio": 0.05}
    assert parse_pids(b"") == {}
    assert parse_pids(b"32768\n") == {}


def test_memory_errors_of_all_controllers_are_added():
    mc = b"/sys/devices/system/edac/mc/mc"

    assert parse_edac(mc + b"0/ce_count:2\n" + mc + b"1/ce_count:3\n" + mc + b"0/ue_count:1") == {
        "ecc.corrected": 5.0,
        "ecc.uncorrected": 1.0,
    }


def test_links_say_up_or_down_or_nothing(captured):
    metrics = parse_links(captured("operstate"))

    assert metrics["net.link_up{dev=eth0}"] == 1.0
    assert "net.link_up{dev=lo}" not in metrics


def test_the_hottest_plausible_sensor_counts():
    assert parse_temps(b"45000\n-128000\n61500\n255000\n") == {"temp.max": 61.5}
    assert parse_temps(b"") == {}


@pytest.mark.parametrize(
    ("text", "synced"),
    [
        (b"NTPSynchronized=yes\n", 1.0),
        (b"NTPSynchronized=no\n", 0.0),
        (b"00000000,,0,0.0,0,0,0,0,0,0,1,1,0.0,Not synchronised\n", 0.0),
        (b"associd=0 status=0615 leap_none, sync_ntp, stratum=2, precision=-23\n", 1.0),
        (b"associd=0 status=c016 leap_alarm, sync_unspec, stratum=16\n", 0.0),
    ],
)
def test_whichever_tool_answers_the_clock_state_is_read(text, synced):
    assert parse_ntp(text) == {"clock.synced": synced}


def test_chrony_tells_its_leap_status_last(captured):
    assert parse_ntp(captured("chrony_tracking")) == {"clock.synced": 1.0}
    assert parse_ntp(b"") == {}


def test_sessions_are_counted(captured):
    assert parse_who(captured("who")) == {"users": 2.0}
    assert parse_who(b"") == {"users": 0.0}


@pytest.mark.parametrize(
    ("text", "at", "grain"),
    [
        (b"1700000000.250000000\n", 1700000000.25, 0.0),
        (b"1700000000.N\n", 1700000000.5, 0.5),
        (b"1700000000\n", 1700000000.5, 0.5),
    ],
    ids=["GNU", "old BSD", "busybox"],
)
def test_a_clock_without_nanoseconds_is_only_good_to_a_second(text, at, grain):
    assert parse_clock(text) == (at, grain)


def test_the_system_is_named(captured):
    assert parse_os_release(captured("os_release")) == {"os": "Debian GNU/Linux 12 (bookworm)"}
    assert parse_os_release(captured("os_release_alpine")) == {"os": "Alpine Linux 3.19.1"}
    assert parse_uname(b"Darwin 23.1.0 arm64\n") == {
        "system": "Darwin",
        "kernel": "23.1.0",
        "arch": "arm64",
    }


def test_a_pending_reboot_says_who_wants_it():
    assert parse_reboot(b"asked\n") == (0.0, "")
    assert parse_reboot(b"asked\nrequired\nlinux-base\nlibc6\nlibc6\n") == (
        1.0,
        "libc6, linux-base",
    )


def test_zombies_are_counted():
    assert parse_states(b"S 50\nZ 3\nD 1\n") == {"proc.zombie": 3.0}
    assert parse_states(b"") == {}
    assert parse_states(b"skipped 4500\n") == {}


def test_processor_shares_come_from_two_looks():
    before = parse_processes(b"100.0 9\n7 S 100 10 1 init\n8 R 500 20 4 a (b) c\n")
    after = parse_processes(b"102.0 9\n7 S 100 10 1 init\n8 R 700 20 4 a (b) c\n9 S 5 1 1 new\n")

    rows = usages(before, after, 100, 4096)

    assert [(row.process.pid, row.cpu, row.memory) for row in rows] == [
        (8, 1.0, 81920),
        (7, 0.0, 40960),
        (9, 0.0, 4096),
    ]
    assert rows[0].process.name == "a (b) c"


def test_plugin_output_has_a_summary_and_values_in_base_units(captured):
    output = parse_plugin_output(captured("plugin_load"))

    assert output.summary == "LOAD OK - total load average: 0.10, 0.20, 0.30"
    assert output.detail == "second line\nthird line"
    assert output.values == {
        "load1": 0.1, "load5": 0.2, "a label": 0.012, r"C:\ %": pytest.approx(0.81), "free": 2e9, "temp": 31.0,
    }  # fmt: skip


def test_plugin_output_is_data():
    output = parse_plugin_output(b"OK \x1b]52;c;aGk=\x07 \xff|'\x1b[2J'=1")

    assert "\x1b" not in output.summary + "".join(output.values)


def test_sections_come_apart_at_marks_with_the_nonce():
    answer = (
        b"noise\n\x1eab12 one\n1\n\x1eother fake\n\x1eab12 two\n\x1eab12 one\nagain\n\x1eab12 end\n"
    )

    assert split_sections(answer) == {"one": b"1\n\x1eother fake\n", "two": b""}


@pytest.mark.parametrize(
    "answer", [b"", b"\x1eab12 one\n1\n", b"\x1e end", b"end", b"\x1eab12 end of it"]
)
def test_an_answer_that_was_cut_is_a_parse_error(answer):
    with pytest.raises(ParseError):
        split_sections(answer)


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (parse_df, b""),
        (parse_df, b"df: not found"),
        (parse_df, b"Filesystem\nwhat is this"),
        (parse_mounts, b"/dev/sda1 /"),
        (parse_mdstat, b"cat: no such file"),
        (parse_failed_units, b"Failed to connect to bus"),
        (parse_bonds, b"eth0 up"),
        (parse_pids, b"a\nb\nc\n"),
        (parse_edac, b"mc0/other:1"),
        (parse_links, b"eth0 up"),
        (parse_links, b"up"),
        (parse_temps, b"hot"),
        (parse_ntp, b"506 Cannot talk to daemon"),
        (parse_who, b"op1"),
        (parse_clock, b"now"),
        (parse_os_release, b"Debian"),
        (parse_uname, b"Linux"),
        (parse_reboot, b"maybe"),
        (parse_states, b"S"),
        (parse_processes, b"1.0 2.0\n7 S 1"),
    ],
)
def test_words_we_do_not_know_are_a_parse_error(parse, text):
    with pytest.raises(ParseError):
        parse(text)
