"""How large a rule may be, and what is said of one that is no rule."""

MAX_DEPTH = 10
MAX_CONDITIONS = 200
#: Conditions, groups and negations together: each is a column where all are counted, and a table has 1,600.
MAX_NODES = 1000
MAX_TEXT = 500
MAX_LIST = 1000
MAX_DAYS = 36_500
MAX_NUMBER = 1e15
#: Names of properties, and conditions on an event's properties and columns.
MAX_NARROWINGS = 10
#: The first or last n events or messages.
MAX_LATEST = 1000
MAX_TOP = 10_000_000


class RuleError(ValueError):
    """The rule cannot be used; `path` points at the place, `message` says what to do."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path or '.'}: {message}")
        self.path = path
        self.message = message


def at(path: str, key: str) -> str:
    """Return the path of a part."""
    return f"{path}.{key}" if path else key
