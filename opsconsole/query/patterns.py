"""Globs and regular expressions that cannot run away: refused when read, short subjects when matched."""

import re
from functools import lru_cache
from typing import Final

SUBJECT_LIMIT: Final = 512
"""Characters of a text that a pattern looks at."""
_PATTERN_LIMIT: Final = 200
_REPEATS: Final = 3
_CHOICES: Final = 8
_REPEAT: Final = re.compile(r"[*+?]|\{\d*,?\d*\}")


class PatternError(ValueError):
    """A pattern we do not run; the message says why. Stays inside query."""


def glob_matches(text: str, pattern: str) -> bool:
    """Match a whole text against `*` and `?`, whatever the case."""
    return _glob(pattern[:_PATTERN_LIMIT]).fullmatch(text[:SUBJECT_LIMIT]) is not None


def regex_matches(text: str, source: str, *, anchored: bool, fold_case: bool = False) -> bool:
    """Match a regular expression that `check_regex` let through; a bad one matches nothing."""
    try:
        pattern = _regex(source, fold_case)
    except PatternError:
        return False
    subject = text[:SUBJECT_LIMIT]
    return (pattern.fullmatch(subject) if anchored else pattern.search(subject)) is not None


def check_regex(source: str) -> None:
    """Refuse what does not compile and what could take for ever.

    Raises:
        PatternError: With the reason.
    """
    _regex(source, False)  # noqa: FBT003 - lru_cache keys positional arguments more cheaply


@lru_cache(maxsize=256)
def _glob(pattern: str) -> re.Pattern[str]:
    # A run of stars is one star: `**********x` must not search exponentially.
    pattern = re.sub(r"\*+", "*", pattern)
    if pattern.count("*") > _CHOICES:
        pattern = pattern.replace("*", "", pattern.count("*") - _CHOICES)
    # Lazy up to the next literal and never back: each star's match is atomic.
    pieces = [re.escape(piece).replace(r"\?", ".") for piece in pattern.split("*")]
    body = pieces[0]
    for piece in pieces[1:-1]:
        body += f"(?>.*?{piece})"
    if len(pieces) > 1:
        body += f".*{pieces[-1]}"
    return re.compile(body, re.IGNORECASE | re.DOTALL)


@lru_cache(maxsize=256)
def _regex(source: str, fold_case: bool) -> re.Pattern[str]:  # noqa: FBT001 - see check_regex
    _refuse_runaways(source)
    try:
        return re.compile(source, re.IGNORECASE if fold_case else 0)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternError(f"not a regular expression: {error}") from error


def _refuse_runaways(source: str) -> None:
    """Let through only patterns whose worst case on a short subject is small.

    Backtracking is exponential only through repeats inside repeats, repeated alternations, long runs
    of optional parts, and back references; all of them are refused.
    """
    if len(source) > _PATTERN_LIMIT:
        raise PatternError(f"a pattern longer than {_PATTERN_LIMIT} characters")
    plain = re.sub(r"\\[^\d]", "_", source)
    if re.search(r"\\\d|\(\?P?[=!<]|\(\?\(", plain.replace("(?P<", "(?:<")):
        raise PatternError("back references and look-around are not offered")
    plain = re.sub(r"\[\^?\]?[^\]]*\]", "_", plain).replace("(?", "(_")
    if len(re.findall(r"[*+]|\{\d+,\d*\}", plain)) > _REPEATS:
        raise PatternError(f"more than {_REPEATS} repeats")
    if len(_REPEAT.findall(plain)) > _CHOICES:
        raise PatternError(f"more than {_CHOICES} optional or repeated parts")
    _refuse_nested(plain)


def _refuse_nested(plain: str) -> None:
    varies: list[bool] = [False]
    for at, char in enumerate(plain):
        if char == "(":
            varies.append(False)
        elif char == ")" and len(varies) > 1:
            inner = varies.pop()
            repeated = re.match(r"[*+]|\{", plain[at + 1 :]) is not None
            if inner and repeated:
                raise PatternError("a repeat inside a repeated group")
            varies[-1] = varies[-1] or inner or repeated
        elif char in "*+?{|":
            varies[-1] = True
