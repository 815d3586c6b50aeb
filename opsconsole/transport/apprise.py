"""Chat, mail and phones through the apprise library, which is an extra: `opsconsole[apprise]`."""

import asyncio

from opsconsole.errors import TransportError
from opsconsole.model.states import Reach


async def send(url: str, title: str, body: str) -> None:
    """Send one message; the library blocks, so it does in a thread.

    Raises:
        TransportError: It is not installed, the address is none, or the far side did not take it. The address,
            which holds secrets, is not in the message.
    """
    why = await asyncio.to_thread(_send, url, title, body)
    if why:
        raise TransportError("apprise", Reach.REFUSED, why)


def _send(url: str, title: str, body: str) -> str:
    try:
        from apprise import Apprise
    except ImportError:
        return "apprise is not installed: pip install 'opsconsole[apprise]'"
    sender = Apprise()
    if not sender.add(url):
        return "the address is none that apprise knows"
    return "" if sender.notify(title=title, body=body) else "the far side did not take it"
