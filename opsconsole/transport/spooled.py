"""Run a command under the host's spool: a lost channel is taken up again, and the host says how it ended."""

from typing import Final

from msgspec.structs import replace

from opsconsole.clock import Clock
from opsconsole.model.inventory import Host
from opsconsole.transport import spool as spools
from opsconsole.transport.base import (
    OUTPUT_LIMIT,
    Answer,
    Command,
    Ending,
    OnDispatch,
    OnOutput,
    Remote,
    Spool,
)
from opsconsole.transport.plain_line import KEEPS_NOTHING, PLAIN
from opsconsole.transport.resident import new_nonce
from opsconsole.transport.spool import Known, Report, Words

_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each new try; the last one goes on."""
_REFUSED: Final = 125


class Heard:
    """What a step said so far, over all channels that were open to it."""

    def __init__(self, on_output: OnOutput | None) -> None:
        self._tell = on_output
        self._told = {"out": 0, "err": 0}
        self._heard = {"out": 0, "err": 0}
        self._chunks: dict[str, list[bytes]] = {"out": [], "err": []}
        self.words = Words("")

    def begin(self, token: str) -> None:
        """Listen to a channel; what it repeats is told once."""
        before = self.words.report
        self.words = Words(token)
        self.words.report = before
        self._heard = {"out": 0, "err": 0}
        self._chunks = {"out": [], "err": []}

    def hear(self, stream: str, chunk: bytes) -> None:
        """Take a chunk."""
        self._take(stream, chunk if stream == "out" else self.words.feed(chunk))

    def end(self) -> None:
        """Take what was held back."""
        self._take("err", self.words.end())

    def _take(self, stream: str, said: bytes) -> None:
        before = self._heard[stream]
        self._heard[stream] += len(said)
        self._chunks[stream].append(said)
        new = said[max(0, self._told[stream] - before) :]
        self._told[stream] = max(self._told[stream], self._heard[stream])
        if new and self._tell is not None:
            self._tell(stream, new)

    def text(self, stream: str) -> bytes:
        """Give all of a stream."""
        return b"".join(self._chunks[stream])


class SpooledCommand:
    """One command on its way through the spool."""

    def __init__(
        self, remote: Remote, host: Host, command: Command, clock: Clock, on_output: OnOutput | None
    ) -> None:
        assert command.spool is not None
        self._remote = remote
        self._host = host
        self._command = command
        self._spool = command.spool
        self._clock = clock
        self._heard = Heard(on_output)
        self._began = clock.monotonic()

    async def run(self, on_dispatch: OnDispatch | None) -> Answer:
        """Start it once and wait for its end, within its timeout; every failure is an Answer."""
        token = new_nonce()
        self._heard.begin(token)
        answer = await self._remote.run(
            self._host,
            spools.start_command(self._command, token),
            on_output=self._heard.hear,
            on_dispatch=on_dispatch,
        )
        self._heard.end()
        if answer.ending is Ending.UNREACHABLE:
            return answer
        report = self._heard.words.report
        if report is not None and report.known is Known.BARE:
            return self._bare(answer, report)
        if report is None or report.known in (Known.STARTED, Known.ALIVE):
            report = await self._take_up_again(report)
        return self._judge(answer, report)

    async def _take_up_again(self, report: Report | None) -> Report | None:
        """The channel was lost in the middle: ask the host until it knows, or the step's time is over."""
        for attempt in range(1_000):
            left = self._left()
            if left <= 0 and attempt:
                return report
            if attempt or report is None:
                pause = _PAUSES[min(attempt, len(_PAUSES) - 1)]
                await self._clock.sleep(max(0.1, min(pause, left)))
            found = await self._follow(max(spools.ASK_BUDGET, left))
            if found is not None and found.known is Known.NEVER and report is not None:
                return report  # it was seen to start: this cannot be the host that we asked
            report = found or report
            if found is not None and found.is_over:
                return found
        return report

    def _left(self) -> float:
        spent = self._clock.monotonic() - self._began
        return self._command.timeout + spools.MARGIN - spent

    async def _follow(self, budget: float) -> Report | None:
        token = new_nonce()
        before = self._heard.words.report
        self._heard.begin(token)
        again = spools.again_command(
            self._spool, token, follow=True, budget=budget, max_output=self._command.max_output
        )
        await self._remote.run(self._host, again, on_output=self._heard.hear)
        self._heard.end()
        found = self._heard.words.report
        return None if found is before or found is None or found.known is Known.LOST else found

    def _bare(self, answer: Answer, report: Report) -> Answer:
        """The host keeps nothing: judge the channel as it is."""
        late = answer.took >= self._command.timeout
        ending, reason = answer.ending, answer.reason
        if ending is Ending.EXITED and answer.status in (124, 137) and late:
            ending, reason = Ending.TIMED_OUT, f"ended after {self._command.timeout:g} s"
        note = f"no spool: {report.why}"
        return replace(self._with_output(answer), ending=ending, reason=reason, note=note)

    def _judge(self, answer: Answer, report: Report | None) -> Answer:
        """Make an answer of what the host said at the end."""
        answer = self._with_output(answer)
        if report is None:
            reason = answer.reason or "the host said nothing about it"
            return replace(answer, ending=Ending.LOST, status=None, reason=reason)
        answer = replace(answer, pid=report.pid, boot=report.boot)
        match report.known:
            case Known.RC:
                return self._ended(answer, report)
            case Known.NEVER:
                reason = f"{answer.reason or 'it did not begin'}; {report.evidence}"
                return replace(answer, ending=Ending.UNREACHABLE, status=None, reason=reason)
            case Known.REFUSED:
                said = f"opsconsole: {report.why}".encode()
                return replace(
                    answer, ending=Ending.EXITED, status=_REFUSED, stderr=said, reason=""
                )
            case _:
                reason = report.evidence or answer.reason
                return replace(
                    answer, ending=Ending.LOST, status=None, signal="", reason=reason,
                    evidence=report.evidence,
                )  # fmt: skip

    def _ended(self, answer: Answer, report: Report) -> Answer:
        evidence = "" if answer.ending is Ending.EXITED else report.evidence
        if spools.was_ended(report, self._command.timeout):
            reason = f"ended after {self._command.timeout:g} s"
            return replace(
                answer, ending=Ending.TIMED_OUT, status=None, reason=reason, evidence=evidence
            )
        return replace(
            answer, ending=Ending.EXITED, status=report.code, signal="", reason="",
            reach=Answer(Ending.EXITED).reach, evidence=evidence,
        )  # fmt: skip

    def _with_output(self, answer: Answer) -> Answer:
        cap = self._command.max_output
        out, err = self._heard.text("out"), self._heard.text("err")
        return replace(
            answer,
            stdout=out[:cap],
            stderr=err[:cap],
            truncated=answer.truncated or len(out) >= cap or len(err) >= cap,
            took=self._clock.monotonic() - self._began,
        )


