"""Progress for a person at a terminal: not a word too many, and never long silent."""

import time
from collections.abc import Callable

#: A changed line waits this long behind the one before, an unchanged one is repeated after so long.
_SHORTEST = 1.0
_LONGEST = 5.0


class Ticker:
    """Tell lines to `say`, indented and with the seconds since the start; call it as often as you like."""

    def __init__(self, say: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._say, self._monotonic = say, monotonic
        self._started, self._last, self._told = monotonic(), 0.0, ""

    def __call__(self, line: str) -> None:
        """Tell the line if it is news, or if nothing has been told for a while."""
        now = self._monotonic()
        patience = _SHORTEST if line != self._told else _LONGEST
        if self._told and now - self._last < patience:
            return
        self._say(f"  {now - self._started:3.0f} s  {line}")
        self._last, self._told = now, line
