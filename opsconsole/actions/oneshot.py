"""`protocol: oneshot`: a script of five lines. Parameters as a JSON object on stdin; text or a JSON object back.

It runs on the jump host (the action `needs: [local]`). Exit 0: done, 1 and 2: failed, 3: nobody knows.
"""

from typing import Final

import msgspec

from opsconsole.actions.api import Outcome, Result
from opsconsole.actions.params import Values
from opsconsole.actions.program import Program
from opsconsole.actions.steps import Door, Request, Target
from opsconsole.errors import OutcomeUnknownError
from opsconsole.model.action import ActionSpec
from opsconsole.model.states import Effect
from opsconsole.model.text import clean

_CODES: Final = (0, 1, 2, 3)
_UNKNOWN: Final = 3


class OneshotImpl:
    """Runs the script once for a target; a plan only shows it, where it changes something."""

    def __init__(self, program: Program, spec: ActionSpec) -> None:
        self._program = program
        self._spec = spec

    async def run(self, door: Door, target: Target, values: Values) -> Outcome | None:
        """Run it."""
        self._program.check()
        result = await door.execute(self._request(door, target, values))
        if getattr(result, "is_planned", False):
            return None
        return self._read(result)

    def _request(self, door: Door, target: Target, values: Values) -> Request:
        mode = "plan" if door.planning else "run"
        told = {"OPSC_MODE": mode, "OPSC_TARGET": target.name, "OPSC_RUN": door.run_id}
        env = [f"{name}={value}" for name, value in {**self._program.env, **told}.items()]
        params = {name: parsed.value for name, parsed in values.items()}
        return Request(
            self._spec.id.partition(".")[2],
            self._spec.effect,
            ("env", "-i", *env, *self._program.argv),
            stdin=msgspec.json.encode(params, enc_hook=str),
            timeout=self._spec.timeout,
            ok=_CODES,
            show=True,
            on_console=True,
            shown=" ".join(self._program.argv),
        )

    def _read(self, result: Result) -> Outcome:
        state, summary = _said(result.text)
        if result.code == _UNKNOWN:
            raise OutcomeUnknownError(self._spec.id, summary or "the script does not know")
        if result.code != 0:
            return Outcome.failed(summary or f"exit {result.code}")
        writes = self._spec.effect is not Effect.READ
        return Outcome(state or ("changed" if writes else "unchanged"), summary)


class _Told(msgspec.Struct, frozen=True):
    """The JSON object that a script may print."""

    state: str = ""
    summary: str = ""


def _said(text: str) -> tuple[str, str]:
    """Read its state, where it says one, and its summary: the last line of a text."""
    try:
        told = msgspec.json.decode(text.encode(), type=_Told)
    except (msgspec.DecodeError, RecursionError):
        lines = text.strip().splitlines()
        return "", clean(lines[-1], 400) if lines else ""
    state = told.state if told.state in ("changed", "unchanged", "failed") else ""
    return state, clean(told.summary, 400)