async def ask_spool(
    remote: Remote, host: Host, spool: Spool, *, max_output: int = OUTPUT_LIMIT
) -> tuple[Report, bytes, bytes]:
    """Ask a host once what it knows of a step; also what the step said on stdout and stderr.

    A step that was never started is barred from starting late. A host that cannot be asked gives Known.LOST.
    """
    token = new_nonce()
    command = spools.again_command(
        spool, token, follow=False, budget=spools.ASK_BUDGET, max_output=max_output
    )
    return await _ask(remote, host, command, token)


async def kill_spooled(remote: Remote, host: Host, spool: Spool, *, sudo: bool) -> Report:
    """End a step there through a channel of its own, and look again: TERM, ten seconds, KILL."""
    token = new_nonce()
    command = spools.kill_command(spool, token, sudo=sudo)
    report, _out, _err = await _ask(remote, host, command, token)
    return report


async def _ask(
    remote: Remote, host: Host, command: Command, token: str
) -> tuple[Report, bytes, bytes]:
    words = Words(token)
    answer = await remote.run(host, command)
    err = words.feed(answer.stderr) + words.end()
    why = answer.reason or "it said nothing about the step"
    report = words.report or Report(Known.LOST, why=f"cannot be asked: {why}")
    return report, answer.stdout, err


async def probe_spool(remote: Remote, host: Host) -> str:
    """Say why a host can keep nothing about a step; empty when it can, or when that cannot be known now."""
    if host.transport == PLAIN:
        return KEEPS_NOTHING
    answer = await remote.run(host, spools.PROBE)
    said = answer.stdout.decode("utf-8", "replace").strip()
    known = answer.ending is Ending.EXITED and answer.status == 0 and said
    return "" if not known or said == "spool" else said
