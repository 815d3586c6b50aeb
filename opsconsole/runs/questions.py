"""What a run asks a person: one question at a time, on disk with its answer; silence never means yes."""

import asyncio
from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from opsconsole.actions.grammars import World
from opsconsole.actions.params import read_params
from opsconsole.clock import Clock
from opsconsole.errors import ActionError, RefusedError
from opsconsole.model.calls import AnswerRun
from opsconsole.model.run import Question
from opsconsole.model.text import clean
from opsconsole.runs.board import Board

ANSWER_WITHIN: Final = 1_800.0
"""Seconds a question waits unless it says otherwise."""
_Answer = Mapping[str, str] | None
"""None: no."""


class Questions:
    """One run's questions, in the order they were asked."""

    def __init__(self, board: Board, clock: Clock) -> None:
        self._board = board
        self._clock = clock
        self._turn = asyncio.Lock()
        self._asked = 0
        self._open: tuple[Question, asyncio.Future[_Answer]] | None = None

    async def ask(self, question: Question, within: float = ANSWER_WITHIN) -> Mapping[str, str]:
        """Ask and wait for the answer.

        Args:
            question: Its text and parameters; `until` shortens the wait.
            within: Seconds from when its turn has come.

        Raises:
            ActionError: Somebody said no, or nobody said anything in time.
        """
        async with self._turn:
            self._asked += 1
            now = self._clock.now()
            until = min(question.until or now + within, now + within)
            text = clean(question.text, 400)
            asked = replace(question, id=f"q{self._asked}", text=text, until=until)
            fields = {"id": asked.id, "target": asked.target, "text": asked.text}
            await self._board.record("ask", sync=True, **fields)
            self._board.say(f"asks: {asked.text}", asked.target, "ask")
            return await self._wait(asked, max(0.0, until - now))

    def answer(self, call: AnswerRun, world: World) -> Mapping[str, str]:
        """Read an answer by the parameters' grammars, and hand it over; the waiting side goes on at once.

        Raises:
            RefusedError: no such question, or a value that is none.
        """
        if self._open is None or self._open[0].id != call.question or self._open[1].done():
            raise RefusedError(
                "not-running", f"the run does not ask {clean(call.question, 20)} now"
            )
        question, waiting = self._open
        values = {} if call.refuse else read_params(question.params, call.values, world).texts
        waiting.set_result(None if call.refuse else values)
        return values

    async def _wait(self, asked: Question, seconds: float) -> Mapping[str, str]:
        waiting: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._open = (asked, waiting)
        self._board.ask(asked)
        try:
            async with asyncio.timeout(seconds):
                answer = await waiting
        except TimeoutError:
            await self._board.record("answer", sync=True, id=asked.id, actor="", refuse=True)
            raise ActionError("ask", f"nobody answered in {seconds:.0f} s: {asked.text}") from None
        finally:
            self._open = None
            self._board.ask(None)
        if answer is None:
            raise ActionError("ask", f"the answer is no: {asked.text}")
        return answer
