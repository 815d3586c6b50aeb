"""A click group whose verbs are imported when they are called, and whose errors have our exit codes."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

import click

from opsconsole.cli.exits import Exit, Status, code_of, complain
from opsconsole.errors import OpsConsoleError


class HintingGroup(click.Group):
    """Says which verb was perhaps meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb that was named."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx), 1)
            if not near:
                raise
            message = f"{error.message.rstrip('.')}, did you mean {near[0]}?"
            raise click.UsageError(message, error.ctx) from None


class LazyGroup(HintingGroup):
    """Knows its verbs by `module:attribute`; each module is imported on first use."""

    def __init__(  # click's own arguments pass through
        self,
        *args: Any,  # noqa: ANN401
        verbs: Mapping[str, str] | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **kwargs)
        self._verbs = dict(verbs or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name every verb, sorted."""
        return sorted({*self._verbs, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb."""
        place = self._verbs.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


class RootGroup(LazyGroup):
    """The root: a verb's returned number is the exit code, and every error of ours is one sentence."""

    def main(  # type: ignore[override]  # click's overloads speak of standalone_mode, which we settle here
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        **extra: Any,  # noqa: ANN401
    ) -> NoReturn:
        """Run and exit."""
        extra["standalone_mode"] = False
        sys.exit(self._run(args, prog_name, extra))

    def _run(self, args: Sequence[str] | None, prog_name: str | None, extra: dict[str, Any]) -> int:
        try:
            result = super().main(args, prog_name, **extra)
        except click.ClickException as error:
            error.show()
            return _usage_code(error)
        except click.Abort:
            return 130
        except OpsConsoleError as error:
            complain(error)
            return code_of(error)
        except BrokenPipeError:
            sys.stderr.close()
            return Exit.FAILED
        return result if isinstance(result, int) else Exit.DONE


def _usage_code(error: click.ClickException) -> int:
    ctx = getattr(error, "ctx", None)
    if isinstance(ctx, click.Context) and ctx.info_name == "status":
        return Status.UNKNOWN
    return Exit.USAGE
