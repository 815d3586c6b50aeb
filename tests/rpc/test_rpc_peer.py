"""Who a peer is, by what the kernel shows of its process."""

from pathlib import Path

import pytest

from opsconsole.errors import RpcError
from opsconsole.model.policy import Person
from opsconsole.rpc.peer import Credentials, person_of

PEER = Credentials(77, 4_000_000_001)


def logins(proc: Path, **said: str) -> Path:
    for pid, login in said.items():
        (proc / pid.removeprefix("pid")).mkdir()
        (proc / pid.removeprefix("pid") / "loginuid").write_text(login)
    return proc


SAID = {
    "a login": ("4000000002", Person("uid:4000000002", 4_000_000_001, 4_000_000_002)),
    "none": ("4294967295", Person("uid:4000000001", 4_000_000_001)),
}


@pytest.mark.parametrize(("login", "person"), SAID.values(), ids=SAID.keys())
def test_the_login_of_a_process_names_the_person(
    login: str, person: Person, tmp_path: Path
) -> None:
    assert person_of(PEER, logins(tmp_path, pid77=login, self="0")) == person


def test_a_process_that_has_gone_has_not_shed_its_login(tmp_path: Path) -> None:
    with pytest.raises(RpcError, match="process 77 is gone or hidden"):
        person_of(PEER, logins(tmp_path, self="4294967295"))


def test_where_the_kernel_keeps_no_logins_the_account_is_the_person(tmp_path: Path) -> None:
    assert person_of(PEER, tmp_path) == Person("uid:4000000001", 4_000_000_001)
