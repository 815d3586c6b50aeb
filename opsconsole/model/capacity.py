"""What fills up, and what stands out: answers of the calls `capacity`, `course` and `odd`."""

from msgspec import Struct


class Resource(Struct, frozen=True):
    """One thing of one host that can fill: where it stands, where it goes."""

    host: str
    metric: str
    """The sample's key: `fs.used_ratio{mount=/}`."""
    name: str
    """What people call it: `disk /`, `inodes /srv`, `memory`, `conntrack`, `files`, `pids`."""
    level: float
    """Share used at the newest point, 0..1."""
    at: float
    """Epoch seconds of the newest point."""
    points: int = 0
    span: float = 0.0
    """Points, and seconds from the first to the last: what everything below rests on."""
    per_day: float | None = None
    """Change of the share a day, by least squares; None: not enough points to say."""
    earliest: float | None = None
    latest: float | None = None
    """Seconds until full, by the quartiles of the pair slopes. Both None: it does not fill, or nobody can say;
    only `latest` None: from `earliest` on, perhaps never."""
    daily: float | None = None
    """Seconds until full by the second estimate, over each day's low; None: it does not fill, or under 4 days."""
    agrees: bool = False
    """True: both estimates say that it fills, within a factor of two."""
    line: tuple[float, float] | None = None
    """The fitted share at the first and at the last point; None where no line may be believed."""
    steps: tuple[float | None, ...] = ()
    """Sixteen means over the span, oldest first; None where nothing was known."""

    @property
    def fills(self) -> bool:
        """Tell whether the trend ends at full."""
        return self.earliest is not None


class Capacity(Struct, frozen=True):
    """Everything that can fill, the first to be full on top."""

    at: float
    resources: tuple[Resource, ...] = ()
    hosts: int = 0
    """Hosts whose past was looked at."""
    note: str = ""
    """What is not in it, and why; empty: it is whole."""


class Course(Struct, frozen=True):
    """One resource with all its points, for a plot."""

    resource: Resource | None
    """None: nothing is known of it."""
    at: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()


class Odd(Struct, frozen=True):
    """One number of one host that is far from its peers' now."""

    host: str
    metric: str
    title: str
    value: float
    typical: float
    """The median of the peers."""
    sigma: float
    """Robust standard deviations away, without a sign; the spread of peers that are all alike has a floor."""
    role: str
    peers: int


class Odds(Struct, frozen=True):
    """What stands out, the oddest first."""

    at: float
    odds: tuple[Odd, ...] = ()
    compared: int = 0
    """Hosts that had enough peers, or past; 0: none had."""
    against: str = ""
    """What one host's own past is: `this hour of 4 weeks`, `the last 24 h`; empty: peers were compared."""
