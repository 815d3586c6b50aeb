"""A fleet with two weeks behind it: a disk that fills, one that is rotated, hosts unlike their peers."""

import math

from ui_scene import NOW, FakeSource

from opsconsole.alerting.capacity import DAY, order_key, resource_of
from opsconsole.model.alert_calls import ReadCapacity, ReadCourse, ReadOdd
from opsconsole.model.capacity import Capacity, Course, Odd, Odds

HOUR = 3_600.0
DISK = "fs.used_ratio{mount=/data}"


def course(level) -> list[tuple[float, float]]:
    return [(NOW - k * HOUR, level(-k * HOUR / DAY)) for k in range(14 * 24, -1, -1)]


FILLING = course(lambda day: 0.91 + 0.021 * day + 0.012 * math.sin(6 * day))
RESOURCES = (
    resource_of("db-02", DISK, FILLING),
    resource_of("db-01", DISK, course(lambda day: 0.62 + 0.004 * day + 0.01 * math.sin(6 * day))),
    resource_of("web-07", "fs.used_ratio{mount=/var}", course(lambda day: 0.5 + 0.2 * (day % 1))),
    resource_of("cache-04", "mem.used_ratio", course(lambda _: 0.86)),
    resource_of("web-01", "fs.inodes_available_ratio{mount=/}", course(lambda _: 0.1)),
)
CAPACITY = Capacity(NOW, tuple(sorted(RESOURCES, key=order_key)), 5)
COURSE = Course(RESOURCES[0], *(tuple(column) for column in zip(*FILLING, strict=True)))
ODDS = Odds(
    NOW,
    (
        Odd("web-03", "clock.offset", "the host's clock minus ours, when certain", -0.41, 0.0, 49.0, "web", 6),
        Odd("web-07", "load.per_core", "load (5 minutes) per core", 4.78, 0.78, 24.0, "web", 6),
        Odd("web-07", "tcp.retransmits", "segments sent again", 70.0, 11.0, 9.2, "web", 6),
    ),
    7,
)  # fmt: skip


def source() -> FakeSource:
    return FakeSource(answers={ReadCapacity: CAPACITY, ReadCourse: COURSE, ReadOdd: ODDS})
