"""The SSH library is loaded without a compiler; the HTTP library and others only once they are needed."""

import os
import subprocess
import sys
from pathlib import Path

COUNTED = """
import sys
started = []
sys.addaudithook(lambda event, args: started.append(args[0]) if event == "subprocess.Popen" else None)
import ctypes.util
usual = ctypes.util.find_library
from pathlib import Path
from opsconsole.transport.loading import load_ssh
load_ssh(Path(sys.argv[1]))
assert ctypes.util.find_library is usual
print(len(started), "asyncssh" in sys.modules)
"""


def counted(cache: Path, **env: str) -> tuple[int, bool]:
    """How many programs were started, and whether the library is there."""
    done = subprocess.run(
        [sys.executable, "-c", COUNTED, str(cache)],
        capture_output=True, text=True, timeout=50, check=True,
        env={**os.environ, **env} if env else {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"},
    )  # fmt: skip
    programs, loaded = done.stdout.split()
    return int(programs), loaded == "True"


def test_no_program_is_started_where_the_system_lists_its_libraries(tmp_path: Path) -> None:
    cache = tmp_path / "ld.so.cache"
    cache.write_bytes(b"glibc-ld.so.cache1.1\0libc.so.6\0/lib/libc.so.6\0")

    assert counted(cache) == (0, True)


def test_a_library_that_is_listed_is_searched_for(tmp_path: Path) -> None:
    cache = tmp_path / "ld.so.cache"
    cache.write_bytes(b"glibc-ld.so.cache1.1\0libnettle.so.8\0/lib/libnettle.so.8\0")

    programs, loaded = counted(cache)

    assert programs > 0
    assert loaded


def test_without_a_list_the_search_is_the_librarys_own(tmp_path: Path) -> None:
    programs, loaded = counted(tmp_path / "none")

    assert programs > 0
    assert loaded


def test_what_more_folders_may_hold_is_searched_for(tmp_path: Path) -> None:
    cache = tmp_path / "ld.so.cache"
    cache.write_bytes(b"glibc-ld.so.cache1.1\0")

    programs, loaded = counted(cache, LD_LIBRARY_PATH=str(tmp_path))

    assert programs > 0
    assert loaded


def test_an_engine_is_loaded_without_libraries_that_only_some_checks_need() -> None:
    code = (
        "import sys; import opsconsole.engine.daemon; import opsconsole.transport.ssh, opsconsole.transport.http; "
        "print(*sorted({'httpx', 'jsonpath', 'apprise'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True
    )

    assert done.stdout.strip() == ""
