"""What a silence begins with when it is composed on fires, and what the mute menu offers for an object; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from opsconsole.alerting.silencing import suggested
from opsconsole.model.alert import Alert
from opsconsole.model.silence import Matcher, Silence
from opsconsole.model.snapshot import Snapshot
from opsconsole.query.matchers import write_matchers
from opsconsole.view import format as fmt
from opsconsole.view.naming import bare_name

OUR_OWN: Final = "rules"
"""The source of what our own rules say; no Alertmanager knows of it."""
_DIFFERENT: Final = 20
"""So many values of one label are still written as a pattern."""
_SPAN: Final = "2h"
_META: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")
"""What means something in a pattern of RE2; the rest is left as people read it."""


class Composing(Struct, frozen=True):
    """What stands in the composer's lines."""

    heading: str
    matchers: str = ""
    duration: str = _SPAN
    comment: str = ""
    source: str = ""
    """The alert source; empty: the only one."""
    id: str = ""
    """The silence that is edited; empty: a new one."""
    mistake: str = ""
    """What the engine did not take, in its words."""
    was: tuple[str, str] = ("", "")
    """Matchers and comment of the silence that is edited: with both as they were, it would be extended instead."""


class Offer(Struct, frozen=True):
    """One way to be quiet, and why it is refused here, if it is."""

    value: str
    """silence, extend, edit, expire, ack, unack, maintenance or end."""
    letter: str
    text: str
    refused: str = ""


def sources_of(alerts: Iterable[Alert]) -> tuple[str, ...]:
    """List the alert sources that know these fires; our own rules are none."""
    found = (source for alert in alerts for source in alert.source.split(","))
    return tuple(dict.fromkeys(source for source in found if source != OUR_OWN))


def why_not(alerts: Sequence[Alert]) -> str:
    """Say why fires cannot be silenced; empty when they can."""
    if not alerts:
        return "there is no fire under the cursor"
    own = [alert for alert in alerts if not sources_of((alert,))]
    if own:
        return (
            f"{own[0].name} is our own rule: no Alertmanager knows it; ack it, or open maintenance"
        )
    if len(sources_of(alerts)) > 1 and not _shared(alerts):
        return "these are of several Alertmanagers: silence them one source at a time"
    return ""


def _shared(alerts: Sequence[Alert]) -> tuple[str, ...]:
    sets = [sources_of((alert,)) for alert in alerts]
    return tuple(one for one in sets[0] if all(one in each for each in sets))


def composing(alerts: Sequence[Alert]) -> Composing:
    """Suggest a silence for fires that can be silenced: what tells them from others, and nothing more."""
    where = bare_name(alerts[0].on) if len(alerts) == 1 else f"{len(alerts)} fires"
    heading = f"Silence {alerts[0].name} on {where}" if len(alerts) == 1 else f"Silence {where}"
    shared = _shared(alerts)
    return Composing(
        heading, write_matchers(matchers_for(alerts)), source=shared[0] if shared else ""
    )


def matchers_for(alerts: Sequence[Alert]) -> tuple[Matcher, ...]:
    """Suggest matchers that meet every one of some fires; a label that differs becomes a pattern of its values."""
    each = [{m.name: m.value for m in suggested(alert)} for alert in alerts]
    found: list[Matcher] = []
    for name in each[0] if each else ():
        values = list(dict.fromkeys(labels.get(name, "") for labels in each))
        if len(values) == 1:
            found.append(Matcher(name, "=", values[0]))
        elif "" not in values and len(values) <= _DIFFERENT:
            found.append(
                Matcher(name, "=~", "|".join(_META.sub(r"\\\g<0>", value) for value in values))
            )
    return tuple(found)


def editing(silence: Silence, now: float) -> Composing:
    """Begin with a silence as it is; its time counts from now."""
    matchers = write_matchers(silence.matchers)
    left = max(60.0, silence.ends - max(now, silence.starts))
    return Composing(
        f"Edit silence {silence.id[:8]} of {silence.author}",
        matchers,
        f"{round(left / 60)}m",
        silence.comment,
        silence.source,
        silence.id,
        was=(matchers, silence.comment),
    )


def silences_of(snapshot: Snapshot, alerts: Iterable[Alert]) -> tuple[Silence, ...]:
    """List the silences that hide these fires, the one that ends last on top."""
    ids = {
        reason.removeprefix("silence:")
        for alert in alerts
        for reason in alert.suppressed_by
        if reason.startswith("silence:")
    }
    found = [known for each in ids if (known := snapshot.silences.get(each)) is not None]
    return tuple(sorted(found, key=lambda each: (-each.ends, each.id)))


def fire_offers(
    snapshot: Snapshot, alerts: Sequence[Alert], host: str, now: float
) -> tuple[Offer, ...]:
    """List what the mute menu has for fires.

    Args:
        snapshot: Where their silences are.
        alerts: The fires that are meant.
        host: The host that they are on; empty: none, or several.
        now: Epoch seconds.
    """
    known = silences_of(snapshot, alerts)
    none = "no silence hides it" if alerts else "there is no fire under the cursor"
    refused = "" if known else none
    words = f" {known[0].id[:8]}, {fmt.age(known[0].ends - now)} left" if known else ""
    unacked = "" if any(alert.ack for alert in alerts) else "nobody acked it"
    on_host = "" if host else "it is on no host that is known here: use :maintain and a filter"
    return (
        Offer("silence", "s", "silence: hides what these matchers mean, until", why_not(alerts)),
        Offer("extend", "e", f"extend the silence{words}", refused),
        Offer("edit", "d", f"edit the silence{words}", refused),
        Offer("expire", "x", f"expire the silence{words}", refused),
        Offer("ack", "a", "ack until: I have it, and it may call again then", "" if alerts else none),
        Offer("unack", "u", "take the ack back, and its silence", unacked),
        Offer("maintenance", "m", f"maintenance on {host or 'its host'}: all of it is quiet", on_host),
    )  # fmt: skip


def may_mirror(snapshot: Snapshot, alerts: Sequence[Alert]) -> bool:
    """Tell whether an Alertmanager can silence each of some fires while their ack holds."""
    managers = {feed.name for feed in snapshot.feeds.values() if feed.kind == "alertmanager"}
    return bool(alerts) and all(managers & set(sources_of((alert,))) for alert in alerts)


def silence_offers(silence: Silence, now: float) -> tuple[Offer, ...]:
    """List what can be done with one silence."""
    over = silence.state == "expired" or silence.ends <= now
    refused = "it has ended: edit makes a new one like it" if over else ""
    return (
        Offer("extend", "e", "extend: from its own end on", refused),
        Offer("edit", "d", "edit matchers, end or comment"),
        Offer("expire", "x", "expire: what it hides may call again now", refused),
    )


def window_offers(snapshot: Snapshot, id: str) -> tuple[Offer, ...]:
    """List what can be done with one maintenance window."""
    state = snapshot.windows.get(id)
    refused = "" if state is not None else "it has ended"
    if state is not None and not state.window.actor:
        refused = "it is in the configuration, and ends as that says"
    return (Offer("end", "x", "end it now: what it covers may call again", refused),)


def field_of(refusal: str) -> str:
    """Name the composer's line that a refusal of the engine speaks of."""
    for words, field in _FIELDS.items():
        if refusal.startswith(words):
            return field
    return "matchers"


_FIELDS: Final[Mapping[str, str]] = {"say why": "comment", "it must end": "duration"}
