"""What the loss of an object would touch, by the declared edges."""

from fleet_in_trouble import make_host
from msgspec.structs import replace

from opsconsole.model.snapshot import ServiceRecord, Snapshot
from opsconsole.model.states import Reach, ServiceState
from opsconsole.view.blast import Harm, blast, blast_words


def _service(name: str, hosts: tuple[str, ...] = (), *needs: str, team: str = "") -> ServiceRecord:
    labels = {"team": team} if team else {}
    return ServiceRecord(name, ServiceState.UP, hosts=hosts, depends_on=needs, labels=labels)


def _world(*services: ServiceRecord, **hosts: object) -> Snapshot:
    made = {
        name.replace("_", "-"): replace(make_host(name.replace("_", "-")), **more)
        for name, more in hosts.items()
    }
    return Snapshot(hosts=made, services={each.name: each for each in services})


def _harms(snapshot: Snapshot, on: str) -> dict[str, str]:
    return {hit.on: str(hit.harm) for hit in blast(snapshot, on).hits}


def test_a_service_with_carriers_left_is_weakened_and_one_without_is_down() -> None:
    world = _world(
        _service("shop", ("web-1", "web-2")), _service("lone", ("web-1",)), web_1={}, web_2={}
    )

    assert _harms(world, "host:web-1") == {"service:lone": "down", "service:shop": "weakened"}
    shop = next(hit for hit in blast(world, "host:web-1").hits if hit.on == "service:shop")
    assert (shop.left, shop.carriers) == (1, 2)


def test_a_carrier_that_is_not_seen_is_not_counted_as_left() -> None:
    world = _world(_service("shop", ("web-1", "web-2")), web_1={}, web_2={"reach": Reach.NO_ANSWER})

    assert _harms(world, "host:web-1") == {"service:shop": "down"}


def test_the_loss_spreads_until_nothing_more_goes() -> None:
    world = _world(
        _service("db", ("db-1",), team="storage"),
        _service("shop", ("web-1",), "service:db", team="shop"),
        _service("ads", ("web-1",), "service:shop"),
        db_1={"depends_on": ("host:switch-1",)},
        web_1={},
        switch_1={},
    )

    found = blast(world, "host:switch-1")

    assert [hit.on for hit in found.hits if hit.harm is Harm.DOWN] == [
        "service:ads", "service:db", "service:shop", "host:db-1",
    ]  # fmt: skip
    assert next(hit.through for hit in found.hits if hit.on == "service:ads") == "service:shop"
    assert found.teams == ("shop", "storage")


def test_what_is_reached_through_it_is_not_down_but_unseen() -> None:
    world = _world(jump={}, web_1={"jump": ("jump",)})

    assert _harms(world, "host:jump") == {"host:web-1": "blind"}


def test_edges_that_go_round_are_walked_once() -> None:
    world = _world(_service("a", (), "service:b"), _service("b", (), "service:a"))

    assert _harms(world, "service:a") == {"service:b": "down"}


def test_it_is_said_in_a_line() -> None:
    world = _world(
        _service("lone", ("web-1",)),
        _service("shop", ("web-1", "web-2")),
        web_1={},
        web_2={},
        web_7={"depends_on": ("host:web-1",)},
        web_8={"depends_on": ("host:web-1",)},
    )

    assert blast_words(blast(world, "host:web-1")) == (
        "down: lone, web-{7,8}; weakened: shop (1 of 2 left)"
    )
    assert blast_words(blast(world, "host:web-2")) == "weakened: shop (1 of 2 left)"
    assert blast_words(blast(world, "host:web-7")) == "nothing declared needs web-7"
