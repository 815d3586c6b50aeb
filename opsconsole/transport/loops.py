"""One round of a host's resident loop over SSH; a loop is started when none runs, and replaced when stuck."""

import asyncio
from collections.abc import Mapping
from typing import Final

from opsconsole.clock import Clock
from opsconsole.errors import TransportError
from opsconsole.model.states import Reach
from opsconsole.transport import bootstrap
from opsconsole.transport.base import Answer, Command, Ending
from opsconsole.transport.channel import Loop
from opsconsole.transport.execution import Execution
from opsconsole.transport.faults import first_line
from opsconsole.transport.link import Kept, Link
from opsconsole.transport.resident import end_mark, new_nonce, start_mark

_JUDGING: Final = 1.1
"""Seconds of the budget kept for finding out what is wrong; never more than half of it."""
_SHARE: Final = 0.97
"""Of the budget for getting a connection, so that its own reason is heard before our time is up."""
_LOOPS: Final = 2
_FAILURES: Final = 2


async def ask_round(
    link: Link,
    clock: Clock,
    script: str,
    env: Mapping[str, str],
    *,
    timeout: float,
    max_output: int,
) -> bytes:
    """Ask for one round within `timeout` seconds; see `SshTransport.ask`.

    Raises:
        TransportError: No answer, and why.
    """
    until = clock.monotonic() + timeout
    nonce = new_nonce()
    try:
        async with asyncio.timeout(timeout), link.round_lock(script):
            running = await _running(link, script, env, timeout * _SHARE, (nonce, max_output))
            if running is not None:
                left = max(0.0, until - clock.monotonic())
                share = max(left - _JUDGING, left / 2)
                answer = await _answer(link, *running, nonce, share, max_output)
                if answer is not None:
                    return answer
                _count_failure(running[0], script)
            left = max(0.5, until - clock.monotonic())
            return await _by_exec(link, clock, script, env, nonce, left, max_output)
    except TimeoutError as error:
        raise link.judge_timeout(timeout) from error
    except BrokenPipeError as error:
        raise TransportError(link.host.name, Reach.DROPPED_US, "the connection was lost") from error


async def _running(
    link: Link, script: str, env: Mapping[str, str], budget: float, first: tuple[str, int]
) -> tuple[Kept, Loop] | None:
    """Find the loop, or start it with its first round, a nonce and a cap; None where loops cannot stay.

    Returns:
        What it lives on, and the loop.
    """
    kept = await link.connect(budget)
    loop = kept.loops.get(script)
    if loop is not None and not loop.rounds.is_over:
        return kept, loop
    if not _may_stay(kept, script):
        return None
    nonce = new_nonce()
    line = bootstrap.loop_line(script, env, nonce)
    home = kept

    def make(on: Kept) -> Loop:
        nonlocal home
        home = on
        return Loop(on.forget, start_mark(nonce), line, *first)

    loop = await link.open(make, budget)
    if home.room == 1:  # learnt while we waited: the only session there is must be shared
        loop.finish()
        return None
    home.loops[script] = loop
    return home, loop


def _may_stay(kept: Kept, script: str) -> bool:
    kept.loops.pop(script, None)
    failed = kept.loops_failed.get(script, 0)
    return failed < _FAILURES and kept.room > 1 and len(kept.loops) < _LOOPS


def _count_failure(kept: Kept, script: str) -> None:
    kept.loops.pop(script, None)
    kept.loops_failed[script] = kept.loops_failed.get(script, 0) + 1


async def _answer(
    link: Link, kept: Kept, loop: Loop, nonce: str, budget: float, max_output: int
) -> bytes | None:
    """Ask in one packet, and wait for the answer; None: the loop ended instead of answering."""
    answer: asyncio.Future[bytes] | None = None
    try:
        async with asyncio.timeout(budget):
            answer = loop.ask(nonce, max_output)
            return await answer
    except (EOFError, BrokenPipeError):
        if kept.connection.is_closed():
            raise TransportError(
                link.host.name, Reach.DROPPED_US, "the connection was lost"
            ) from None
        return None
    except BufferError:
        kept.loops.clear()
        raise TransportError(
            link.host.name, Reach.FLOODED, f"its answer passed {max_output} bytes"
        ) from None
    except TimeoutError:
        if answer is not None and _is_there(answer):  # our own loop was late, not the host
            return answer.result()
        loop.rounds.stop()
        raise await link.judge_silence(kept, "it did not answer") from None


def _is_there(answer: asyncio.Future[bytes]) -> bool:
    return answer.done() and not answer.cancelled() and answer.exception() is None


async def _by_exec(
    link: Link,
    clock: Clock,
    script: str,
    env: Mapping[str, str],
    nonce: str,
    budget: float,
    max_output: int,
) -> bytes:
    """Run one round of the same script: its input is one line and then over."""
    command = Command(
        script=script,
        env=env,
        stdin=f"{nonce}\n".encode(),
        timeout=budget,
        max_output=max_output,
    )
    answer = await Execution(link, clock, command).run(None, None)
    end = answer.stdout.find(end_mark(nonce))
    if end >= 0:
        return answer.stdout[: end + len(end_mark(nonce))]
    raise TransportError(link.host.name, *_why(answer))


def _why(answer: Answer) -> tuple[Reach, str]:
    if answer.ending is Ending.EXITED:
        said = first_line(answer.stderr) or first_line(answer.stdout) or "nothing"
        return Reach.AUTH_REFUSED, f"its shell does not run the collector: {said}"
    reach = Reach.SLOW if answer.reach is Reach.UP else answer.reach
    return reach, answer.reason
