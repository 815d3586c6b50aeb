"""The only clients of asyncssh and httpx; results that cannot be misread."""

import sys

# httpx's own command line would load rich, pygments and click into the engine; the library copes without it.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is how an import is refused
