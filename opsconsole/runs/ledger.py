"""What is written down of one try on a target: each step before it leaves, how it ended, and what it said."""

from collections.abc import Mapping

from opsconsole.actions.steps import Request
from opsconsole.model.text import clean
from opsconsole.runs.commands import output_name
from opsconsole.runs.journal import Field, Journal
from opsconsole.runs.kept_output import said_in_line
from opsconsole.runs.redaction import Redactor
from opsconsole.runs.sending import shown_words
from opsconsole.runs.verdict import Trace
from opsconsole.transport.base import Answer, Command, Ending
from opsconsole.transport.spool import Report


class Ledger:
    """Writes one try's lines into its run's journal; everything here raises JournalError."""

    def __init__(
        self,
        target: str,
        journal: Journal,
        redactor: Redactor,
        *,
        kind: str = "step",
        number: int = 1,
    ) -> None:
        """Set up.

        Args:
            target: Its name in the run.
            journal: The run's; its folder's name is the run's.
            redactor: Masks the run's secrets in what is written.
            kind: What its records are called: `step`, or `undo` on the way back.
            number: Which try on the target it is; each keeps its output under names of its own.
        """
        self.redactor = redactor
        self._target = target
        self._journal = journal
        self._kind = kind
        self._number = number
        self._kept: set[str] = set()

    @property
    def run(self) -> str:
        """The run's id."""
        return self._journal.folder.name

    async def dispatch(
        self, trace: Trace, request: Request, command: Command, more: Mapping[str, Field]
    ) -> None:
        """Write a step down before its first byte leaves; a write is on disk when this returns."""
        await self._journal.append(
            f"{self._kind}.dispatch",
            sync=trace.writes,
            target=self._target,
            step=trace.step,
            effect=str(request.effect),
            argv=self.redactor.words(shown_words(request, command)),
            **more,
        )

    async def settle(self, trace: Trace, answer: Answer) -> None:
        """Write down how a step ended, and keep what it said."""
        said = self._said(trace, answer)
        await self._journal.append(
            f"{self._kind}.settle",
            sync=trace.writes,
            target=self._target,
            step=trace.step,
            ending=str(trace.ending),
            code=answer.status,
            signal=answer.signal,
            took=answer.took,
            reason=clean(answer.reason, 400),
            **_learned(trace, answer),
            **said,
        )
        if not said and self._is_kept(trace):
            for suffix, content in (("out", answer.stdout), ("err", answer.stderr)):
                if content:
                    await self.keep(f"{trace.step}.{suffix}", content, sync=trace.writes)
        self._kept.add(trace.step)

    async def kill(self, trace: Trace, report: Report) -> None:
        """Write down how a write was ended from outside."""
        await self._journal.append(
            f"{self._kind}.settle",
            sync=True,
            target=self._target,
            step=trace.step,
            spool=trace.spool,
            ending=str(trace.ending or Ending.LOST),
            code=trace.code,
            known=str(report.known),
            signals=report.signals,
            evidence=trace.evidence,
        )

    async def keep(self, name: str, content: bytes, *, sync: bool = True) -> None:
        """Keep a file of this target with the run; `sync`: it outlives the power."""
        name = name if self._kind == "step" else f"{self._kind}.{name}"
        name = output_name(self._target, name, self._number)
        await self._journal.keep(f"out/{name}", content, sync=sync)

    def _said(self, trace: Trace, answer: Answer) -> dict[str, Field]:
        """What a read said, where it is short: it stands in the journal's line, a file of its own costs more."""
        if trace.writes or not self._is_kept(trace):
            return {}
        return said_in_line(self._journal, answer)

    def _is_kept(self, trace: Trace) -> bool:
        """Of a step that is asked again and again the first answer is kept."""
        return self._kind == "step" and trace.step not in self._kept


def _learned(trace: Trace, answer: Answer) -> dict[str, Field]:
    """What the host said about it beside its end."""
    told: dict[str, Field] = {"evidence": trace.evidence} if trace.evidence else {}
    return told | ({"pid": answer.pid, "boot": clean(answer.boot, 60)} if answer.pid else {})
