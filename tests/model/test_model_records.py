"""The records' small truths: fingerprints, metric keys, staleness."""

import pytest

from opsconsole.model.alert import fingerprint
from opsconsole.model.metrics import METRICS, instances, metric_key, split_key
from opsconsole.model.snapshot import HostRecord, is_stale


def test_a_fingerprint_does_not_depend_on_the_order_of_labels() -> None:
    one = fingerprint({"alertname": "HighLoad", "instance": "db1:9100"})
    other = fingerprint({"instance": "db1:9100", "alertname": "HighLoad"})

    assert one == other
    assert len(one) == 16


def test_an_empty_label_set_has_the_offset_basis_as_fingerprint() -> None:
    assert fingerprint({}) == "cbf29ce484222325"


@pytest.mark.parametrize("mount", ["/", "/var/lib", "/odd{}=,name"])
def test_a_metric_key_is_taken_apart_again(mount: str) -> None:
    name, labels = split_key(metric_key("fs.available", mount=mount))

    assert (name, labels) == ("fs.available", {"mount": mount})


def test_instances_finds_each_label_set_and_no_namesake() -> None:
    metrics = {"fs.size{mount=/}": 1.0, "fs.size{mount=/data}": 2.0, "fs.sized": 3.0}

    assert [value for _, value in instances(metrics, "fs.size")] == [1.0, 2.0]


def test_every_metric_is_filed_under_its_name() -> None:
    assert all(name == row.name for name, row in METRICS.items())


@pytest.mark.parametrize(
    ("at", "failed", "now", "stale"),
    [
        (0.0, False, 5.0, True),
        (100.0, False, 119.0, False),
        (100.0, False, 121.0, True),
        (100.0, True, 101.0, True),
    ],
)
def test_a_value_is_stale_when_old_or_when_the_last_poll_failed(
    at: float, failed: bool, now: float, stale: bool
) -> None:
    record = HostRecord(name="web-1", at=at, failed=failed, every=10.0, timeout=8.0)

    assert is_stale(record, now) is stale


def test_the_fingerprint_is_the_one_alertmanager_computes() -> None:
    """The value was read from Alertmanager 0.25 for these labels."""
    labels = {
        "alertname": "HighLoad",
        "cluster": "eu",
        "instance": "db1:9100",
        "severity": "warning",
        "team": "db",
    }

    assert fingerprint(labels) == "541a2a2f0f732c12"
